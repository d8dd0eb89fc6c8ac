// What does the demo do? A wallet of three shares pays on a real EVM; node, device and recovery are processes of their own.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { fromBase64url } from '@tercet/wire/base64url'
import { verifyMessage, verifyTypedData } from 'viem'
import type { Evm } from '../support/evm.js'
import type { Evidence } from '../support/key-secrets.js'
import { filesBelow, type Place } from '../support/leak-search.js'
import { initNode, startNode } from '../support/node-process.js'
import { run, stopAll } from '../support/processes.js'
import { startProxy } from '../support/recording-proxy.js'
import { built } from '../support/root.js'
import { startEvm } from '../support/start-evm.js'
import { startDevice } from './device-process.js'
import type { Output } from './output.js'
import { FUNDS, PAYEE, pay, type Signer } from './payment.js'
import { agreement, agreementForViem } from './typed-data.js'

/** What is left when all processes have ended: for the search. */
export interface Remains {
  readonly evidence: Evidence
  /** Every file, everything printed, everything that crossed the wire. */
  readonly places: readonly Place[]
  readonly requests: number
}

export interface StoryOptions {
  /** An empty folder; whoever made it removes it. */
  readonly folder: string
  readonly nodeArguments?: readonly string[]
  /** Something to send through the recorded wire, for the positive control. */
  readonly planted?: Uint8Array
}

const PASSPHRASES = { device: 'demo: device passphrase', recovery: 'demo: recovery passphrase' } as const

/** The whole story. Every process it started has ended when it returns or throws. */
export async function tellStory(output: Output, options: StoryOptions): Promise<Remains> {
  const closing: (() => Promise<void>)[] = [stopAll]
  try {
    const evm = await output.step('start a local EVM', () => startEvm())
    closing.unshift(() => evm.close())
    output.detail(evm.name)
    return await tell(output, options, evm, (close) => closing.unshift(close))
  } finally {
    for (const close of closing) await close()
  }
}

async function tell(
  output: Output,
  options: StoryOptions,
  evm: Evm,
  atEnd: (close: () => Promise<void>) => void,
): Promise<Remains> {
  const nodeFolder = join(options.folder, 'node')
  const deviceFolder = join(options.folder, 'device')
  const recoveryFolder = join(options.folder, 'recovery')
  await Promise.all([mkdir(deviceFolder), mkdir(recoveryFolder)])
  const printed: Place[] = []
  const snapshots: Place[] = []
  const snapshot = async (name: string) => {
    const copy = join(options.folder, `node, ${name}`)
    await cp(nodeFolder, copy, { recursive: true })
    snapshots.push(...(await filesBelow(copy, `node files, ${name}`)))
  }

  output.heading('Three parties, three processes')
  const node = await output.step('start the cosigner node with its database', async () => {
    printed.push(...(await initNode(nodeFolder)).output())
    return startNode({ dataDir: nodeFolder, options: options.nodeArguments ?? [] })
  })
  const proxy = await startProxy(node.port)
  atEnd(() => proxy.close())
  output.detail(`pid ${node.pid}, port ${node.port}; a recording proxy on port ${proxy.port} stands in front`)

  const recovery = async (name: string, args: readonly string[], secret?: string) => {
    const program = built('packages/recovery/dist/main.js')
    const ended = await run(`recovery ${name}`, process.execPath, [program, '--json', ...args], secret)
    printed.push(...ended.output())
    return JSON.parse(ended.stdout()) as Record<string, unknown>
  }
  const keyFile = join(recoveryFolder, 'recovery.key')
  await output.step('make the recovery key in a process of its own', (progress) => {
    progress('stretching the passphrase')
    return recovery('new-key', ['new-key', '--out', keyFile, '--passphrase-fd', '3'], PASSPHRASES.recovery)
  })
  const device = startDevice()
  const deviceFile = join(deviceFolder, 'device.tercet')
  const { identity } = await output.step('start the device with its encrypted file', () =>
    device.call('open', { path: deviceFile, passphrase: PASSPHRASES.device }),
  )
  output.detail(`pid ${device.pid}, identity ${identity}`)
  const registration = await output.step('prove the recovery key to this device', () => {
    const args = ['register', '--key', keyFile, '--device', identity, '--passphrase-fd', '3']
    return recovery('register', args, PASSPHRASES.recovery)
  })

  output.heading('One key, in three shares')
  const created = await output.step('create the wallet over HTTP', (progress) =>
    device.call(
      'create',
      {
        node: `http://127.0.0.1:${proxy.port}`,
        expectedIdentity: node.identity,
        publicKey: String(registration['publicKey']),
        proof: String(registration['proof']),
      },
      progress,
    ),
  )
  output.detail(`wallet ${created.walletId}`)
  output.detail(`${proxy.requests()} HTTP requests so far`)
  await snapshot('after keygen')
  const kit = fromBase64url((await device.call('kit', {})).kit, 'kit')
  const kitFile = join(recoveryFolder, 'kit.json')
  await writeFile(kitFile, kit)
  const verified = await output.step('verify the recovery kit, away from the device', () =>
    recovery('verify', [
      ...['verify', kitFile, '--address', created.address, '--key', keyFile],
      ...['--device', identity, '--node', node.identity],
    ]),
  )
  output.claim(
    `the recovery kit (${kit.length} bytes) is ${verified['verdict']}`,
    verified['verdict'] === 'valid for this wallet',
  )
  const drilled = await output.step('rehearse recovery', () =>
    recovery('drill', ['drill', kitFile, '--key', keyFile, '--passphrase-fd', '3'], PASSPHRASES.recovery),
  )
  output.claim('the recovery key opens the third share', drilled['drill'] === 'passed')
  output.detail(`the address is ${created.address}`)

  output.heading('A payment, signed by two of the three')
  await evm.setBalance(created.address, FUNDS)
  await output.step('prepare presignatures in the background', () => device.call('ready', {}))
  const signer: Signer = { by: 'device and node', sign: (unsigned) => device.call('pay', { unsigned }) }
  const paid = await pay(output, evm, created.address, signer)
  for (const line of paid.summary) output.detail(line)
  output.claim(`signed from a presignature, in one round trip`, paid.mode === 'pool')

  output.heading('Messages, and a restart')
  const text = 'Two of three shares signed this.'
  const message = await output.step('sign a message', () => device.call('message', { text }))
  output.claim(
    'viem verifies the message',
    await verifyMessage({ address: created.address, message: text, signature: message.serialized }),
  )
  const typed = await output.step('sign typed data', () =>
    device.call('typedData', { typedData: agreement(created.address, PAYEE) }),
  )
  output.claim(
    'viem verifies the typed data',
    await verifyTypedData({
      ...agreementForViem(created.address, PAYEE),
      address: created.address,
      signature: typed.serialized,
    }),
  )
  if (options.planted !== undefined) await plant(proxy.port, options.planted)
  await snapshot('before the restart')
  const again = await output.step('restart the node', async () => {
    const ended = await node.stop()
    output.claim('the node ended by itself on SIGTERM', ended === 0)
    const restarted = await startNode({ dataDir: nodeFolder, options: options.nodeArguments ?? [] })
    proxy.retarget(restarted.port)
    return restarted
  })
  output.detail(
    `pid ${again.pid}, port ${again.port}, the same identity: ${again.identity === node.identity}`,
  )
  await pay(output, evm, created.address, signer)

  await output.step('end all processes', async () => {
    await device.call('close', {})
    await device.stop()
    await again.stop()
    await proxy.close()
  })
  const folders = [
    ['node files', nodeFolder],
    ['device files', deviceFolder],
    ['recovery files', recoveryFolder],
  ] as const
  const files = await Promise.all(folders.map(([name, folder]) => filesBelow(folder, name)))
  return {
    evidence: {
      deviceFile,
      devicePassphrase: PASSPHRASES.device,
      nodeFolder,
      recoveryKeyFile: keyFile,
      recoveryPassphrase: PASSPHRASES.recovery,
      kit,
      draws: created.draws.map((draw) => new Uint8Array(Buffer.from(draw, 'hex'))),
    },
    places: [
      ...files.flat(),
      ...snapshots,
      ...printed,
      ...node.program.output(),
      ...again.program.output(),
      ...device.output(),
      ...proxy.recorded(),
    ],
    requests: proxy.requests(),
  }
}

/** A leak on the wire, made on purpose: the positive control of the search. */
async function plant(port: number, planted: Uint8Array): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/planted`, {
    method: 'POST',
    body: new Uint8Array(planted),
  })
  await answer.arrayBuffer()
}

// What does `npm run demo -- recovery` play? Phone, operator and node are lost, and the address stays.
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject } from '@tercet/wire/canonical-json'
import type { Evm, Hex } from '../support/evm.js'
import { initNode, type NodeProcess, startNode } from '../support/node-process.js'
import { stopAll } from '../support/processes.js'
import { lineOf } from '../support/recovery-lines.js'
import { startEvm } from '../support/start-evm.js'
import { type DeviceProcess, startDevice } from './device-process.js'
import type { Output } from './output.js'
import { FUNDS, pay, type Signer } from './payment.js'
import { type RecoveryParty, recoveryParty } from './recovery-party.js'

const PASSPHRASES = { device: 'demo: device passphrase', recovery: 'demo: recovery passphrase' } as const

/** What the chapters share. */
interface Stage {
  readonly output: Output
  readonly evm: Evm
  readonly recovery: RecoveryParty
  readonly keyFile: string
  readonly root: string
  folder(name: string): Promise<string>
}

/** What the user has while the new operator serves. */
interface Kept {
  readonly node: NodeProcess
  readonly kitFile: string
}

/** A wallet, with the device that holds it. */
interface Held {
  readonly device: DeviceProcess
  readonly deviceFolder: string
  readonly walletId: string
  readonly address: Hex
}

/** The whole story. Every process it started has ended when it returns or throws. */
export async function tellRecovery(output: Output, folder: string): Promise<void> {
  const evm = await output.step('start a local EVM', () => startEvm())
  try {
    const stage: Stage = {
      output,
      evm,
      recovery: recoveryParty(PASSPHRASES.recovery),
      keyFile: join(folder, 'recovery.key'),
      root: folder,
      async folder(name) {
        const made = join(folder, name)
        await mkdir(made)
        return made
      },
    }
    const node = await output.step('start the cosigner node', () => newNode(folder, 'node'))
    const held = await create(stage, node)
    const kit = await keepAndRehearse(stage, held, node)
    const phone = await losePhone(stage, held, kit)
    const kept = await loseOperator(stage, phone, node)
    await loseNode(stage, phone, kept)
  } finally {
    await stopAll()
    await evm.close()
  }
}

async function newNode(folder: string, name: string): Promise<NodeProcess> {
  const dataDir = join(folder, name)
  await initNode(dataDir)
  return startNode({ dataDir })
}

async function create(stage: Stage, node: NodeProcess): Promise<Held> {
  const { output, recovery, keyFile, evm } = stage
  await output.step('make the recovery key, away from the device', () =>
    recovery.command('new-key', '--out', keyFile, '--passphrase-fd', '3'),
  )
  const deviceFolder = await stage.folder('phone')
  const device = startDevice()
  const { identity } = await device.call('open', {
    path: join(deviceFolder, 'device.tercet'),
    passphrase: PASSPHRASES.device,
  })
  const registration = await recovery.command(
    ...['register', '--key', keyFile, '--device', identity, '--passphrase-fd', '3'],
  )
  const { walletId, address } = await output.step('create a wallet with phone and node', (progress) =>
    device.call(
      'create',
      {
        node: node.url,
        expectedIdentity: node.identity,
        publicKey: String(registration['publicKey']),
        proof: String(registration['proof']),
        // A person would keep the 24 hours. A demonstration does not wait.
        recoveryDelaySeconds: 0,
      },
      progress,
    ),
  )
  await evm.setBalance(address, FUNDS)
  output.detail(`address ${address}`)
  output.detail('its recovery delay is 0 s, for this demonstration; 24 hours where nothing is said')
  return { device, deviceFolder, walletId, address }
}

/** The kit is checked against what is known from elsewhere, and opened once to be sure. */
async function keepAndRehearse(stage: Stage, held: Held, node: NodeProcess): Promise<string> {
  const { output, recovery, keyFile } = stage
  output.heading('The kit, before anything is lost')
  const refreshed = await output.step('refresh: new shares of the same key', (progress) =>
    held.device.call('refresh', {}, progress),
  )
  output.claim('the address is the same', refreshed.address === held.address)
  const kitFile = await exportKit(stage, held, 'paper')
  const verified = await output.step('verify the kit, away from the device', () =>
    recovery.command(
      ...['verify', kitFile, '--address', held.address, '--key', keyFile, '--node', node.identity],
      ...['--epoch', '1'],
    ),
  )
  output.claim(`the kit is ${verified['verdict']}`, verified['verdict'] === 'valid for this wallet')
  const drilled = await output.step('rehearse: open the recovery share, and nothing more', () =>
    recovery.command('drill', kitFile, '--key', keyFile, '--passphrase-fd', '3', '--epoch', '1'),
  )
  output.claim('the recovery key opens the recovery share', drilled['drill'] === 'passed')
  const kept = await output.step('give the receipt to the phone', () =>
    held.device.call('keepDrill', { receipt: canonicalReceipt(drilled['receipt']) }),
  )
  output.detail(`the phone keeps it: last drill ${new Date(kept.time * 1000).toISOString()}`)
  return kitFile
}

/** The kit as the phone has it now, where the user keeps it. */
async function exportKit(stage: Stage, { device }: Held, place: string): Promise<string> {
  const kitFile = join(await stage.folder(place), 'kit.json')
  await writeFile(kitFile, fromBase64url((await device.call('kit', {})).kit, 'kit'))
  return kitFile
}

/** The report is parsed JSON; what the device takes is the canonical text of the receipt in it. */
function canonicalReceipt(receipt: unknown): string {
  return new TextDecoder().decode(canonicalize(receipt as JsonObject))
}

/** A thief has the phone and its file; the user has kit and key, and a new phone. */
async function losePhone(stage: Stage, held: Held, kitFile: string): Promise<Held> {
  const { output, recovery, keyFile, evm } = stage
  output.heading('The phone is gone')
  const thiefFolder = await stage.folder("the thief's copy")
  await held.device.call('close', {})
  await held.device.stop()
  await cp(held.deviceFolder, thiefFolder, { recursive: true })

  const deviceFolder = await stage.folder('new phone')
  const device = startDevice()
  const { code } = await device.call('open', {
    path: join(deviceFolder, 'device.tercet'),
    passphrase: PASSPHRASES.device,
  })
  output.detail(`the new phone shows its code: ${code}`)
  const table = await stage.folder('between the machines')
  const joined = await output.step('recover: claim, hand over, commit', async (progress) => {
    const program = recovery.start(
      ...['recover', kitFile, '--device', code, '--link', table],
      ...['--key', keyFile, '--passphrase-fd', '3'],
    )
    const invitation = await lineOf(program, 'invitation')
    const { address } = held
    const joining = device.call('join', { folder: table, invitation, address }, progress)
    const [made] = await Promise.all([joining, recovery.result(program)])
    return made
  })
  output.claim('the new phone has the same address', joined.address === held.address)
  const signer: Signer = {
    by: 'the new phone and the node',
    sign: (unsigned) => device.call('pay', { unsigned }),
  }
  await pay(output, evm, held.address, signer)

  const thief = startDevice()
  await thief.call('open', { path: join(thiefFolder, 'device.tercet'), passphrase: PASSPHRASES.device })
  const refused = await output.step("the thief opens the old phone's file and asks for a signature", () =>
    stolenSignature(thief, held.walletId),
  )
  output.detail(refused ?? 'it signed')
  output.claim('the old phone signs nothing any more', refused !== undefined)
  await thief.stop()
  return { device, deviceFolder, walletId: held.walletId, address: held.address }
}

/** Why the thief was refused; undefined where there was a signature. */
async function stolenSignature(thief: DeviceProcess, walletId: string): Promise<string | undefined> {
  try {
    await thief.call('reopen', { walletId })
    await thief.call('message', { text: 'everything to the thief' })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** The operator vanishes: phone and recovery machine give another one a share of its own. */
async function loseOperator(stage: Stage, phone: Held, old: NodeProcess): Promise<Kept> {
  const { output, recovery, keyFile, evm, root } = stage
  output.heading('The operator is gone, and another one takes over')
  const kitFile = await exportKit(stage, phone, 'second paper')
  await old.kill()
  const node = await output.step('start the node of another operator', () => newNode(root, 'new node'))
  const table = await stage.folder('between phone and recovery machine')
  const changed = await output.step('change the operator, without the old one', async (progress) => {
    const program = recovery.start(
      ...['replace-operator', kitFile, '--new-node', node.identity, '--link', table],
      ...['--key', keyFile, '--passphrase-fd', '3'],
    )
    const order = { node: node.url, expectedIdentity: node.identity, folder: table }
    const changing = phone.device.call('changeOperator', order, progress)
    const [made] = await Promise.all([changing, recovery.result(program)])
    return made
  })
  output.claim('the address is the same', changed.address === phone.address)
  const signer: Signer = {
    by: 'the phone and the new node',
    sign: (unsigned) => phone.device.call('pay', { unsigned }),
  }
  await pay(output, evm, phone.address, signer)
  return { node, kitFile: await exportKit(stage, phone, 'third paper') }
}

/** The company is gone: device and recovery machine sign alone. */
async function loseNode(stage: Stage, phone: Held, { node, kitFile }: Kept): Promise<void> {
  const { output, recovery, keyFile, evm } = stage
  output.heading('No node is left')
  await node.kill()
  const table = await stage.folder('a memory stick')
  const signer: Signer = {
    by: 'the phone and the recovery machine, offline',
    async sign(unsigned) {
      const program = recovery.start(
        ...['exit', kitFile, '--link', table, '--key', keyFile, '--passphrase-fd', '3'],
      )
      const leaving = phone.device.call('leave', { walletId: phone.walletId, folder: table, unsigned })
      const [signed] = await Promise.all([leaving, recovery.result(program)])
      return signed
    },
  }
  await pay(output, evm, phone.address, signer)
  await phone.device.call('close', {})
  await phone.device.stop()
}

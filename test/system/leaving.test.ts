// Can a user leave? Device and recovery machine sign with no node and no network, and the chain accepts it. (security.md, pair D + V)

import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { Wallet } from '@tercet/client'
import { ASSEMBLE_SENTENCE, acknowledgeExposure, Exit, loopbackLink } from '@tercet/client/recovery'
import { fileStorage } from '@tercet/client/storage/file'
import { Wallet as EthersWallet, Transaction, verifyMessage } from 'ethers'
import { parseEther, recoverMessageAddress, serializeTransaction } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtProgram } from '../support/device-process.js'
import type { Evm } from '../support/evm.js'
import { type LeavingReport, type LeavingTask, PASSPHRASES } from '../support/leaving-task.js'
import { newDataDir, startNode } from '../support/node-process.js'
import { run, start } from '../support/processes.js'
import { lineOf } from '../support/recovery-lines.js'
import { built } from '../support/root.js'
import { startEvm } from '../support/start-evm.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('leaving')
const path = (name: string) => join(folder, name)
const RECIPIENT = '0x000000000000000000000000000000000000dEaD'

let walletId = ''
let address: `0x${string}`
let evm: Evm
/** Addresses of this machine that a process with a network reaches. */
let outside: string[] = []

async function recoveryProgram(...args: string[]): Promise<Record<string, string>> {
  const program = built('packages/recovery/dist/main.js')
  const { stdout } = await run(
    'recovery',
    process.execPath,
    [program, '--json', ...args],
    PASSPHRASES.recovery,
  )
  return JSON.parse(stdout()) as Record<string, string>
}

beforeAll(async () => {
  const node = await startNode({ dataDir: await newDataDir(folder, 'node') })
  const storage = await fileStorage({ path: path('device'), passphrase: PASSPHRASES.device })
  await recoveryProgram('new-key', '--out', path('key'), '--passphrase-fd', '3')
  const wallet = await Wallet.create({
    node: node.url,
    storage,
    recovery: async ({ identity }) => {
      const args = ['--key', path('key'), '--device', identity, '--passphrase-fd', '3']
      const { publicKey = '', proof = '' } = await recoveryProgram('register', ...args)
      return { publicKey, proof }
    },
  })
  walletId = wallet.id
  address = wallet.address()
  writeFileSync(path('kit'), await wallet.recoveryKit())
  await wallet.close()
  await storage.close()
  // The operator is gone for good.
  await node.kill()
  evm = await startEvm()
  await evm.setBalance(address, parseEther('2'))
  const server = createServer().listen(0)
  await new Promise((resolve) => server.once('listening', resolve))
  server.unref()
  const { port } = server.address() as { port: number }
  const own = Object.values(networkInterfaces()).flatMap((list = []) =>
    list.filter(({ family }) => family === 'IPv4'),
  )
  outside = own.map(({ address: host }) => `http://${host}:${port}`)
  return () => evm.close()
})

async function leave(link: string, isolated: boolean): Promise<LeavingReport> {
  const transaction = serializeTransaction({
    type: 'eip1559',
    chainId: evm.chainId,
    nonce: await evm.nonce(address),
    to: RECIPIENT,
    value: parseEther('0.25'),
    gas: 21_000n,
    maxFeePerGas: 20_000_000_000n,
    maxPriorityFeePerGas: 1_000_000_000n,
  })
  const task: LeavingTask = {
    file: path('device'),
    walletId,
    kit: path('kit'),
    key: path('key'),
    link,
    outside,
    transaction,
    messages: ['without the node'],
  }
  const program = [process.execPath, builtProgram('leaving'), JSON.stringify(task)]
  const shell = ['-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...program]
  const [command = '', ...args] = isolated ? ['unshare', ...shell] : program
  const { stdout } = await run('leaving', command, args)
  return JSON.parse(stdout()) as LeavingReport
}

describe('device and recovery machine', () => {
  it('have a network to be deprived of', async () => {
    const { interfaces, outside: reached } = await leave('loopback', false)
    expect(reached.length).toBeGreaterThan(0)
    expect(new Set(reached)).toEqual(new Set(['reached']))
    expect(interfaces).toContain('lo')
  })

  it.each(['loopback', 'folder'])('sign without node and network over %s', async (carrier) => {
    const report = await leave(carrier === 'folder' ? path('stick') : carrier, true)
    expect(report.interfaces).toEqual(['lo'])
    expect(report.outside).not.toContain('reached')
    expect(report.address).toBe(address)
    expect(report.recovery).toMatchObject({ ok: true, signed: [{ address }, { address }] })
    expect(report.summary.length).toBeGreaterThan(3)
    for (const value of report.summary) expect(report.shown).toContain(value)
    expect(report.shown).toContain(RECIPIENT)
    const { text = '', serialized = '0x' } = report.messages[0] ?? {}
    expect(verifyMessage(text, serialized)).toBe(address)
    expect(await recoverMessageAddress({ message: text, signature: serialized })).toBe(address)
    expect(Transaction.from(report.serialized).from).toBe(address)
    const before = await evm.balance(RECIPIENT)
    expect((await evm.execute(report.serialized)).succeeded).toBe(true)
    expect((await evm.balance(RECIPIENT)) - before).toBe(parseEther('0.25'))
  })
})

describe('the last resort', () => {
  it('puts the key together in a file that other software can use, and the device signs no more', async () => {
    const descriptors = ['--passphrase-fd', '3', '--out-passphrase-fd', '4']
    const files = ['--key', path('key'), '--out', path('private-key'), '--path', 'm/0/0']
    const args = [
      'exit',
      path('kit'),
      ...files,
      ...descriptors,
      '--link',
      'loopback',
      '--assemble',
      '--i-understand',
      '--one-machine',
    ]
    const program = start('recovery', process.execPath, [built('packages/recovery/dist/main.js'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
    })
    for (const [descriptor, secret] of [[3, PASSPHRASES.recovery] as const, [4, PASSPHRASES.key] as const]) {
      const stream = program.child.stdio[descriptor]
      if (stream && 'end' in stream) stream.end(`${secret}\n`)
    }
    const link = loopbackLink(await lineOf(program, 'link'))
    const storage = await fileStorage({ path: path('device'), passphrase: PASSPHRASES.device })
    const exit = await Exit.open({ storage, walletId, link })
    await exit.assemble(ASSEMBLE_SENTENCE)
    expect(await program.ended()).toBe(0)
    expect(program.stderr()).toContain('It cannot be undone')
    expect(statSync(path('private-key')).mode & 0o777).toBe(0o600)

    const { stdout } = await run(
      'reveal',
      process.execPath,
      [
        built('packages/recovery/dist/main.js'),
        '--json',
        'reveal',
        path('private-key'),
        '--passphrase-fd',
        '3',
      ],
      PASSPHRASES.key,
    )
    const { privateKey = '' } = JSON.parse(stdout()) as Record<string, string>
    expect(readFileSync(path('private-key'), 'utf8')).not.toContain(privateKey.slice(2))
    expect(program.stdout() + program.stderr()).not.toContain(privateKey.slice(2))
    expect(privateKey).toMatch(/^0x[0-9a-f]{64}$/)
    const outside = new EthersWallet(privateKey)
    expect(outside.address).toBe(address)
    expect(verifyMessage('moved', await outside.signMessage('moved'))).toBe(address)

    await storage.close()
    const reopened = await fileStorage({ path: path('device'), passphrase: PASSPHRASES.device })
    const wallet = await Wallet.open({ storage: reopened, walletId, pool: { size: 0 } })
    await expect(wallet.signMessage('again')).rejects.toMatchObject({ code: 'exposed' })
    await acknowledgeExposure(reopened, walletId)
    // The node is gone: with the acknowledgement it is asked again.
    await expect(wallet.signMessage('again')).rejects.toMatchObject({ code: 'network' })
    await wallet.close()
    await reopened.close()
  })
})

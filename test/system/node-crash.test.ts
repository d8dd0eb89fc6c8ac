// Does a node that is killed at any durable call leave a wallet that is finished or plainly ended? (product, crash-safe HTTP)
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { TercetError, Wallet, type WalletOptions } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { recoverMessageAddress } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { below } from '../support/random.js'
import { someRecovery } from '../support/recovery.js'
import { built } from '../support/root.js'
import { DEEP, suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { readTrace, underStrace } from '../support/trace.js'

const { random, some, count } = suite('node crash')
const folder = temporaryFolder('node-crash')

/** What makes a change durable: a kill before the nth of these is a crash at that point. */
const DURABLE = ['fsync', 'pwrite64'] as const
interface Point {
  readonly call: (typeof DURABLE)[number]
  readonly nth: number
}
const SIGNATURES = 2
/** Refusals that end a creation by name; nothing is left of it and a new one begins. */
const TERMINAL = ['unknown-session']

/** Keygen, self-test and signatures; for every one whether it came to an end, and by which code it did not. */
async function course(options: Omit<WalletOptions, 'pool'> & { node: string }, label: string) {
  const codes: string[] = []
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work()
    } catch (error) {
      codes.push(error instanceof TercetError ? error.code : `not a TercetError: ${error}`)
      return undefined
    }
  }
  const recovery = someRecovery(random(label))
  const wallet = await attempt(() => Wallet.create({ ...options, recovery, pool: { size: 0 } }))
  for (let i = 0; i < SIGNATURES; i++) await attempt(async () => wallet?.signMessage(`${label} ${i}`))
  await wallet?.close()
  return { codes, address: wallet?.address() }
}

/** What a device does afterwards: opens what it finds, and begins anew only where it was told that nothing is left. */
async function resume(options: Omit<WalletOptions, 'pool'> & { node: string }): Promise<Wallet> {
  for (const { id } of await Wallet.list(options.storage)) {
    try {
      return await Wallet.open({ ...options, walletId: id, pool: { size: 0 } })
    } catch (error) {
      if (!(error instanceof TercetError) || !TERMINAL.includes(error.code)) throw error
    }
  }
  return Wallet.create({ ...options, recovery: someRecovery(random('again')), pool: { size: 0 } })
}

async function signs(wallet: Wallet, message: string): Promise<void> {
  const { serialized } = await wallet.signMessage(message)
  expect(await recoverMessageAddress({ message, signature: serialized })).toBe(wallet.address())
}

function auditVerifies(dataDir: string): void {
  const args = [built('signer-node/dist/main.js'), 'audit', 'verify', '--data-dir', dataDir]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  expect({ status, stderr }, stdout).toEqual({ status: 0, stderr: '' })
}

describe('a node killed at a durable call', () => {
  let points: Point[] = []

  beforeAll(async () => {
    const file = join(folder, 'count.trace')
    const dataDir = await newDataDir(folder, 'count')
    const node = await startNode({ dataDir, under: underStrace(file, DURABLE) })
    const calls = () => readTrace(file).filter(({ pid }) => pid === node.pid)
    const before = calls()
    const done = await course({ node: node.url, storage: memoryStorage() }, 'count')
    expect(done.codes).toEqual([])
    const after = calls()
    await node.stop()
    points = DURABLE.flatMap((call) => {
      const [first, last] = [before, after].map((list) => list.filter(({ name }) => name === call).length)
      return Array.from({ length: (last ?? 0) - (first ?? 0) }, (_, i) => ({
        call,
        nth: (first ?? 0) + i + 1,
      }))
    })
    process.stdout.write(`node crash: ${points.length} points between the start and the last signature\n`)
    expect(points.length).toBeGreaterThan(SIGNATURES)
  })

  /** Kills, restarts at once or only after the device gave up, and lets the device go on. */
  async function crash({ call, nth }: Point, atOnce: boolean): Promise<string> {
    const name = `${call}-${nth}-${atOnce ? 'at-once' : 'later'}`
    const dataDir = await newDataDir(folder, name)
    const inject = ['-e', `inject=${call}:signal=KILL:when=${nth}`]
    const first = await startNode({
      dataDir,
      under: underStrace(join(folder, `${name}.trace`), DURABLE, inject),
    })
    const again = (): Promise<NodeProcess> => startNode({ dataDir, port: first.port })
    const ended = first.program.ended()
    const restarted = atOnce ? ended.then(again) : undefined
    const options = { node: first.url, storage: memoryStorage() }
    const { codes, address } = await course(options, name)
    expect(await ended, `${name}: the node was to be killed`).toBe('SIGKILL')
    const node = await (restarted ?? again())
    const wallet = await resume(options)
    if (address !== undefined) expect(wallet.address()).toBe(address)
    await signs(wallet, `${name}, afterwards`)
    await wallet.close()
    expect(await Wallet.list(options.storage)).toMatchObject([{ id: wallet.id, state: 'ready' }])
    expect(await node.stop()).toBe(0)
    auditVerifies(dataDir)
    count()
    return codes.join(', ')
  }

  it('resumes or names its end, and the pair signs', async () => {
    const chosen = DURABLE.flatMap((call) =>
      some(
        call,
        points.filter((point) => point.call === call),
        3,
      ),
    )
    for (const point of chosen) {
      const both = DEEP ? [true, false] : [below(random(`${point.call} ${point.nth}`), 2) === 0]
      for (const atOnce of both) {
        const codes = await crash(point, atOnce)
        const how = atOnce ? 'restarted at once' : 'restarted later'
        process.stdout.write(`node crash: ${point.call} ${point.nth}, ${how}: ${codes || 'unnoticed'}\n`)
        expect(codes).not.toContain('not a TercetError')
      }
    }
  })
})

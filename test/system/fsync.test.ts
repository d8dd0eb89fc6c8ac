// Is every signature on disk before it is answered? Counted at the kernel, not read from a pragma. (security.md 1, I15)
import { join } from 'node:path'
import { Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { expect, it } from 'vitest'
import { builtProgram } from '../support/device-process.js'
import { newDataDir, startNode } from '../support/node-process.js'
import { someRecovery } from '../support/recovery.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { type Call, readTrace, underStrace } from '../support/trace.js'

const { random, count, violations } = suite('fsync')
const folder = temporaryFolder('fsync')
const CALLS = ['fsync', 'pwrite64', 'ftruncate', 'unlink', 'rename', 'write', 'writev']
const SIGNATURES = 20

interface Answered {
  readonly what: string
  /** Unix milliseconds, at the caller. */
  readonly from: number
  readonly until: number
}

/** A keygen and signatures of both modes against a node under strace. */
async function traced(label: string, nodeOptions: readonly string[]) {
  const file = join(folder, `${label}.trace`)
  const dataDir = await newDataDir(folder, label)
  const node = await startNode({ dataDir, nodeOptions, under: underStrace(file, CALLS) })
  const answered: Answered[] = []
  const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
    const from = Date.now()
    const result = await work()
    answered.push({ what, from, until: Date.now() + 1 })
    return result
  }
  const storage = memoryStorage()
  const recovery = someRecovery(random(label))
  const create = { node: node.url, storage, recovery, pool: { size: 0 } }
  const wallet = await timed('keygen', () => Wallet.create(create))
  for (let i = 0; i < SIGNATURES / 2; i++) {
    const { mode } = await timed('fresh signature', () => wallet.signMessage(`${label} ${i}`))
    expect(mode).toBe('fresh')
  }
  await wallet.close()
  // The pool is filled once and not again while it is more than half full.
  for (let i = 0; i < 2; i++) {
    const pooled = await Wallet.open({ storage, walletId: wallet.id, pool: { size: 12 } })
    await pooled.ready()
    for (let j = 0; j < SIGNATURES / 4; j++) {
      const { mode } = await timed('pool signature', () => pooled.signMessage(`${label} pool ${i} ${j}`))
      expect(mode).toBe('pool')
    }
    await pooled.close()
  }
  expect(await node.stop()).toBe(0)
  return { calls: readTrace(file), answered }
}

const isWalSync = ({ name, args, result }: Call) =>
  name === 'fsync' && result === 0 && args.includes('node.sqlite-wal')
const isAnswer = ({ name, args, result }: Call) =>
  name.startsWith('write') && result > 0 && args.includes('"HTTP/1.1 200')

/** What was answered although nothing of it was on disk: no sync of the log between the request and its last answer. */
function undurable(calls: readonly Call[], answered: readonly Answered[]): Answered[] {
  return answered.filter(({ from, until }) => {
    const within = calls.filter(({ at }) => at >= from && at <= until)
    const last = within.findLastIndex(isAnswer)
    if (last < 0) throw new Error('the trace holds no answer: the counter sees nothing')
    return !within.slice(0, last).some(isWalSync)
  })
}

it('syncs the log before every answer that has a consequence', async () => {
  const { calls, answered } = await traced('full', [])
  const syncs = calls.filter(isWalSync).length
  const signatures = answered.filter(({ what }) => what !== 'keygen').length
  process.stdout.write(`fsync: ${syncs} syncs of the log, ${answered.length} answers with a consequence\n`)
  count(answered.length)
  expect(signatures).toBeGreaterThanOrEqual(SIGNATURES)
  expect(syncs).toBeGreaterThanOrEqual(answered.length)
  violations(undurable(calls, answered).map(({ what }) => `${what}: answered before it was on disk`))
})

it('flags a node whose connection is not FULL (positive control)', async () => {
  const { calls, answered } = await traced('normal', ['--import', builtProgram('forget-synchronous')])
  expect(undurable(calls, answered).length).toBeGreaterThan(SIGNATURES / 2)
})

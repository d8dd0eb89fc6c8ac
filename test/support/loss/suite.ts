// Does every operation come out well when its last messages are lost? Seeded runs. (SPEC 5.2)
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { TercetError } from '@tercet/client'
import { recoverMessageAddress } from 'viem'
import { expect, it } from 'vitest'
import { below } from '../random.js'
import type { Suite } from '../suite.js'
import { type Loss, Network } from './network.js'
import type { Operation, Use } from './use.js'

/** The last so many messages are lost at most: a last exchange that only tidies up, and the one that decides. */
const LAST = 5
/** Runs of every use: in a sample, and in a deep run 200 and more of one, two and three messages. */
const RUNS = { sample: 3, deep: 340 } as const

/** For one run: a key is made or changed, and a device gives up on a silent node, on a busy machine. */
const PATIENCE_MS = 90_000

/** Declares the test of a use. */
export function lossTest({ name, prepare }: Use, suite: Suite, folder: string): void {
  const runs = suite.times(RUNS.sample, RUNS.deep)
  it(`${name}: ${runs} of ${runs} sign at the same address after their last messages were lost`, {
    timeout: (runs + 2) * PATIENCE_MS,
  }, async () => {
    const network = new Network()
    const begin = await prepare({ folder: inside(folder, name), network, random: suite.random(name) })
    const whole = await begin()
    network.mend()
    await whole.run()
    const all = network.messages
    process.stdout.write(`loss: ${name}: ${all} messages\n`)
    expect(all).toBeGreaterThan(LAST)
    expect(await signed(whole, 'whole')).toEqual([])

    const found: string[] = []
    const first = below(suite.random(`${name}/first`), LAST)
    for (let i = 0; i < runs; i++) {
      const count = ((first + 2 * i) % LAST) + 1
      const loss: Loss = below(suite.random(`${name}/${i}`), 2) === 0 ? 'for good' : 'for once'
      const operation = await begin()
      network.cut(all - count, count, loss)
      const code = await codeOf(() => operation.run())
      const lost = network.lost
      network.mend()
      const what = `${name}, run ${i}, the last ${count} lost ${loss} (${lost} lost, ${code})`
      if (lost === 0) found.push(`${what}: nothing was lost`)
      const wrong = await signed(operation, what)
      for (const text of wrong) process.stdout.write(`loss: ${text}\n`)
      found.push(...wrong)
      suite.count()
    }
    suite.violations(found)
  })
}

/** Declares the positive control: a broken use, which must be found out although nothing is lost. */
export function lossControl({ name, prepare }: Use, suite: Suite, folder: string): void {
  it(`flags ${name} (positive control)`, { timeout: 2 * PATIENCE_MS }, async () => {
    const own = inside(folder, 'control')
    const begin = await prepare({ folder: own, network: new Network(), random: suite.random('control') })
    const operation = await begin()
    await operation.run()
    expect(await signed(operation, name)).not.toEqual([])
  })
}

function inside(folder: string, name: string): string {
  const path = join(folder, name)
  mkdirSync(path)
  return path
}

/** What is wrong with the wallet afterwards. */
async function signed({ address, afterwards }: Operation, what: string): Promise<string[]> {
  try {
    const wallet = await afterwards()
    const { serialized: signature } = await wallet.signMessage(what)
    const signer = await recoverMessageAddress({ message: what, signature })
    const own = wallet.address()
    await wallet.close()
    if (signer !== own) return [`${what}: a wrong signature`]
    return address === undefined || own === address ? [] : [`${what}: another address`]
  } catch (error) {
    return [`${what}: ${error}`]
  }
}

async function codeOf(work: () => Promise<void>): Promise<string> {
  try {
    await work()
    return 'unnoticed'
  } catch (error) {
    return error instanceof TercetError ? error.code : `not a TercetError: ${error}`
  }
}

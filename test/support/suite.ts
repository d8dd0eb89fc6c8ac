// How does a suite count what it did, and say it in one line? (security.md 5, item 11)

import type { Random } from '@tercet/protocol/random'
import { afterAll, beforeEach, expect } from 'vitest'
import { runSeed, sample, seededRandom } from './random.js'

/** Whether this run does everything, or a seeded sample of it. */
export const DEEP = process.env['TERCET_DEEP'] === '1'

export interface Suite {
  readonly seed: string
  /** Fresh seeded bytes. A label gives a stream that does not depend on what ran before it. */
  random(label: string): Random
  /** Adds to the number of cases. */
  count(cases?: number): void
  /** Reports every way in which an invariant was broken; one or more fail the test. */
  violations(what: readonly string[]): void
  /** All of a list in a deep run, else a seeded sample of at least `least` and at least a hundredth. */
  some<T>(label: string, list: readonly T[], least: number): readonly T[]
  /** The larger number in a deep run, else the smaller. */
  times(shallow: number, deep: number): number
}

/** Opens the one suite of a file: its seed is printed when a test fails, its summary when all are done. */
export function suite(name: string): Suite {
  const seed = runSeed()
  const begun = performance.now()
  let count = 0
  let violations = 0
  beforeEach((context) => {
    context.onTestFailed(() => {
      process.stderr.write(`${name}: run again with TERCET_SEED=${seed}\n`)
    })
  })
  afterAll(() => {
    const seconds = Math.round((performance.now() - begun) / 10) / 100
    process.stdout.write(`${JSON.stringify({ suite: name, count, violations, seed, seconds })}\n`)
  })
  const random = (label: string): Random => seededRandom(`${seed}/${name}/${label}`)
  return {
    seed,
    random,
    count: (cases = 1) => {
      count += cases
    },
    violations: (what) => {
      violations += what.length
      expect(what).toEqual([])
    },
    some: (label, list, least) =>
      DEEP ? list : sample(random(label), list, Math.max(least, Math.ceil(list.length / 100))),
    times: (shallow, deep) => (DEEP ? deep : shallow),
  }
}

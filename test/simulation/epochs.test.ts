// Does the commit protocol keep its promises in every order of events? (SPEC 5.2; the search calls the functions that the programs call)

import { describe, expect, it } from 'vitest'
import { DEEP, suite } from '../support/suite.js'
import { broken } from './broken.js'
import { type Cast, epochWorld } from './epoch-world.js'
import { type Found, search } from './search.js'

const run = suite('epochs')

const shallow: readonly Cast[] = [
  { bounds: { epochs: 3, attempts: 2 }, thief: false, recoveries: [] },
  { bounds: { epochs: 1, attempts: 2 }, thief: true, recoveries: ['alone'] },
  { bounds: { epochs: 2, attempts: 1 }, thief: true, recoveries: ['two'] },
  { bounds: { epochs: 1, attempts: 1 }, thief: true, recoveries: ['two', 'alone'] },
  { bounds: { epochs: 1, attempts: 2 }, thief: false, recoveries: [], moves: true },
  { bounds: { epochs: 1, attempts: 1 }, thief: false, recoveries: ['alone'], moves: true },
]
const deep: readonly Cast[] = [
  { bounds: { epochs: 3, attempts: 3 }, thief: false, recoveries: [] },
  { bounds: { epochs: 2, attempts: 2 }, thief: false, recoveries: ['alone'] },
  { bounds: { epochs: 1, attempts: 2 }, thief: true, recoveries: ['alone', 'alone'] },
  { bounds: { epochs: 2, attempts: 1 }, thief: true, recoveries: ['two', 'alone'] },
  { bounds: { epochs: 1, attempts: 2 }, thief: true, recoveries: ['two'] },
  { bounds: { epochs: 2, attempts: 2 }, thief: false, recoveries: ['two'] },
  { bounds: { epochs: 1, attempts: 2 }, thief: false, recoveries: ['alone'], moves: true },
  { bounds: { epochs: 2, attempts: 2 }, thief: false, recoveries: [], moves: true },
  { bounds: { epochs: 2, attempts: 1 }, thief: false, recoveries: ['alone'], moves: true },
]

describe('every reachable state is a good one', () => {
  it.each([...shallow, ...(DEEP ? deep : [])])('%j', (cast) => {
    const { states, violation } = search(epochWorld(cast))
    run.count(states)
    run.violations(violation === null ? [] : [`${violation.what}: ${violation.trace.join(', ')}`])
    expect(states).toBeGreaterThan(1000)
  })
})

/** With the product's own functions nothing is wrong in the same cast. */
function clean(cast: Cast): unknown {
  const key = JSON.stringify(cast)
  const found = verdicts.get(key) ?? search(epochWorld(cast))
  verdicts.set(key, found)
  return found.violation
}
const verdicts = new Map<string, Found>()

describe('the search sees through', () => {
  it.each(broken)('$name', ({ cast, functions, harm }) => {
    expect(clean(cast)).toBeNull()
    const { violation } = search(epochWorld(cast, functions))
    expect(violation?.what).toMatch(harm)
    expect(violation?.trace.length).toBeGreaterThan(0)
  })
})

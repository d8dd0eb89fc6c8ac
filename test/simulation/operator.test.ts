// Does a change of operator keep its promises in every order of events? (SPEC 5.3; the search calls the functions that the programs call)

import { describe, expect, it } from 'vitest'
import { DEEP, suite } from '../support/suite.js'
import { brokenChanges } from './operator-broken.js'
import { type OperatorCast, operatorWorld } from './operator-world.js'
import { search } from './search.js'

const run = suite('operator change')

const bounds = (epochs: number, attempts: number) => ({ epochs, attempts })
const shallow: readonly OperatorCast[] = [
  { bounds: bounds(1, 2), refreshes: false, dealers: ['node'], recovery: [] },
  { bounds: bounds(2, 1), refreshes: true, dealers: ['node'], recovery: [] },
  { bounds: bounds(1, 2), refreshes: false, dealers: ['recovery', 'node'], recovery: [] },
  { bounds: bounds(1, 1), refreshes: false, dealers: ['node'], recovery: ['O', 'W'] },
]
const deep: readonly OperatorCast[] = [
  { bounds: bounds(2, 2), refreshes: true, dealers: ['node'], recovery: [] },
  { bounds: bounds(1, 2), refreshes: false, dealers: ['node'], recovery: ['O', 'W'] },
  { bounds: bounds(2, 1), refreshes: true, dealers: ['node'], recovery: ['O', 'W'] },
]

describe('every reachable state is a good one', () => {
  it.each([...shallow, ...(DEEP ? deep : [])])('%j', (cast) => {
    const { states, violation } = search(operatorWorld(cast))
    run.count(states)
    run.violations(violation === null ? [] : [`${violation.what}: ${violation.trace.join(', ')}`])
    expect(states).toBeGreaterThan(1000)
  })
})

describe('the search sees through', () => {
  it.each(brokenChanges)('$name', ({ cast, functions, harm }) => {
    expect(search(operatorWorld(cast)).violation).toBeNull()
    const { violation } = search(operatorWorld(cast, functions))
    expect(violation?.what).toMatch(harm)
    expect(violation?.trace.length).toBeGreaterThan(1)
  })
})

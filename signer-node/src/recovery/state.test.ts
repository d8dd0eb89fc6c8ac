import { describe, expect, test } from 'vitest'
import {
  type Asked,
  type ClaimRow,
  type Clocks,
  decide,
  mayRefresh,
  mayVeto,
  READY_SECONDS,
  stateOf,
  VETO_SECONDS,
} from './state.js'

const DAY = 86_400
const START = { wall: 1_800_000_000, uptime: 5000 }
const after = (wall: number, uptime = wall): Clocks => ({
  wall: START.wall + wall,
  uptime: START.uptime + uptime,
})

function row(parts: Partial<ClaimRow> = {}): ClaimRow {
  return {
    name: 'claim',
    kind: 'device-lost',
    newDevice: 'new',
    announced: START.wall,
    uptime: START.uptime,
    delay: DAY,
    both: false,
    secondFactor: false,
    ended: null,
    endedAt: null,
    vetoedBy: null,
    ...parts,
  }
}

const stopped = (parts: Partial<ClaimRow> = {}): ClaimRow =>
  row({ ended: 'vetoed', endedAt: START.wall, vetoedBy: 'old', ...parts })

function asked(parts: Partial<Asked> = {}): Asked {
  return {
    name: 'asked',
    kind: 'device-lost',
    newDevice: 'new',
    both: false,
    createdAt: START.wall,
    locked: false,
    newDeviceKnown: false,
    ...parts,
  }
}

describe('delay', () => {
  test.each([
    ['at once', after(0), 'waiting', DAY],
    ['a second before the end', after(DAY - 1), 'waiting', 1],
    ['at the end', after(DAY), 'ready', 0],
    ['the wall clock jumped forward', after(10 * DAY, 60), 'waiting', DAY - 60],
    ['the wall clock jumped back', after(-DAY, DAY), 'waiting', DAY],
    ['the node was off for a day', after(DAY, 3600), 'waiting', DAY - 3600],
    ['the monotonic clock ran ahead', after(60, 10 * DAY), 'waiting', DAY - 60],
    ['nobody came', after(DAY + READY_SECONDS - 1), 'ready', 0],
    ['nobody came for a month', after(DAY + READY_SECONDS), 'expired', 0],
  ] as const)('%s', (_, clocks, state, remainingSeconds) => {
    expect(stateOf(row(), clocks)).toEqual({ state, remainingSeconds })
  })

  test('without a delay it is ready at once', () => {
    expect(stateOf(row({ delay: 0 }), after(0)).state).toBe('ready')
    expect(stateOf(row({ delay: 0 }), after(-60, 0)).state).toBe('ready')
  })

  test('what ended stays as it ended, whatever the clocks say', () => {
    for (const ended of ['done', 'vetoed', 'superseded'] as const) {
      for (const clocks of [after(-DAY), after(0), after(DAY), after(100 * DAY)]) {
        expect(stateOf(row({ ended, endedAt: START.wall }), clocks)).toEqual({
          state: ended,
          remainingSeconds: 0,
        })
      }
    }
  })

  /** A day in the life of a node: it is off, its clocks run or jump, its uptime is recorded every 60 s. */
  function earlyReady(elapsed: (claim: ClaimRow, clocks: Clocks) => number, seed: number): boolean {
    let state = seed
    const next = (below: number): number => {
      state = (state * 1_103_515_245 + 12_345) % 2 ** 31
      return state % below
    }
    let [wall, uptime, up, real] = [START.wall, START.uptime, true, 0]
    while (real < 3 * DAY) {
      real += 60
      wall += 60
      if (up) uptime += 60
      if (next(100) === 0) up = !up
      if (next(200) === 0) wall += next(4 * DAY) - 2 * DAY
      if (elapsed(row(), { wall, uptime }) >= DAY) return real < DAY
    }
    return false
  }

  test('no jump and no restart ends a delay early; either clock alone would', () => {
    const elapsedOf = (claim: ClaimRow, clocks: Clocks) => DAY - stateOf(claim, clocks).remainingSeconds
    const seeds = Array.from({ length: 300 }, (_, i) => 7 * i + 1)
    expect(seeds.filter((seed) => earlyReady(elapsedOf, seed))).toEqual([])
    // A delay that is measured by the wall clock is what this test must find.
    const byWall = (claim: ClaimRow, { wall }: Clocks) => wall - claim.announced
    expect(seeds.filter((seed) => earlyReady(byWall, seed)).length).toBeGreaterThan(20)
  })
})

describe('announcing', () => {
  test('a first claim is announced, and needs a fresh date and a fresh device', () => {
    expect(decide(asked(), [], after(0))).toEqual({ supersedes: [] })
    expect(decide(asked(), [], after(DAY + 1))).toEqual({ refused: 'stale' })
    expect(decide(asked(), [], after(-61))).toEqual({ refused: 'stale' })
    expect(decide(asked({ newDeviceKnown: true }), [], after(0))).toEqual({ refused: 'new-device' })
  })

  test('two recoveries stand side by side; one for the same device takes the place of the first', () => {
    const other = row({ name: 'other', newDevice: 'other' })
    expect(decide(asked(), [other], after(0))).toEqual({ supersedes: [] })
    expect(decide(asked({ newDevice: 'other' }), [other], after(0))).toEqual({ supersedes: ['other'] })
  })

  test('a recovery comes before a move and before a new key that kappa did not sign', () => {
    const move = row({ name: 'move', kind: 'device-moved', newDevice: 'thief' })
    const key = row({ name: 'key', kind: 'recovery-key', newDevice: null })
    const ownerKey = row({ name: 'owner', kind: 'recovery-key', newDevice: null, both: true, delay: 0 })
    const done = row({ name: 'done', kind: 'device-moved', newDevice: 'x', ended: 'done', endedAt: 1 })
    const rows = [move, key, ownerKey, done]
    for (const kind of ['device-lost', 'suspected-theft'] as const) {
      expect(decide(asked({ kind }), rows, after(0))).toEqual({ supersedes: ['move', 'key'] })
    }
    const lost = row({ name: 'lost' })
    const late = (parts: Partial<Asked>) => decide(asked({ newDevice: 'y', ...parts }), [lost], after(0))
    expect(late({ kind: 'device-moved' })).toEqual({ refused: 'claim-announced' })
    expect(late({ kind: 'device-moved', both: true })).toEqual({ refused: 'claim-announced' })
    expect(late({ kind: 'recovery-key', newDevice: null })).toEqual({ refused: 'claim-announced' })
    expect(late({ kind: 'recovery-key', newDevice: null, both: true })).toEqual({ supersedes: [] })
    // A recovery that was stopped or has expired stands in nobody's way.
    for (const gone of [stopped(), row({ announced: 0, uptime: 0 })]) {
      expect(decide(asked({ kind: 'device-moved', newDevice: 'y' }), [gone], after(60 * DAY))).toEqual({
        refused: 'stale',
      })
      const fresh = asked({ kind: 'device-moved', newDevice: 'y', createdAt: START.wall + 60 * DAY })
      expect(decide(fresh, [gone], after(60 * DAY))).toEqual({ supersedes: [] })
    }
  })

  test('no move while the pair is locked, and none that was taken back', () => {
    const move = asked({ kind: 'device-moved' })
    expect(decide({ ...move, locked: true }, [], after(0))).toEqual({ refused: 'locked' })
    expect(decide(asked({ locked: true }), [], after(0))).toEqual({ supersedes: [] })
    const taken = stopped({ name: 'taken', kind: 'device-moved' })
    expect(decide(move, [taken], after(1))).toEqual({ refused: 'new-device' })
    expect(decide({ ...move, both: true }, [taken], after(1))).toEqual({ supersedes: [] })
  })

  test('a wallet holds a bounded number of claims', () => {
    const many = (length: number, parts: Partial<ClaimRow>) =>
      Array.from({ length }, (_, i) => row({ name: `${i}`, newDevice: `device-${i}`, ...parts }))
    expect(decide(asked(), many(7, {}), after(0))).toEqual({ supersedes: [] })
    expect(decide(asked(), many(8, {}), after(0))).toEqual({ refused: 'too-many' })
    const ended = { ended: 'superseded', endedAt: START.wall } as const
    expect(decide(asked(), many(15, ended), after(0))).toEqual({ supersedes: [] })
    expect(decide(asked(), many(16, ended), after(0))).toEqual({ refused: 'too-many' })
    expect(decide(asked(), many(16, ended), after(DAY))).toEqual({ supersedes: [] })
  })
})

describe('veto', () => {
  test('stops what is announced, waiting or ready', () => {
    expect(mayVeto(row(), 'old', [], after(0))).toBe('yes')
    expect(mayVeto(row(), 'old', [], after(2 * DAY))).toBe('yes')
    expect(mayVeto(stopped(), 'old', [], after(0))).toBe('no')
    expect(mayVeto(row({ ended: 'done', endedAt: 1 }), 'old', [], after(0))).toBe('no')
    expect(mayVeto(row(), 'old', [], after(DAY + READY_SECONDS))).toBe('no')
  })

  test('a credential has one in 30 days, another its own', () => {
    const rows = [stopped({ name: 'first' }), row()]
    expect(mayVeto(row(), 'old', rows, after(1))).toBe('spent')
    expect(mayVeto(row(), 'old', rows, after(VETO_SECONDS - 1, 1))).toBe('spent')
    expect(mayVeto(row(), 'old', rows, after(VETO_SECONDS, 1))).toBe('yes')
    // A clock that was set back gives none back.
    expect(mayVeto(row(), 'old', rows, after(-DAY, 1))).toBe('spent')
    expect(mayVeto(row(), 'second', rows, after(1))).toBe('yes')
  })

  test('a second factor is not vetoed; what the device asked for itself is taken back at will', () => {
    expect(mayVeto(row({ secondFactor: true }), 'old', [], after(0))).toBe('protected')
    const rows = [stopped({ name: 'first' })]
    for (const kind of ['device-moved', 'recovery-key'] as const) {
      expect(mayVeto(row({ kind }), 'old', rows, after(1))).toBe('yes')
    }
    // And costs nothing of the budget.
    expect(mayVeto(row(), 'old', [stopped({ kind: 'device-moved' })], after(1))).toBe('yes')
  })
})

test('a refresh waits for the end of every claim for another device, unless its owner changes the key', () => {
  expect(mayRefresh([], after(0), undefined)).toBe(true)
  expect(mayRefresh([row()], after(0), undefined)).toBe(false)
  expect(mayRefresh([stopped()], after(0), undefined)).toBe(true)
  const key = row({ name: 'key', kind: 'recovery-key', newDevice: null })
  expect(mayRefresh([key], after(0), 'key')).toBe(true)
  expect(mayRefresh([key, row()], after(DAY), 'key')).toBe(false)
  const owner = { ...key, both: true, delay: 0 }
  expect(mayRefresh([owner, row()], after(0), 'key')).toBe(true)
  expect(mayRefresh([owner, row()], after(0), undefined)).toBe(false)
  expect(mayRefresh([stopped({ ...owner, ended: 'vetoed' }), row()], after(0), 'key')).toBe(false)
})

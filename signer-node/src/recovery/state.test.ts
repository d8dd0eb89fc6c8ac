import { describe, expect, test } from 'vitest'
import {
  type Asked,
  type ClaimRow,
  type ClaimsState,
  type Clocks,
  decide,
  mayVeto,
  NO_CLAIMS,
  OWNER_SECONDS,
  READY_SECONDS,
  stateOf,
  VETO_SECONDS,
  withClaim,
  withEnd,
  withVeto,
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
    claim: '',
    kind: 'device-lost',
    newDevice: 'new',
    announced: START.wall,
    uptime: START.uptime,
    delay: DAY,
    both: false,
    secondFactor: false,
    ended: null,
    ...parts,
  }
}

const stopped = (parts: Partial<ClaimRow> = {}): ClaimRow => row({ ended: 'vetoed', ...parts })
const having = (...claims: ClaimRow[]): ClaimsState => ({ ...NO_CLAIMS, claims })

function asked(parts: Partial<Asked> = {}): Asked {
  return {
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
        expect(stateOf(row({ ended }), clocks)).toEqual({
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
    expect(decide(asked(), NO_CLAIMS, after(0))).toEqual({ supersedes: [] })
    expect(decide(asked(), NO_CLAIMS, after(DAY + 1))).toEqual({ refused: 'stale' })
    expect(decide(asked(), NO_CLAIMS, after(-61))).toEqual({ refused: 'stale' })
    expect(decide(asked({ newDeviceKnown: true }), NO_CLAIMS, after(0))).toEqual({ refused: 'new-device' })
  })

  test('two recoveries stand side by side; one for the same device takes the place of the first', () => {
    const other = having(row({ name: 'other', newDevice: 'other' }))
    expect(decide(asked(), other, after(0))).toEqual({ supersedes: [] })
    expect(decide(asked({ newDevice: 'other' }), other, after(0))).toEqual({ supersedes: ['other'] })
  })

  test('a recovery comes before a move and before a new key that kappa did not sign', () => {
    const move = row({ name: 'move', kind: 'device-moved', newDevice: 'thief' })
    const key = row({ name: 'key', kind: 'recovery-key', newDevice: null })
    const done = row({ name: 'done', kind: 'device-moved', newDevice: 'x', ended: 'done' })
    for (const kind of ['device-lost', 'suspected-theft'] as const) {
      expect(decide(asked({ kind }), having(move, key, done), after(0))).toEqual({
        supersedes: ['move', 'key'],
      })
    }
    const lost = having(row({ name: 'lost' }))
    const late = (parts: Partial<Asked>) => decide(asked({ newDevice: 'y', ...parts }), lost, after(0))
    expect(late({ kind: 'device-moved' })).toEqual({ refused: 'claim-announced' })
    expect(late({ kind: 'device-moved', both: true })).toEqual({ refused: 'claim-announced' })
    expect(late({ kind: 'recovery-key', newDevice: null })).toEqual({ refused: 'claim-announced' })
    // A recovery that was stopped or has expired stands in nobody's way.
    for (const gone of [stopped(), row({ announced: 0, uptime: 0 })]) {
      const fresh = asked({ kind: 'device-moved', newDevice: 'y', createdAt: START.wall + 60 * DAY })
      expect(decide(fresh, having(gone), after(60 * DAY))).toEqual({ supersedes: [] })
    }
  })

  test('who has device and kappa comes before everybody, for an hour', () => {
    const owner = { kind: 'recovery-key', newDevice: null, both: true } as const
    const many = Array.from({ length: 16 }, (_, i) =>
      row({ name: `${i}`, newDevice: `${i}`, ended: i < 8 ? null : 'vetoed' }),
    )
    const all = ['0', '1', '2', '3', '4', '5', '6', '7']
    expect(decide(asked(owner), having(...many), after(0))).toEqual({ supersedes: all })
    const announced = having(row({ ...owner, name: 'owner', delay: 0 }))
    for (const kind of ['device-lost', 'suspected-theft', 'device-moved'] as const) {
      expect(decide(asked({ kind }), announced, after(OWNER_SECONDS - 1))).toEqual({
        refused: 'claim-announced',
      })
      const fresh = asked({ kind, createdAt: START.wall + OWNER_SECONDS })
      expect(decide(fresh, announced, after(OWNER_SECONDS))).toEqual({ supersedes: [] })
    }
    // The next one of the owner takes the place of the first.
    expect(decide(asked(owner), announced, after(0))).toEqual({ supersedes: ['owner'] })
  })

  test('no move while the pair is locked, and none that was taken back', () => {
    const move = asked({ kind: 'device-moved' })
    expect(decide({ ...move, locked: true }, NO_CLAIMS, after(0))).toEqual({ refused: 'locked' })
    expect(decide(asked({ locked: true }), NO_CLAIMS, after(0))).toEqual({ supersedes: [] })
    const claim = row({ kind: 'device-moved' })
    const taken = withVeto(having(claim), claim, 'old', START.wall)
    expect(decide(move, taken, after(1))).toEqual({ refused: 'new-device' })
    expect(decide({ ...move, newDevice: 'other' }, taken, after(1))).toEqual({ supersedes: [] })
    expect(decide({ ...move, both: true }, taken, after(1))).toEqual({ supersedes: [] })
  })

  test('a wallet holds a bounded number of claims', () => {
    const many = (length: number, parts: Partial<ClaimRow>) =>
      having(...Array.from({ length }, (_, i) => row({ name: `${i}`, newDevice: `device-${i}`, ...parts })))
    expect(decide(asked(), many(7, {}), after(0))).toEqual({ supersedes: [] })
    expect(decide(asked(), many(8, {}), after(0))).toEqual({ refused: 'too-many' })
    expect(
      decide(asked({ newDevice: 'device-1' }), many(8, { announced: START.wall - DAY }), after(0)),
    ).toEqual({ supersedes: ['1'] })
    const ended = { ended: 'superseded' } as const
    expect(decide(asked(), many(7, ended), after(0))).toEqual({ supersedes: [] })
    expect(decide(asked(), many(8, ended), after(0))).toEqual({ refused: 'too-many' })
    const tomorrow = asked({ createdAt: START.wall + DAY })
    expect(decide(tomorrow, many(8, ended), after(DAY))).toEqual({ supersedes: [] })
    // What a stolen device asks for does not count against its owner.
    const moves = many(8, { ...ended, kind: 'device-moved' })
    expect(decide(asked({ kind: 'device-moved' }), moves, after(0))).toEqual({ refused: 'too-many' })
    expect(decide(asked(), moves, after(0))).toEqual({ supersedes: [] })
    let state = NO_CLAIMS
    for (let i = 0; i < 100; i++) {
      state = withEnd(withClaim(state, row({ name: `${i}` })), `${i - 3}`, 'superseded')
    }
    expect(state.claims.map(({ name }) => name)).toEqual(Array.from({ length: 23 }, (_, i) => `${77 + i}`))
  })
})

describe('veto', () => {
  const may = (claim: ClaimRow, clocks: Clocks, state = NO_CLAIMS, credential = 'old') =>
    mayVeto(claim, credential, state, clocks)

  test('stops what is announced, waiting or ready', () => {
    expect(may(row(), after(0))).toBe('yes')
    expect(may(row(), after(2 * DAY))).toBe('yes')
    expect(may(stopped(), after(0))).toBe('no')
    expect(may(row({ ended: 'done' }), after(0))).toBe('no')
    expect(may(row(), after(DAY + READY_SECONDS))).toBe('no')
  })

  test('a credential has one in 30 days, another its own', () => {
    const first = row({ name: 'first' })
    const spent = withVeto(having(first, row()), first, 'old', START.wall)
    expect(spent.claims.map(({ ended }) => ended)).toEqual(['vetoed', null])
    expect(may(row(), after(1), spent)).toBe('spent')
    expect(may(row(), after(VETO_SECONDS - 1, 1), spent)).toBe('spent')
    expect(may(row(), after(VETO_SECONDS, 1), spent)).toBe('yes')
    // A clock that was set back gives none back.
    expect(may(row(), after(-DAY, 1), spent)).toBe('spent')
    expect(may(row(), after(1), spent, 'second')).toBe('yes')
    const later = withVeto(spent, row(), 'second', START.wall + VETO_SECONDS)
    expect(later.vetoes).toEqual([{ credential: 'second', at: START.wall + VETO_SECONDS }])
  })

  test('a second factor is not vetoed; what the device asked for itself is taken back at will', () => {
    expect(may(row({ secondFactor: true }), after(0))).toBe('protected')
    for (const kind of ['device-moved', 'recovery-key'] as const) {
      const first = row({ kind })
      const state = withVeto(having(first), first, 'old', START.wall)
      expect(may(row({ kind }), after(1), state)).toBe('yes')
      // And it costs nothing of the budget.
      expect(may(row(), after(1), state)).toBe('yes')
    }
  })
})

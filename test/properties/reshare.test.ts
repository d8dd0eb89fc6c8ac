// Does every reshare give three new shares of the same key, of which any two make it, and none with an old one? (SPEC 5.1)

import { encodePoint, mod, mulBase } from '@tercet/protocol/curve'
import { lagrange } from '@tercet/protocol/internal/polynomial'
import { expose } from '@tercet/protocol/internal/secret'
import type { KeyShare } from '@tercet/protocol/key-share'
import type { Party } from '@tercet/protocol/party'
import { verifyRecord } from '@tercet/protocol/recovery-share'
import { describe, expect, it } from 'vitest'
import {
  firstGeneration,
  type Generation,
  newRecoveryKey,
  reshare,
  shareOf,
  USES,
} from '../support/reshare.js'
import { suite } from '../support/suite.js'

const run = suite('reshare')
const PAIRS = [
  [1, 2],
  [1, 3],
  [2, 3],
] as const

/** The secret that two shares stand for, by the interpolation of any signing pair. */
function joined(i: KeyShare, j: KeyShare): bigint {
  const { party: a, secretShare: sa } = i
  const { party: b, secretShare: sb } = j
  return mod(lagrange(a, b) * expose(sa) + lagrange(b, a) * expose(sb))
}

const all = (generation: Generation): readonly KeyShare[] =>
  ([1, 2, 3] as const).map((party) => shareOf(generation, party))

describe.each(USES)('$name', (use) => {
  it('gives shares of the same key under the same name, and none that fits an old one', () => {
    const base = firstGeneration()
    const next = reshare(use, base, run.random(use.name))
    verifyRecord(next.record)
    const [before, after] = [all(base), all(next)]
    const secret = joined(before[0] as KeyShare, before[1] as KeyShare)
    expect(mulBase(secret).equals(shareOf(base, 1).publicKey)).toBe(true)
    for (const share of after) {
      expect(encodePoint(share.publicKey)).toEqual(base.record.publicKey)
      expect(share.keyId).toEqual(base.record.keyId)
      expect(share.chainCode).toEqual(base.record.chainCode)
      expect([share.epoch, share.attempt]).toEqual([1, 1])
    }
    for (const [a, b] of PAIRS) expect(joined(of(after, a), of(after, b))).toBe(secret)
    for (const [a, b] of PAIRS) {
      expect(joined(of(before, a), of(after, b))).not.toBe(secret)
      expect(joined(of(after, a), of(before, b))).not.toBe(secret)
      run.count(2)
    }
  })
})

const of = (shares: readonly KeyShare[], party: Party): KeyShare => shares[party - 1] as KeyShare

// What can a dishonest dealer do in a reshare? (SPEC 7, rows 7, 10 and 19; 5.1, 5.3)

import { decodePoint, encodePoint, encodeScalar, mod, mulBase, randomScalar } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { checkSubShare, newPolynomial, publicDealing, verifyDealing } from '@tercet/protocol/internal/dealing'
import { box, take } from '@tercet/protocol/internal/one-time'
import { evaluate, lagrange } from '@tercet/protocol/internal/polynomial'
import { reshareCommitment, reshareSession } from '@tercet/protocol/internal/reshare-plan'
import { seal } from '@tercet/protocol/internal/seal'
import { expose } from '@tercet/protocol/internal/secret'
import { encryptVerifiably, openEncryption, pveLabel } from '@tercet/protocol/internal/verifiable-encryption'
import { decodeMessage } from '@tercet/protocol/messages'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import {
  answerRefresh,
  answerReplace,
  dealRefresh,
  dealReplace,
  finishReplace,
  openRefresh,
  openReplace,
  startRefresh,
} from '@tercet/protocol/reshare'
import { describe, expect, it } from 'vitest'
import { suite } from '../support/suite.js'
import { reasonOf, recordedReplace } from './reshare-session.js'

const run = suite('reshare dealers')
const random = run.random('session')
const honest = recordedReplace(random)
const { wallet, record, id, newDevice, sealKey, pins, started, opened } = honest
const { answered, bodies, accepts, sid, session, dealt } = honest
const { req1, res1, req2, res2 } = honest
const theirs = take(answered(), 'replace.Answered')
const own = take(started(), 'replace.Started')

/** lam(i,j)*s_i of a dealer of the pair 1, 2. */
const a0Of = (party: 1 | 2): bigint =>
  mod(lagrange(party, party === 1 ? 2 : 1) * expose(wallet.share(party).secretShare))
const noPoints = { bytes: new Uint8Array(0), points: [] }

describe('a dealer that shares another value than its old share', () => {
  const { f: honest } = theirs.dealer
  const other = newPolynomial(random, mod(honest.a0 + 1n))
  const forged = publicDealing(sid, 2, other, random)

  it('is refused by the initiator, although its proofs are right', () => {
    verifyDealing(sid, 2, forged)
    expect(reasonOf(() => openReplace(started(), { ...res1, ...forged }, random))).toBe(
      'dealer-binding, setup',
    )
  })

  it('is refused by the responder, although the commitment opens', () => {
    const { dealer, rho } = own
    const f = newPolynomial(random, mod(dealer.f.a0 + 1n))
    const commitment = reshareCommitment(dealer.plan, dealer.nonce, { a0: f.A0, a1: f.A1, rho })
    const cheat = box('replace.Started', { dealer: { ...dealer, f }, rho, commitment })
    const q1 = answerReplace(pins, { ...req1, commitment }, random)
    const q2 = openReplace(cheat, decodeMessage('replace.res1', q1.send), random)
    const step = () => dealReplace(q1.state, decodeMessage('replace.req2', q2.send), random)
    expect(reasonOf(step)).toBe('dealer-binding, setup')
  })

  it('is refused by the newcomer, whichever dealer it was', () => {
    const b = publicDealing(sid, 3, newPolynomial(random, mod(own.dealer.f.a0 + 1n)), random)
    const a = { aA0: forged.a0, aA1: forged.a1, proofA0: forged.proof0, proofA1: forged.proof1 }
    expect(accepts()).toBe('accepted')
    expect(accepts(a)).toBe('dealer-binding, setup')
    expect(accepts({ aB0: b.a0, aB1: b.a1, proofB0: b.proof0, proofB1: b.proof1 })).toBe(
      'dealer-binding, setup',
    )
  })

  it('is refused in a refresh, by device and cosigner', () => {
    const input = { share: wallet.share(1), record, id }
    const mine = { share: wallet.share(2), record }
    const begun = startRefresh(input, random)
    const first = decodeMessage('refresh.req1', begun.send)
    const { dealer, rho } = take(begun.state, 'refresh.Started')
    const f = newPolynomial(random, mod(dealer.f.a0 + 1n))
    const commitment = reshareCommitment(dealer.plan, dealer.nonce, { a0: f.A0, a1: f.A1, rho })
    const answer = answerRefresh(mine, { ...first, commitment }, random)
    const second = decodeMessage('refresh.res1', answer.send)
    const { sid } = reshareSession(dealer.plan, { ...first, commitment }, second)
    // The device's wrong dealing, with points for the base OT that are never reached.
    const other = decodeMessage('keygen.req2', wallet.keygen.get('keygen.req2') as Uint8Array)
    const third = { ...other, ...publicDealing(sid, 1, f, random), rho }
    expect(reasonOf(() => dealRefresh(answer.state, third, random))).toBe('dealer-binding, setup')
    // The cosigner's.
    const honest = publicDealing(sid, 2, newPolynomial(random, a0Of(2)), random)
    const wrong = publicDealing(sid, 2, newPolynomial(random, mod(a0Of(2) + 1n)), random)
    verifyDealing(sid, 2, honest)
    const opens = (dealing: typeof honest): string => {
      const state = box('refresh.Started', { dealer, rho, commitment })
      return reasonOf(() => openRefresh(state, { ...second, ...dealing, baseOtA1: noPoints }, random))
    }
    expect(opens(wrong)).toBe('dealer-binding, setup')
    // The right one gets as far as the base OT.
    expect(() => opens(honest)).toThrow()
    run.count(2)
  })

  it('would otherwise change the key, and nothing else would notice', () => {
    // Proofs, sub-share and a sum that is not the identity: every other check of a receiver holds.
    verifyDealing(sid, 2, forged)
    const value = encodeScalar(evaluate(other.a0, other.a1, 1))
    expect(() => checkSubShare(value, 1, forged)).not.toThrow()
    const X = forged.a0.add(own.dealer.f.A0)
    expect(X.equals(wallet.share(1).publicKey)).toBe(false)
    expect(X.equals(wallet.share(1).publicKey.add(mulBase(1n)))).toBe(true)
  })
})

describe('a raised threshold', () => {
  const line = (j: 1 | 2): bigint => evaluate(theirs.dealer.f.a0, theirs.dealer.f.a1, j)
  const square = randomScalar(random)
  /** What a responder seals for the newcomer. */
  const sealed = (value: bigint): Uint8Array =>
    seal(
      {
        from: wallet.identities.cosigner.id,
        to: newDevice.id,
        sessionId: session,
        step: 4,
        direction: 'res',
        field: 'sealedForNewcomer',
        peerKey: sealKey,
      },
      encodeScalar(mod(value)),
      random,
    )

  it('shows in the sub-share: only the value of the committed line is accepted', () => {
    expect(accepts({ sealedByResponder: sealed(line(1)) })).toBe('accepted')
    for (const wrong of [line(1) + square, line(1) + 1n, line(2), 0n])
      expect(accepts({ sealedByResponder: sealed(wrong) })).toBe('sub-share, setup')
    run.count(5)
  })

  it('has no room in a message', () => {
    const third = encodePoint(mulBase(square))
    for (const [name, body, at] of [
      ['replace.res1', bodies.res1, 2 + 64 + 66],
      ['replace.req2', bodies.req2, 2 + 66],
    ] as const) {
      const longer = Uint8Array.from([...body.subarray(0, at), ...third, ...body.subarray(at)])
      expect(() => decodeMessage(name, longer)).toThrow(Malformed)
      const shorter = Uint8Array.from([...body.subarray(0, at - 33), ...body.subarray(at)])
      expect(() => decodeMessage(name, shorter)).toThrow(Malformed)
      run.count(2)
    }
  })

  it('would otherwise give a share that fits nobody', () => {
    const share = mod(line(1) + square + evaluate(own.dealer.f.a0, own.dealer.f.a1, 1))
    const S1 = dealt.record.commitments
      .flat()
      .map((bytes) => decodePoint(bytes, 'commitments'))
      .reduce((sum, point) => sum.add(point))
    expect(mulBase(share).equals(S1)).toBe(false)
    expect(mulBase(mod(share - square)).equals(S1)).toBe(true)
  })
})

describe('garbage for the recovery share', () => {
  const recoveryKey = mulBase(wallet.kappa)
  const value = evaluate(theirs.dealer.f.a0, theirs.dealer.f.a1, 3)
  const label = pveLabel(sid, 2, 3, 1, 1)
  const garbage: readonly (readonly [what: string, proof: Uint8Array])[] = [
    ['another value', encryptVerifiably(label, recoveryKey, mod(value + 1n), random)],
    ['another key', encryptVerifiably(label, mulBase(randomScalar(random)), value, random)],
    ['another epoch', encryptVerifiably(pveLabel(sid, 2, 3, 0, 0), recoveryKey, value, random)],
    ['another dealer', encryptVerifiably(pveLabel(sid, 3, 3, 1, 1), recoveryKey, value, random)],
  ]

  it.each(garbage)('under %s is refused by initiator and newcomer', (_, encryption) => {
    const finish = () => finishReplace(opened(), { ...res2, encryption }, random)
    expect(reasonOf(finish)).toBe('verifiable-encryption, setup')
    expect(accepts({ encryptionA: encryption })).toBe('verifiable-encryption, setup')
    run.count(2)
  })

  it('is refused by the responder, and by the newcomer from the initiator', () => {
    const deal = () => dealReplace(answered(), { ...req2, encryption: garbage[0]?.[1] as Uint8Array }, random)
    expect(reasonOf(deal)).toBe('verifiable-encryption, setup')
    expect(accepts({ encryptionB: garbage[0]?.[1] as Uint8Array })).toBe('verifiable-encryption, setup')
    run.count(2)
  })

  it('would otherwise open to a value that is no share of this key', () => {
    const [, encryption] = garbage[0] as (typeof garbage)[number]
    const opened = openEncryption(label, wallet.kappa, mulBase(mod(value + 1n)), encryption)
    const wrong = mod(opened + evaluate(own.dealer.f.a0, own.dealer.f.a1, 3))
    const s3 = openRecoveryShare(dealt.record, wallet.kappa)
    expect(mod(wrong - 1n)).toBe(expose(s3.secretShare))
    expect(mulBase(wrong).equals(s3.publicShares[2])).toBe(false)
  })

  it('is told from an honest one made anew, with which Tr is another', () => {
    const encryption = encryptVerifiably(label, recoveryKey, value, random)
    expect(reasonOf(() => finishReplace(opened(), { ...res2, encryption }, random))).toBe(
      'keygen-proof, setup',
    )
  })
})

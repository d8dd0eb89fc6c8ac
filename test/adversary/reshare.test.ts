// What can a dishonest dealer or newcomer do in a reshare? (SPEC 7, rows 7, 10 and 19; 5.1, 5.3)

import { decodePoint, encodePoint, encodeScalar, mod, mulBase, randomScalar } from '@tercet/protocol/curve'
import { Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import { checkSubShare, newPolynomial, publicDealing, verifyDealing } from '@tercet/protocol/internal/dealing'
import { box, take } from '@tercet/protocol/internal/one-time'
import { evaluate, lagrange } from '@tercet/protocol/internal/polynomial'
import { reshareCommitment, reshareSession } from '@tercet/protocol/internal/reshare-plan'
import { seal, unseal } from '@tercet/protocol/internal/seal'
import { expose } from '@tercet/protocol/internal/secret'
import { encryptVerifiably, openEncryption, pveLabel } from '@tercet/protocol/internal/verifiable-encryption'
import { decodeMessage, encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import {
  accept,
  answerRefresh,
  answerReplace,
  checkAcknowledgement,
  commit,
  confirm,
  dealRefresh,
  dealReplace,
  finishReplace,
  offer,
  openRefresh,
  openReplace,
  startRefresh,
  startReplace,
} from '@tercet/protocol/reshare'
import { describe, expect, it } from 'vitest'
import { fixtureWallet, identityOf } from '../support/fixture.js'
import { firstGeneration, newRecoveryKey, reshare, USES, type Use } from '../support/reshare.js'
import { NO_SIGNATURE, offerValue, requireOffer } from '../support/reshare-programs.js'
import { forks } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('reshare attacks')
const random = run.random('session')
const wallet = fixtureWallet()
const { record } = wallet
const id = { epoch: 1, attempt: 1 }

const reasonOf = (step: () => unknown): string => {
  try {
    step()
  } catch (error) {
    if (error instanceof ProtocolAbort) return `${error.reason}, ${error.consequence}`
    if (error instanceof Malformed) return 'malformed'
    throw error
  }
  return 'accepted'
}

// One honest session, whose states are used many times: recovery party and cosigner deal, and a new device comes.
const newDevice = identityOf(random(32))
const invited = decodeMessage(
  'newcomer.req1',
  encodeMessage('newcomer.req1', {
    nonce: random(32),
    keyId: record.keyId,
    party: 'device',
    transcriptBase: record.transcript,
    ...id,
  }),
)
const o = offer(invited, newDevice.id, random)
const offered = forks(o.state)
const newcomer = {
  party: 1,
  identity: newDevice.id,
  sealKey: o.sealKey,
  signature: newDevice.sign(offerValue(invited, o.sealKey)),
} as const
const lost = {
  share: wallet.share(3),
  record,
  id,
  responder: 2,
  newcomer,
  authorisation: random(32),
} as const
const pins = { share: wallet.share(2), record, initiator: 3, newcomer } as const
const s = startReplace(lost, random)
const started = forks(s.state)
const req1 = decodeMessage('replace.req1', s.send)
const a = answerReplace(pins, req1, random)
const answered = forks(a.state)
const res1 = decodeMessage('replace.res1', a.send)
const p = openReplace(started(), res1, random)
const opened = forks(p.state)
const req2 = decodeMessage('replace.req2', p.send)
const d = dealReplace(answered(), req2, random)
const res2 = decodeMessage(
  'replace.res2',
  encodeMessage('replace.res2', { ...d.send, signature: NO_SIGNATURE }),
)
const f = finishReplace(opened(), res2, random)
const handover = (change: Partial<MessageOf<'newcomer.req2'>> = {}): MessageOf<'newcomer.req2'> => {
  const fields = { ...f.handover, signature: NO_SIGNATURE, dealerSignature: NO_SIGNATURE }
  const body = encodeMessage('newcomer.req2', { ...fields, baseKit: new Uint8Array(0) })
  return { ...decodeMessage('newcomer.req2', body), ...change }
}
const accepts = (change: Partial<MessageOf<'newcomer.req2'>> = {}): string =>
  reasonOf(() => accept(offered(), { record }, handover(change), random))
const theirs = take(answered(), 'replace.Answered')
const own = take(started(), 'replace.Started')
const { sid, session } = theirs.session

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
        peerKey: o.sealKey,
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
      ['replace.res1', a.send, 2 + 64 + 66],
      ['replace.req2', p.send, 2 + 66],
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
    const S1 = d.record.commitments
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
    const s3 = openRecoveryShare(d.record, wallet.kappa)
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

describe('another base', () => {
  const answers = (change: Partial<MessageOf<'replace.req1'>>): string =>
    reasonOf(() => answerReplace(pins, { ...req1, ...change }, random))

  it('is refused before anything is dealt', () => {
    expect(answers({})).toBe('accepted')
    const changes: readonly Partial<MessageOf<'replace.req1'>>[] = [
      { keyId: random(32) },
      { baseEpoch: 1 },
      { baseAttempt: 1 },
      { epoch: 0 },
      { epoch: 3 },
      { attempt: 0 },
    ]
    for (const change of changes) expect(answers(change)).toBe('context, context')
    run.count(changes.length)
  })

  it('a record of another epoch is no base of this share', () => {
    expect(() => startReplace({ ...lost, record: f.record }, random)).toThrow(Misuse)
    expect(() => answerReplace({ ...pins, record: f.record }, req1, random)).toThrow(Misuse)
  })

  it('a newcomer refuses what was not invited', () => {
    const accepting = (change: Partial<typeof invited>): string => {
      const again = offer({ ...invited, ...change }, newDevice.id, random)
      return reasonOf(() => accept(again.state, { record }, handover(), random))
    }
    for (const change of [
      { keyId: random(32) },
      { transcriptBase: random(32) },
      { epoch: 3 },
      { attempt: 0 },
    ])
      expect(accepting(change)).toBe('context, context')
    // Of this base, but another attempt: everything was made for another sid.
    expect(accepting({ attempt: 2 })).toBe('keygen-proof, setup')
    expect(accepting({ party: 'cosigner' })).toBe('newcomer, context')
    run.count(6)
  })
})

describe('another newcomer', () => {
  const stranger = identityOf(random(32))
  const answers = (change: Partial<typeof newcomer> | { party: 2 }): string =>
    reasonOf(() => answerReplace({ ...pins, newcomer: { ...newcomer, ...change } }, req1, random))

  it('than the authorisation names is refused', () => {
    expect(answers({ identity: stranger.id })).toBe('newcomer, context')
    expect(answers({ party: 2 })).toBe('newcomer, context')
  })

  it('that is a party already is refused, by every side', () => {
    const { device, cosigner } = wallet.identities
    for (const identity of [device.id, cosigner.id]) {
      const known = { ...newcomer, identity }
      expect(reasonOf(() => startReplace({ ...lost, newcomer: known }, random))).toBe('newcomer, context')
      const message = { ...req1, newcomerIdentity: identity }
      expect(reasonOf(() => answerReplace({ ...pins, newcomer: known }, message, random))).toBe(
        'newcomer, context',
      )
      const own = offer(invited, identity, random)
      expect(reasonOf(() => accept(own.state, { record }, handover(), random))).toBe('newcomer, context')
      run.count(3)
    }
  })

  it('cannot come with dealers that it would replace', () => {
    expect(accepts({ dealers: 'device-recovery' })).toBe('newcomer, context')
    // With others that there could be, the proofs are for another sid.
    expect(accepts({ dealers: 'device-cosigner' })).toBe('keygen-proof, setup')
  })

  describe('an initiator that puts its own encryption key in the newcomer’s place', () => {
    // The initiator's own key pair, made as any newcomer makes one.
    const keys = take(offer(invited, newDevice.id, random).state, 'newcomer.Offered').sealKey
    const cheat = { ...req1, newcomerSealKey: keys.publicKey }

    it('lacks the newcomer’s signature', () => {
      const o = {
        keyId: record.keyId,
        transcriptBase: record.transcript,
        ...id,
        party: 1,
        identity: newDevice.id,
        signature: newcomer.signature,
      } as const
      expect(() => requireOffer(newDevice.id, { ...o, sealKey: newcomer.sealKey })).not.toThrow()
      expect(reasonOf(() => requireOffer(newDevice.id, { ...o, sealKey: keys.publicKey }))).toBe(
        'newcomer, context',
      )
    })

    it('would otherwise hold two shares, and so the key', () => {
      const q1 = answerReplace(pins, cheat, random)
      const plan = { ...own.dealer.plan, newcomer: { ...newcomer, sealKey: keys.publicKey } }
      const state = box('replace.Started', { ...own, dealer: { ...own.dealer, plan } })
      const q2 = openReplace(state, decodeMessage('replace.res1', q1.send), random)
      const dealt = dealReplace(q1.state, decodeMessage('replace.req2', q2.send), random)
      const stolen = unseal(
        {
          from: wallet.identities.cosigner.id,
          to: newDevice.id,
          sessionId: q1.sessionId,
          step: 4,
          direction: 'res',
          field: 'sealedForNewcomer',
          ...keys,
        },
        dealt.send.sealedForNewcomer,
      )
      const { f } = own.dealer
      const s1 = mod(BigInt(`0x${Buffer.from(stolen).toString('hex')}`) + evaluate(f.a0, f.a1, 1))
      const s3 = expose(openRecoveryShare(dealt.record, wallet.kappa).secretShare)
      const x = mod(lagrange(1, 3) * s1 + lagrange(3, 1) * s3)
      expect(mulBase(x).equals(wallet.share(1).publicKey)).toBe(true)
    })
  })
})

describe('another recovery key', () => {
  const fresh = newRecoveryKey(random)
  const proof = proveRecoveryKey(fresh.kappa, ownerOf(newDevice.id), random)

  it('needs the permission of the responder, and the proof of its owner', () => {
    const change = { recoveryKey: fresh.recoveryKey, recoveryProof: proof }
    const { send } = startReplace({ ...lost, change }, random)
    const message = decodeMessage('replace.req1', send)
    const allowed = { ...pins, recoveryKey: fresh.recoveryKey }
    expect(reasonOf(() => answerReplace(allowed, message, random))).toBe('accepted')
    expect(reasonOf(() => answerReplace(pins, message, random))).toBe('context, context')
    expect(reasonOf(() => answerReplace(allowed, req1, random))).toBe('context, context')
    const stolen = proveRecoveryKey(fresh.kappa, ownerOf(wallet.identities.device.id), random)
    const others = { ...message, recoveryProof: stolen }
    expect(reasonOf(() => answerReplace(allowed, others, random))).toBe('keygen-proof, setup')
    const none = { ...req1, recoveryProof: proof }
    expect(reasonOf(() => answerReplace(pins, none, random))).toBe('context, context')
    run.count(5)
  })

  it('would otherwise give a device that names its own the whole key', () => {
    const moved = USES.find((use) => use.name === 'device moved') as Use
    const { record, kappa, shares } = reshare(moved, firstGeneration(), random, fresh)
    const s1 = expose(shares[0].secretShare)
    const s3 = expose(openRecoveryShare(record, kappa).secretShare)
    const x = mod(lagrange(1, 3) * s1 + lagrange(3, 1) * s3)
    expect(mulBase(x).equals(wallet.share(1).publicKey)).toBe(true)
  })

  it('needs the permission of the newcomer', () => {
    const pinned = { record, recoveryKey: fresh.recoveryKey }
    expect(reasonOf(() => accept(offered(), pinned, handover(), random))).toBe('context, context')
    expect(accepts({ recoveryKey: fresh.recoveryKey })).toBe('context, context')
  })

  it('needs a claim in a refresh', () => {
    const base = { share: wallet.share(1), record, id }
    const recoveryProof = proveRecoveryKey(fresh.kappa, ownerOf(wallet.identities.device.id), random)
    const change = { recoveryKey: fresh.recoveryKey, recoveryProof, authorisation: random(32) }
    const message = decodeMessage('refresh.req1', startRefresh({ ...base, change }, random).send)
    const mine = { share: wallet.share(2), record }
    const allowed = { ...mine, recoveryKey: fresh.recoveryKey }
    expect(reasonOf(() => answerRefresh(allowed, message, random))).toBe('accepted')
    expect(reasonOf(() => answerRefresh(mine, message, random))).toBe('context, context')
    const unclaimed = { ...message, authorisation: new Uint8Array(32) }
    expect(reasonOf(() => answerRefresh(allowed, unclaimed, random))).toBe('context, context')
    const plain = decodeMessage('refresh.req1', startRefresh(base, random).send)
    expect(reasonOf(() => answerRefresh(mine, plain, random))).toBe('accepted')
    const claimed = { ...plain, authorisation: random(32) }
    expect(reasonOf(() => answerRefresh(mine, claimed, random))).toBe('context, context')
    run.count(5)
  })
})

describe('fields that have no meaning between these parties', () => {
  it('are zero bytes', () => {
    const sealedSubShare = random(80)
    expect(reasonOf(() => finishReplace(opened(), { ...res2, sealedSubShare }, random))).toBe(
      'context, context',
    )
    run.count()
  })
})

describe('split views', () => {
  const device = accept(offered(), { record }, handover(), random)
  const cosigner = d.share as NonNullable<typeof d.share>

  it('another line shown to the newcomer than to the responder ends at the proof of the cosigner’s share', () => {
    const { a0 } = own.dealer.f
    const f = newPolynomial(random, a0)
    const b = publicDealing(sid, 3, f, random)
    const value = encodeScalar(evaluate(f.a0, f.a1, 1))
    const from = own.dealer.plan.base.identities[2]
    const sealedByInitiator = seal(
      {
        from,
        to: newDevice.id,
        sessionId: session,
        step: 3,
        direction: 'req',
        field: 'sealedByInitiator',
        peerKey: o.sealKey,
      },
      value,
      random,
    )
    const encryptionB = encryptVerifiably(
      pveLabel(sid, 3, 3, 1, 1),
      mulBase(wallet.kappa),
      evaluate(f.a0, f.a1, 3),
      random,
    )
    const shown = { aB0: b.a0, aB1: b.a1, proofB0: b.proof0, proofB1: b.proof1 }
    expect(accepts({ ...shown, sealedByInitiator, encryptionB })).toBe('keygen-proof, setup')
  })

  it('an acknowledgement of another transcript or share is refused', () => {
    const body = encodeMessage('newcomer.res2', { ...device.send, signature: NO_SIGNATURE })
    const ack = decodeMessage('newcomer.res2', body)
    const check = (message: typeof ack): string => reasonOf(() => checkAcknowledgement(f.record, 1, message))
    expect(check(ack)).toBe('accepted')
    expect(check({ ...ack, transcript: random(32) })).toBe('transcript, setup')
    expect(check({ ...ack, shareProof: res2.shareProof })).toBe('keygen-proof, setup')
    run.count(2)
  })

  it('a commit of another epoch, attempt, transcript or share is refused', () => {
    const fields = {
      ...commit(device.key.share, random),
      signature: NO_SIGNATURE,
      dealerSignature: NO_SIGNATURE,
    }
    const message = decodeMessage('reshare.req3', encodeMessage('reshare.req3', fields))
    const commits = (change: Partial<typeof message>): string =>
      reasonOf(() => confirm(cosigner, { ...message, ...change }))
    expect(commits({})).toBe('accepted')
    expect(commits({ epoch: 2 })).toBe('context, context')
    expect(commits({ attempt: 2 })).toBe('context, context')
    expect(commits({ transcript: record.transcript })).toBe('transcript, setup')
    expect(commits({ shareProof: res2.shareProof })).toBe('keygen-proof, setup')
    const before = wallet.share(1)
    expect(commits({ shareProof: commit(before, random).shareProof })).toBe('keygen-proof, setup')
    expect(() => confirm(device.key.share, message)).toThrow(Misuse)
    run.count(6)
  })
})

describe('a copied commitment', () => {
  it('does not open in another session of the same claim', () => {
    const copied = { ...req1, nonce: random(32) }
    const { state } = answerReplace(pins, copied, random)
    expect(reasonOf(() => dealReplace(state, req2, random))).toBe('keygen-opening, setup')
  })
})

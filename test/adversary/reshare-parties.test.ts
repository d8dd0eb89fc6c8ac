// What can a party do in a reshare that names another base, newcomer or recovery key, or shows two sides two things? (SPEC 7, row 10; 5.1, 5.3)

import { encodeScalar, mod, mulBase } from '@tercet/protocol/curve'
import { Misuse } from '@tercet/protocol/errors'
import { newPolynomial, publicDealing } from '@tercet/protocol/internal/dealing'
import { box, take } from '@tercet/protocol/internal/one-time'
import { evaluate, lagrange } from '@tercet/protocol/internal/polynomial'
import { seal, unseal } from '@tercet/protocol/internal/seal'
import { expose } from '@tercet/protocol/internal/secret'
import { encryptVerifiably, pveLabel } from '@tercet/protocol/internal/verifiable-encryption'
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
  dealReplace,
  finishReplace,
  offer,
  openReplace,
  startRefresh,
  startReplace,
} from '@tercet/protocol/reshare'
import { describe, expect, it } from 'vitest'
import { identityOf } from '../support/fixture.js'
import { firstGeneration, newRecoveryKey, reshare, USES, type Use } from '../support/reshare.js'
import { NO_SIGNATURE, requireOffer } from '../support/reshare-programs.js'
import { suite } from '../support/suite.js'
import { reasonOf, recordedReplace } from './reshare-session.js'

const run = suite('reshare parties')
const random = run.random('session')
const honest = recordedReplace(random)
const { wallet, record, id, newDevice, invited, sealKey, offered, newcomer, pins, opened, lost, started } =
  honest
const { req1, req2, res2, handover, accepts, sid, session, dealt, finished } = honest
const own = take(started(), 'replace.Started')

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
    expect(() => startReplace({ ...lost, record: finished.record }, random)).toThrow(Misuse)
    expect(() => answerReplace({ ...pins, record: finished.record }, req1, random)).toThrow(Misuse)
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
  const cosigner = dealt.share as NonNullable<typeof dealt.share>

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
        peerKey: sealKey,
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
    const check = (message: typeof ack): string =>
      reasonOf(() => checkAcknowledgement(finished.record, 1, message))
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

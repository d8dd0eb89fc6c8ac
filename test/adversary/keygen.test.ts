// What can a dishonest dealer do in a keygen? (SPEC 7, rows 7, 8, 9 and 15; 1.2)

import { encodePoint, encodeScalar, mod, mulBase, randomScalar } from '@tercet/protocol/curve'
import { Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import { take } from '@tercet/protocol/internal/one-time'
import { seal } from '@tercet/protocol/internal/seal'
import { completeRecord, type KeyRecord } from '@tercet/protocol/key-record'
import { answer, deal, finish, open, start } from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import * as setup from '@tercet/protocol/ot-setup'
import * as presign from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { describe, expect, it } from 'vitest'
import { fixtureWallet, identityOf } from '../support/fixture.js'
import { forks } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('keygen attacks')
const wallet = fixtureWallet()
const { device, cosigner } = wallet.identities
const parties = { idDevice: device.id, idCosigner: cosigner.id }
const { policyHash, kappa } = wallet
const recoveryKey = mulBase(kappa)
const signature = new Uint8Array(64)

// One honest session, whose states are used many times; the attacks replace one message of it.
const random = run.random('session')
const pins = {
  parties,
  recoveryKey,
  recoveryProof: proveRecoveryKey(kappa, ownerOf(device.id), random),
  policyHash,
}
const d1 = start(pins, random)
const started = forks(d1.state)
const req1 = decodeMessage('keygen.req1', d1.send)
const c1 = answer({ parties, policyHash }, req1, random)
const answered = forks(c1.state)
const res1 = decodeMessage('keygen.res1', c1.send)
const d2 = open(started(), res1, random)
const opened = forks(d2.state)
const req2 = decodeMessage('keygen.req2', d2.send)
const c2 = deal(answered(), req2, random)
const res2 = decodeMessage('keygen.res2', encodeMessage('keygen.res2', { ...c2.send, signature }))
const theirs = take(answered(), 'keygen.CosignerAnswered')
const own = take(started(), 'keygen.DeviceStarted')

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

/** A sub-share of the cosigner's making, sealed as the session asks. */
const toDevice = (value: bigint): Uint8Array =>
  seal(
    {
      from: cosigner.id,
      to: device.id,
      sessionId: d1.sessionId,
      step: 4,
      direction: 'res',
      field: 'sealedSubShare',
      peerKey: req1.sealKey,
    },
    encodeScalar(mod(value)),
    random,
  )
const toCosigner = (value: bigint): Uint8Array =>
  seal(
    {
      from: device.id,
      to: cosigner.id,
      sessionId: d1.sessionId,
      step: 3,
      direction: 'req',
      field: 'sealedSubShare',
      peerKey: res1.sealKey,
    },
    encodeScalar(mod(value)),
    random,
  )

describe('Feldman checks', () => {
  const { f } = theirs
  const finishWith = (sealedSubShare: Uint8Array): string =>
    reasonOf(() => finish(opened(), { ...res2, sealedSubShare }, random))
  const dealWith = (sealedSubShare: Uint8Array): string =>
    reasonOf(() => deal(answered(), { ...req2, sealedSubShare }, random))

  it('accept the value of the committed line, and it alone', () => {
    expect(finishWith(toDevice(f.a0 + f.a1))).toBe('accepted')
    expect(dealWith(toCosigner(own.f.a0 + 2n * own.f.a1))).toBe('accepted')
    // Off by one, the value of another party, of a parabola through the committed coefficients, and nothing at all.
    const square = randomScalar(random)
    for (const wrong of [f.a0 + f.a1 + 1n, f.a0 + 2n * f.a1, f.a0 + f.a1 + square, f.a0, 0n])
      expect(finishWith(toDevice(wrong))).toBe('sub-share, setup')
    const line = own.f.a0 + 2n * own.f.a1
    for (const wrong of [line + 1n, own.f.a0 + own.f.a1, line + 4n * square, own.f.a0, 0n])
      expect(dealWith(toCosigner(wrong))).toBe('sub-share, setup')
    run.count(12)
  })

  it('without them, the device would hold a share that signs nothing', () => {
    const wrong = mod(f.a0 + f.a1 + 1n + own.f.a0 + own.f.a1)
    const line = own.f.A0.add(own.f.A1).add(f.A0).add(f.A1)
    expect(mulBase(wrong).equals(line)).toBe(false)
    expect(mulBase(mod(wrong - 1n)).equals(line)).toBe(true)
  })

  it('a third coefficient, zero or real, and a single one are malformed', () => {
    for (const [name, body, at] of [
      ['keygen.res1', c1.send, 2 + 64 + 66],
      ['keygen.req2', d2.send, 2 + 66],
    ] as const) {
      const third = encodePoint(mulBase(randomScalar(random)))
      const insert = (extra: Uint8Array) =>
        Uint8Array.from([...body.subarray(0, at), ...extra, ...body.subarray(at)])
      for (const longer of [insert(third), insert(new Uint8Array(33)), Uint8Array.from([...body, ...third])])
        expect(() => decodeMessage(name, longer)).toThrow(Malformed)
      const shorter = Uint8Array.from([...body.subarray(0, at - 33), ...body.subarray(at)])
      expect(() => decodeMessage(name, shorter)).toThrow(Malformed)
      run.count(4)
    }
  })
})

describe('the recovery party under another name', () => {
  const idV = Uint8Array.of(2, ...encodePoint(recoveryKey))
  it('is no device', () => {
    const proof = proveRecoveryKey(kappa, ownerOf(idV), random)
    const posing = { idDevice: idV, idCosigner: cosigner.id }
    const asked = start({ ...pins, parties: posing, recoveryProof: proof }, random)
    const message = decodeMessage('keygen.req1', asked.send)
    expect(reasonOf(() => answer({ parties: posing, policyHash }, message, random))).toBe('context, context')
  })

  it('is no cosigner', () => {
    const posing = { idDevice: device.id, idCosigner: idV }
    expect(reasonOf(() => start({ ...pins, parties: posing }, random))).toBe('context, context')
  })
})

describe('a rogue key', () => {
  const y = randomScalar(random)
  const target = mulBase(y)
  // A cosigner that saw A_10 before it answered, against the order of the messages.
  const rogue = target.subtract(own.f.A0)

  it('would make the sum a key that the attacker knows', () => {
    expect(own.f.A0.add(rogue).equals(mulBase(y))).toBe(true)
  })

  it('has no proof of knowledge', () => {
    const forged = [
      res1.proof0,
      res1.proof1,
      Uint8Array.from([...encodePoint(mulBase(y)), ...encodeScalar(y)]),
      req2.proof0,
    ]
    for (const proof0 of forged)
      expect(reasonOf(() => open(started(), { ...res1, a0: rogue, proof0 }, random))).toBe(
        'keygen-proof, setup',
      )
    run.count(forged.length)
  })

  it('a coefficient that cancels the other to the identity is refused', () => {
    expect(() => completeRecord({ ...wallet.record, commitments: cancelled() })).toThrow(
      new ProtocolAbort('keygen-identity'),
    )
  })

  const cancelled = (): KeyRecord['commitments'] => {
    const [[a10, a11], [, a21]] = wallet.record.commitments
    const negative = a10.slice()
    negative[0] = (negative[0] as number) ^ 1
    return [
      [a10, a11],
      [negative, a21],
    ]
  }
})

describe('a copied commitment', () => {
  it('does not open in a session of another device, with the nonce of the first or another', () => {
    const echo = identityOf(random(32))
    for (const nonce of [random(32), req1.nonce]) {
      const copied = {
        ...req1,
        nonce,
        recoveryProof: proveRecoveryKey(kappa, ownerOf(echo.id), random),
      }
      const other = { idDevice: echo.id, idCosigner: cosigner.id }
      const { state } = answer({ parties: other, policyHash }, copied, random)
      expect(reasonOf(() => deal(state, req2, random))).toBe('keygen-opening, setup')
      run.count()
    }
  })

  it('does not open in a second session of the same device', () => {
    const copied = { ...req1, nonce: random(32) }
    const { state } = answer({ parties, policyHash }, copied, random)
    expect(reasonOf(() => deal(state, req2, random))).toBe('keygen-opening, setup')
    run.count()
  })
})

describe('a broken random generator', () => {
  const constant =
    (byte: number): Random =>
    (length) =>
      new Uint8Array(length).fill(byte)
  const I = wallet.context(1, 2, 'initiator')
  const J = wallet.context(1, 2, 'responder')
  const steps: readonly (readonly [string, (r: Random) => unknown])[] = [
    ['keygen start', (r) => start(pins, r)],
    ['keygen answer', (r) => answer({ parties, policyHash }, req1, r)],
    ['keygen open', (r) => open(started(), res1, r)],
    ['keygen deal', (r) => deal(answered(), req2, r)],
    ['OT setup start', (r) => setup.start(I.share, { initiator: 1, responder: 2 }, 'pair', r)],
    ['presign start', (r) => presign.start(I, 1, r)],
    ['fresh start', (r) => presign.startFresh(I, random(9), r)],
  ]

  it.each(steps)('of zeros is refused: %s', (_, step) => {
    expect(() => step(constant(0))).toThrow(Misuse)
    run.count()
  })

  it.each(steps)('of another length is refused: %s', (_, step) => {
    expect(() => step((length) => random(length - 1))).toThrow(Misuse)
    expect(() => step(() => new Uint8Array(0))).toThrow(Misuse)
    run.count(2)
  })

  it('a constant one at both sides gives equal nonces, which the initiator refuses', () => {
    const stuck = constant(7)
    const a = start(pins, stuck)
    const b = answer({ parties, policyHash }, decodeMessage('keygen.req1', a.send), stuck)
    const step = () => open(a.state, decodeMessage('keygen.res1', b.send), random)
    expect(reasonOf(step)).toBe('nonce, malformed')
    const p = presign.start(I, 1, stuck)
    const q = presign.answer(J, decodeMessage('presign.req1', p.send), stuck)
    const step2 = () => presign.finish(p.state, decodeMessage('presign.res1', q.send), random)
    expect(reasonOf(step2)).toBe('nonce, malformed')
    run.count(2)
  })

  it('an initiator whose nonce is zero is refused', () => {
    const nonce = new Uint8Array(32)
    const zero = 'nonce, malformed'
    expect(reasonOf(() => answer({ parties, policyHash }, { ...req1, nonce }, random))).toBe(zero)
    const otReq = decodeMessage('ot.req1', encodeMessage('ot.req1', { nonce, reason: 'pair' }))
    const pair = { initiator: 1, responder: 2 } as const
    expect(reasonOf(() => setup.answer(J.share, pair, otReq, random))).toBe(zero)
    const p = decodeMessage('presign.req1', presign.start(I, 1, random).send)
    expect(reasonOf(() => presign.answer(J, { ...p, nonce }, random))).toBe(zero)
    const q = decodeMessage('fresh.req1', presign.startFresh(I, random(9), random).send)
    expect(reasonOf(() => presign.answerFresh(J, { ...q, nonce }, random))).toBe(zero)
    run.count(4)
  })
})

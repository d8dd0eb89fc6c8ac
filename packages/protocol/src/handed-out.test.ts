// Is a state its own, whatever the caller does with the bytes that it was handed or that it gave? (SPEC 0.5)

import { expect, it } from 'vitest'
import { derive, parsePath } from './derivation.js'
import * as keygen from './keygen/index.js'
import { decodeMessage, encodeMessage } from './messages/index.js'
import * as ot from './ot-setup/index.js'
import * as presign from './presign/index.js'
import type { Random } from './random.js'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from './recovery-key.js'
import * as reshare from './reshare/index.js'
import * as sign from './sign/index.js'
import { seededRandom } from './testing/seeded-random.js'

const SEED = 'handed-out'

/** Draws that a careless generator overwrites afterwards. */
function seeded(seed: string): Random {
  const random = seededRandom(seed)
  let last = new Uint8Array(0)
  return (length) => {
    last.fill(0)
    last = Uint8Array.from(random(length))
    return last
  }
}

/** A copy for the receiver; the caller's own bytes are overwritten, as a transfer to another thread would leave them. */
function moved(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  bytes.fill(0)
  return copy
}

it(`a caller that overwrites every byte string still signs (seed ${SEED})`, () => {
  const random = seeded(SEED)
  const id = (n: number): Uint8Array => Uint8Array.of(1, 2, ...new Uint8Array(32).fill(n))
  const parties = { idDevice: id(1), idCosigner: id(2) }
  const policyHash = Uint8Array.from(random(32))
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(Uint8Array.from(random(32)))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), random)

  const a = keygen.start({ parties, recoveryKey, recoveryProof, policyHash }, random)
  moved(a.sessionId)
  const b = keygen.answer({ parties, policyHash }, decodeMessage('keygen.req1', moved(a.send)), random)
  moved(b.sessionId)
  const c = keygen.open(a.state, decodeMessage('keygen.res1', moved(b.send)), random)
  const d = keygen.deal(b.state, decodeMessage('keygen.req2', moved(c.send)), random)
  const signature = new Uint8Array(64)
  const res2 = encodeMessage('keygen.res2', { ...d.send, signature })
  const e = keygen.finish(c.state, decodeMessage('keygen.res2', moved(res2)), random)
  const req3 = encodeMessage('keygen.req3', { ...e.send, signature })
  const f = keygen.confirm(d.state, decodeMessage('keygen.req3', moved(req3)))

  const pair = { initiator: 1, responder: 2 } as const
  const g = ot.start(e.key.share, pair, 'rotation', random)
  moved(g.nonce)
  const h = ot.answer(f.share, pair, decodeMessage('ot.req1', moved(g.send)), random)
  const i = ot.open(g.state, decodeMessage('ot.res1', moved(h.send)), random)
  const j = ot.confirm(h.state, decodeMessage('ot.req2', moved(i.send)), random)
  const k = ot.finish(i.state, decodeMessage('ot.res2', moved(j.send)))

  const ids = { idInitiator: parties.idDevice, idResponder: parties.idCosigner }
  const I: presign.SigningContext = { share: e.key.share, otSetup: k.otSetup, ...ids }
  const J: presign.SigningContext = { share: f.share, otSetup: j.otSetup, ...ids }
  const { tweak } = derive(I.share, parsePath('m/0/7'))
  const input = (): sign.SigningInput => ({
    digest: sign.digest(new Uint8Array(32).fill(7)),
    tweak,
    request: new Uint8Array(64).fill(9),
  })

  const l = presign.start(I, 1, random)
  moved(l.nonce)
  const m = presign.answer(J, decodeMessage('presign.req1', moved(l.send)), random)
  for (const presigId of m.presigIds) moved(presigId)
  const n = presign.finish(l.state, decodeMessage('presign.res1', moved(m.send), 1), random)
  const o = presign.confirm(m.state, decodeMessage('presign.req2', moved(n.send), 1))
  const p = presign.accept(n.state, decodeMessage('presign.res2', moved(o.send), 1))
  const [mine, theirs] = [p[0], o.presignatures[0]]
  if (mine === undefined || theirs === undefined) throw new Error('a batch of one has one presignature')
  moved(mine.presigId)
  moved(theirs.presigId)
  const asked = input()
  const q = sign.request(mine.presignature, asked)
  moved(asked.request)
  moved(q.send)
  expect(sign.combine(q.state, sign.release(theirs.presignature, input(), random)).r).toBeGreaterThan(0n)

  const freshly = input()
  const r = presign.startFresh(I, freshly.request, random)
  moved(r.nonce)
  const s = presign.answerFresh(J, decodeMessage('fresh.req1', moved(r.send)), random)
  moved(s.presigId)
  const t = sign.finishFresh(r.state, decodeMessage('fresh.res1', moved(s.send)), freshly, random)
  moved(freshly.request)
  const u = presign.confirmFresh(s.state, decodeMessage('fresh.req2', moved(t.send)))
  expect(sign.combine(t.state, sign.release(u, input(), random)).r).toBeGreaterThan(0n)

  // A new device takes the place of this one.
  const fresh = (value: Uint8Array): Uint8Array => Uint8Array.from(value)
  const id2 = { epoch: 1, attempt: 1 }
  const { keyId, transcript } = e.key.record
  const named = { keyId, transcriptBase: transcript, ...id2 }
  const invited = encodeMessage('newcomer.req1', { nonce: fresh(random(32)), party: 'device', ...named })
  const offered = reshare.offer(decodeMessage('newcomer.req1', moved(invited)), id(3), random)
  const newcomer = { party: 1, identity: id(3), sealKey: moved(offered.sealKey), signature } as const
  const begun = reshare.startReplace(
    { share: e.key.share, record: e.key.record, id: id2, responder: 2, newcomer, authorisation: keyId },
    random,
  )
  moved(begun.sessionId)
  const answered = reshare.answerReplace(
    { share: f.share, record: f.record, initiator: 1, newcomer },
    decodeMessage('replace.req1', moved(begun.send)),
    random,
  )
  moved(answered.sessionId)
  const opened = reshare.openReplace(begun.state, decodeMessage('replace.res1', moved(answered.send)), random)
  const dealt = reshare.dealReplace(answered.state, decodeMessage('replace.req2', moved(opened.send)), random)
  const res = encodeMessage('replace.res2', { ...dealt.send, signature })
  const finished = reshare.finishReplace(opened.state, decodeMessage('replace.res2', moved(res)), random)
  const rest = { signature, dealerSignature: signature, baseKit: new Uint8Array(0) }
  const handed = encodeMessage('newcomer.req2', { ...finished.handover, ...rest })
  const pins = { record: f.record }
  const accepted = reshare.accept(offered.state, pins, decodeMessage('newcomer.req2', moved(handed)), random)
  moved(accepted.send.transcript)
  expect(accepted.key.record.transcript).toEqual(dealt.record.transcript)
  expect(accepted.key.share.transcript).toEqual(dealt.share?.transcript)
})

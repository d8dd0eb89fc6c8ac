// Can a requester who knows the nonce point forge, or two sides sign what they did not both mean? (SPEC 7, rows 14, 24, 25 and 32; 4.4, 4.6)

import { inspect } from 'node:util'
import { mod, mul, ORDER } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { ProtocolAbort } from '@tercet/protocol/errors'
import { take } from '@tercet/protocol/internal/one-time'
import type { PresignatureContent } from '@tercet/protocol/internal/presignature'
import { signatureShare } from '@tercet/protocol/internal/rerandomise'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import {
  assertView,
  combine,
  digest,
  release,
  request,
  type Signature,
  type SigningInput,
} from '@tercet/protocol/sign'
import { integer } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { sha256 } from '../support/hash.js'
import { faults } from '../support/judges.js'
import { forks, inputOf, keyAt, type Pair, presign, type Shared } from '../support/signing.js'
import { suite } from '../support/suite.js'
import { inverse } from './linear.js'

const run = suite('forgery')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}
const { share } = pair.initiator
const text = (s: string): Uint8Array => new TextEncoder().encode(s)
const bytes32 = (n: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(mod(n).toString(16).padStart(64, '0'), 'hex'))

function one(label: string): Shared {
  const [shared] = presign(pair, 1, run.random(label))
  if (shared === undefined) throw new Error('no presignature')
  return shared
}

/** A raw digest with a tweak: what no request kind makes, and what an insecure node would take. */
const raw = (h: bigint, path: string): SigningInput => ({
  digest: digest(bytes32(h)),
  tweak: derive(share, parsePath(path)).tweak,
  request: text(`raw ${h}`),
})

describe('a raw digest on a presignature whose R the requester knows', () => {
  /** The step of 4.4 without its fresh entropy: R' = R, known before the request. */
  const insecure = (own: PresignatureContent, theirs: PresignatureContent, input: SigningInput) => {
    const r = mod(own.r.toAffine().x)
    const m = integer(input.digest.bytes)
    const w = (p: PresignatureContent): bigint => (m + r * input.tweak.scalar) * p.phi + r * p.v
    return { r, s: mod((w(own) + w(theirs)) * inverse(mod(own.u + theirs.u))) }
  }
  const secure = (shared: Shared, input: SigningInput): Signature =>
    combine(request(shared.initiator, input).state, release(shared.responder, input, run.random('entropy')))
  const lowS = (s: bigint): bigint => (s > ORDER / 2n ? ORDER - s : s)
  /** What the judges that need no recovery id say. */
  const verifies = (path: string, message: Uint8Array, r: bigint, s: bigint): boolean =>
    faults(keyAt(share, path), message, { r, s: lowS(s), recoveryId: 0 }).filter((f) => f !== 'recovery id')
      .length === 0

  // s = (H*r/r' + r*x)/k  =>  s*r'/(r*c) = (H + r'*x)/(c*k), a signature with nonce c*k and r' = x(c*R).
  const scaled = (R: PresignatureContent['r'], target: Uint8Array) => {
    const c = 3n
    const r = mod(R.toAffine().x)
    const forged = mod(mul(R, c).toAffine().x)
    const h = mod(integer(sha256(target)) * r * inverse(forged))
    return { h, r: forged, s: (s: bigint) => mod(s * forged * inverse(mod(r * c))) }
  }
  // h = H + r*(e' - e): the same equation under another path.
  const shifted = (R: PresignatureContent['r'], target: Uint8Array, path: string, other: string): bigint => {
    const [e, e2] = [path, other].map((p) => derive(share, parsePath(p)).tweak.scalar) as [bigint, bigint]
    return mod(integer(sha256(target)) + mod(R.toAffine().x) * (e2 - e))
  }

  it('without re-randomisation, one scaled request forges a signature on any message', () => {
    const shared = one('scaled')
    const own = take(shared.initiator, 'InitiatorPresignature')
    const target = text('pay everything to the attacker')
    const forgery = scaled(own.r, target)
    const { s } = insecure(own, take(shared.responder, 'ResponderPresignature'), raw(forgery.h, 'm'))
    expect(verifies('m', target, forgery.r, forgery.s(s))).toBe(true)
    run.count()
  })

  it('without re-randomisation, one shifted request forges a signature of another account', () => {
    const shared = one('shifted')
    const own = take(shared.initiator, 'InitiatorPresignature')
    const target = text('pay everything to the attacker')
    const input = raw(shifted(own.r, target, 'm/0', 'm/9'), 'm/0')
    const { r, s } = insecure(own, take(shared.responder, 'ResponderPresignature'), input)
    expect(verifies('m/9', target, r, s)).toBe(true)
    run.count()
  })

  it('with it, neither does', () => {
    const target = text('pay everything to the attacker')
    const first = one('scaled, secure')
    const copy = forks(first.initiator)
    const R = take(copy(), 'InitiatorPresignature').r
    const forgery = scaled(R, target)
    const a = secure({ ...first, initiator: copy() }, raw(forgery.h, 'm'))
    const second = one('shifted, secure')
    const again = forks(second.initiator)
    const R2 = take(again(), 'InitiatorPresignature').r
    const b = secure({ ...second, initiator: again() }, raw(shifted(R2, target, 'm/0', 'm/9'), 'm/0'))
    for (const s of [a.s, ORDER - a.s]) expect(verifies('m', target, forgery.r, forgery.s(s))).toBe(false)
    expect(verifies('m/9', target, b.r, b.s)).toBe(false)
    run.count(2)
  })
})

describe('two sides that mean different things', () => {
  const transfer = (amount: number): Uint8Array => text(`transfer ${amount}`)

  it('one changed byte of the request is a mismatch, and the presignature is kept', () => {
    const random = run.random('changed')
    const shared = one('changed')
    const shown = transfer(1)
    const asked = forks(request(shared.initiator, inputOf(share, 'm/0', shown)).state)
    const { send } = request(one('same').initiator, inputOf(share, 'm/0', shown))
    const message = decodeMessage('sign.req1', send)
    for (let at = 0; at < shown.length; at++) {
      const changed = shown.slice()
      changed[at] = (changed[at] as number) ^ 1
      const step = () =>
        assertView(message.presigId, share.publicKey, inputOf(share, 'm/0', changed), message.view)
      expect(step).toThrow(new ProtocolAbort('view'))
      run.count()
    }
    const step = () =>
      assertView(message.presigId, share.publicKey, inputOf(share, 'm/1', shown), message.view)
    expect(step).toThrow(new ProtocolAbort('view'))
    expect(new ProtocolAbort('view').consequence).toBe('context')
    const body = release(shared.responder, inputOf(share, 'm/0', shown), random)
    expect(faults(keyAt(share, 'm/0'), shown, combine(asked(), body))).toEqual([])
  })

  it('a skewed parser at either side is a mismatch', () => {
    const shown = transfer(1)
    const honest = inputOf(share, 'm/0', shown)
    const skewed: readonly SigningInput[] = [
      { ...honest, digest: digest(sha256(shown, Uint8Array.of(0))) },
      { ...honest, tweak: derive(share, [1]).tweak },
    ]
    for (const other of skewed) {
      const { send } = request(one('skewed').initiator, honest)
      const { presigId, view } = decodeMessage('sign.req1', send)
      const step = () => assertView(presigId, share.publicKey, other, view)
      expect(step).toThrow(new ProtocolAbort('view'))
      const back = decodeMessage('sign.req1', request(one('skewed').initiator, other).send)
      expect(() => assertView(back.presigId, share.publicKey, honest, back.view)).toThrow(
        new ProtocolAbort('view'),
      )
      run.count(2)
    }
  })

  it('with the view removed, what comes out is no signature of either, and is erased', () => {
    const random = run.random('no view')
    const [meant, other] = [transfer(1), transfer(1000)]
    for (const theirs of [
      inputOf(share, 'm/0', other),
      inputOf(share, 'm/1', meant),
      { ...inputOf(share, 'm/0', meant), request: other },
    ]) {
      const shared = one('no view')
      const asked = request(shared.initiator, inputOf(share, 'm/0', meant))
      const body = release(shared.responder, theirs, random)
      const failure = ((): unknown => {
        try {
          return combine(asked.state, body)
        } catch (error) {
          return error
        }
      })()
      expect(failure).toEqual(new ProtocolAbort('bad-signature'))
      expect(Object.keys(failure as object).sort()).toEqual(['code', 'consequence', 'name', 'reason'])
      expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/[0-9]{40}|[0-9a-f]{40}/)
      expect(() => combine(asked.state, body)).toThrow('is spent')
      run.count()
    }
  })

  it('a forced wrong share leaves the presignature spent', () => {
    const random = run.random('wrong share')
    const shared = one('wrong share')
    const input = inputOf(share, 'm', text('x'))
    const asked = request(shared.initiator, input)
    const honest = decodeMessage('sign.res1', release(shared.responder, input, random))
    for (const wrong of [
      { ...honest, w: mod(honest.w + 1n) },
      { ...honest, w: mod(-honest.w) },
      { ...honest, w: 0n, u: 0n },
    ]) {
      const fork = forks(request(one('wrong share').initiator, input).state)
      expect(() => combine(fork(), encodeMessage('sign.res1', wrong))).toThrow(
        new ProtocolAbort('bad-signature'),
      )
      run.count()
    }
    expect(() => combine(asked.state, encodeMessage('sign.res1', { ...honest, w: 1n }))).toThrow(
      new ProtocolAbort('bad-signature'),
    )
    expect(() => combine(asked.state, encodeMessage('sign.res1', honest))).toThrow('is spent')
  })

  it('a share that makes the denominator zero is a bad signature and no crash', () => {
    const random = run.random('denominator')
    const input = inputOf(share, 'm', text('x'))
    const copy = forks(one('denominator').initiator)
    const nonce = random(32)
    const own = signatureShare(take(copy(), 'InitiatorPresignature'), input, nonce)
    const { state } = request(copy(), input)
    const body = encodeMessage('sign.res1', { nonce, w: 1n, u: mod(-own.u) })
    expect(() => combine(state, body)).toThrow(new ProtocolAbort('bad-signature'))
    // And one that makes s zero.
    const again = request(copy(), input)
    const zero = encodeMessage('sign.res1', { nonce, w: mod(-own.w), u: 1n })
    expect(() => combine(again.state, zero)).toThrow(new ProtocolAbort('bad-signature'))
    run.count(2)
  })
})

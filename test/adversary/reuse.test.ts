// What does a second answer give away, and is it refused? (SPEC 7, rows 1, 2, 22a and 30; 0.5, 3.3, 4.4)

import { mod, randomScalar } from '@tercet/protocol/curve'
import { extend } from '@tercet/protocol/internal/oblivious/ot-extension'
import { multiplySend } from '@tercet/protocol/internal/oblivious/rvole'
import { box, take } from '@tercet/protocol/internal/one-time'
import { lagrange } from '@tercet/protocol/internal/polynomial'
import { padSids, psidOf } from '@tercet/protocol/internal/presign-session'
import { expose } from '@tercet/protocol/internal/secret'
import { decodeMessage } from '@tercet/protocol/messages'
import { answer, confirm, finish, type ResponderPresignature, start } from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { combine, release, request } from '@tercet/protocol/sign'
import { HS, integer, u32be } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { forks, inputOf, type Pair, presign } from '../support/signing.js'
import { suite } from '../support/suite.js'
import { solve } from './linear.js'
import { contentOf, deltaOf, recoverKey } from './nonces.js'

const run = suite('reuse')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}
const { share } = pair.initiator
const SPENT = /is spent/

/** The key itself, which no party holds: only the test can check with it. */
const key = mod(
  lagrange(1, 2) * expose(wallet.share(1).secretShare) + lagrange(2, 1) * expose(wallet.share(2).secretShare),
)

/** The scalar number `at` of a string of scalars. */
const scalarAt = (bytes: Uint8Array | undefined, at: number): bigint =>
  integer((bytes as Uint8Array).subarray(32 * at, 32 * at + 32))

const thetas = (sidF: Uint8Array, at: Uint8Array | undefined): readonly [bigint, bigint] => [
  HS('rv/theta', sidF, at as Uint8Array, u32be(0)),
  HS('rv/theta', sidF, at as Uint8Array, u32be(1)),
]

describe('one presignature, two requests', () => {
  it('the second request and the second answer are refused', () => {
    const random = run.random('refused')
    for (const shared of presign(pair, run.times(4, 16), random)) {
      const [first, second] = [inputOf(share, 'm/0', random(30)), inputOf(share, 'm/1', random(30))]
      const asked = request(shared.initiator, first)
      expect(() => request(shared.initiator, second)).toThrow(SPENT)
      const body = release(shared.responder, first, random)
      expect(() => release(shared.responder, second, random)).toThrow(SPENT)
      expect(() => release(shared.responder, first, random)).toThrow(SPENT)
      combine(asked.state, body)
      expect(() => combine(asked.state, body)).toThrow(SPENT)
      run.count()
    }
  })

  it('with the check removed at the responder, the initiator computes the key', () => {
    const random = run.random('two requests')
    const [shared] = presign(pair, 1, random)
    if (shared === undefined) throw new Error('no presignature')
    const own = forks(shared.initiator)
    const theirs = forks(shared.responder)
    const related = ['m/0', 'm/1/2'].map((path) => {
      const input = inputOf(share, path, random(30))
      const body = release(theirs(), input, random)
      const signature = combine(request(own(), input).state, body)
      const { nonce } = decodeMessage('sign.res1', body)
      return { signature, input, base: 0, shift: deltaOf(contentOf(own()), input, nonce) }
    })
    expect(recoverKey(share.publicKey, related, 1)).toBe(key)
    // One signature alone has a solution for every k: no equation is left to solve.
    expect(recoverKey(share.publicKey, related.slice(0, 1), 1)).toBeUndefined()
    run.count()
  })
})

describe('one request, two answers', () => {
  it('the initiator finishes the first only', () => {
    const random = run.random('answers')
    const [shared] = presign(pair, 1, random)
    if (shared === undefined) throw new Error('no presignature')
    const input = inputOf(share, 'm', random(30))
    const theirs = forks(shared.responder)
    const asked = request(shared.initiator, input)
    combine(asked.state, release(theirs(), input, random))
    expect(() => combine(asked.state, release(theirs(), input, random))).toThrow(SPENT)
  })

  it('a first answer that is no message spends it as well', () => {
    const random = run.random('garbage')
    const [shared] = presign(pair, 1, random)
    if (shared === undefined) throw new Error('no presignature')
    const input = inputOf(share, 'm', random(30))
    const asked = request(shared.initiator, input)
    expect(() => combine(asked.state, new Uint8Array(0))).toThrow('malformed')
    expect(() => combine(asked.state, release(shared.responder, input, random))).toThrow(SPENT)
  })

  it('with the check removed at the initiator, the responder computes the key', () => {
    const random = run.random('two answers')
    const [shared] = presign(pair, 1, random)
    if (shared === undefined) throw new Error('no presignature')
    const input = inputOf(share, 'm/5', random(30))
    const theirs = forks(shared.responder)
    // The public part of the presignature is the same at both sides.
    const own = forks(shared.initiator)
    const content = contentOf(own())
    const asked = forks(request(own(), input).state)
    const related = [0, 1].map(() => {
      const body = release(theirs(), input, random)
      const { nonce } = decodeMessage('sign.res1', body)
      return { signature: combine(asked(), body), input, base: 0, shift: deltaOf(content, input, nonce) }
    })
    expect(recoverKey(share.publicKey, related, 1)).toBe(key)
    run.count()
  })
})

describe('a sender step that runs again', () => {
  // eta - eta' - (ah - ah') = (th0 - th0')*k + (th1 - th1')*x, where the third column of at shows ah - ah'.
  const attack = (sidF: readonly Uint8Array[]) => {
    const random = run.random('sender')
    const sidR = random(32)
    const k = randomScalar(random)
    const x = randomScalar(random)
    const { message } = extend(pair.initiator.otSetup.receiver, sidR, 1, random)
    const replies = sidF.map((sid) => {
      const sent = multiplySend(pair.responder.otSetup.sender, sidR, [sid], 1, message, [[k, x]], random)
      return { eta: sent.message.eta[0] as bigint, at: sent.message.at[0], sid }
    })
    const [first, ...others] = replies
    if (first === undefined) throw new Error('no reply')
    const [a0, a1] = thetas(first.sid, first.at)
    const equations = others.map((reply) => {
      const [b0, b1] = thetas(reply.sid, reply.at)
      const check = scalarAt(first.at, 2) - scalarAt(reply.at, 2)
      return { row: [a0 - b0, a1 - b1], value: first.eta - reply.eta - check }
    })
    const solved = solve(
      equations.map((e) => e.row),
      equations.map((e) => e.value),
    )
    return { solved, secret: [k, x] }
  }

  it('three answers under the same pads give the nonce and the key share', () => {
    const sid = run.random('pads')(32)
    const { solved, secret } = attack([sid, sid, sid])
    expect(solved).toEqual(secret)
    run.count()
  })

  it('under pads with a nonce of their own they give nothing', () => {
    const random = run.random('other pads')
    const { solved, secret } = attack([random(32), random(32), random(32)])
    expect(solved?.[0]).not.toBe(secret[0])
    expect(solved?.[1]).not.toBe(secret[1])
  })

  it('the responder draws a nonce for every answer, and no state opens twice', () => {
    const random = run.random('again')
    const a = start(pair.initiator, 1, random)
    const first = decodeMessage('presign.req1', a.send)
    const [b, again] = [answer(pair.responder, first, random), answer(pair.responder, first, random)]
    const res1 = decodeMessage('presign.res1', b.send)
    expect(res1.nonce).not.toEqual(decodeMessage('presign.res1', again.send).nonce)
    const c = finish(a.state, res1, random)
    expect(() => finish(a.state, res1, random)).toThrow(SPENT)
    const req2 = decodeMessage('presign.req2', c.send)
    confirm(b.state, req2)
    expect(() => confirm(b.state, req2)).toThrow(SPENT)
  })

  it('a step that throws has spent its state', () => {
    const random = run.random('throws')
    const a = start(pair.initiator, 1, random)
    const b = answer(pair.responder, decodeMessage('presign.req1', a.send), random)
    const res1 = decodeMessage('presign.res1', b.send)
    expect(() => finish(a.state, { ...res1, nonce: random(32) }, random)).toThrow('multiplication')
    expect(() => finish(a.state, res1, random)).toThrow(SPENT)
  })
})

describe('the check value of a multiplication', () => {
  it('is another one for every item and every direction', () => {
    const random = run.random('check values')
    const sidR = random(32)
    const sidF = Array.from({ length: 16 }, () => random(32))
    const inputs = sidF.map(() => [randomScalar(random), randomScalar(random)] as const)
    const { message } = extend(pair.initiator.otSetup.receiver, sidR, 16, random)
    const sent = multiplySend(pair.responder.otSetup.sender, sidR, sidF, 16, message, inputs, random).message
    const values = inputs.map(([a0, a1], n) => {
      const [th0, th1] = thetas(sidF[n] as Uint8Array, sent.at[n])
      return mod((sent.eta[n] as bigint) - th0 * a0 - th1 * a1)
    })
    expect(new Set(values).size).toBe(16)
    run.count(16)
  })

  /** Two signatures from one batch whose responder draws its randomness from `theirs`. */
  const attack = (theirs: Random): bigint | undefined => {
    const random = run.random('batch')
    const begun = start(pair.initiator, 2, random)
    const started = forks(begun.state)
    const b = answer(pair.responder, decodeMessage('presign.req1', begun.send), theirs)
    const res1 = decodeMessage('presign.res1', b.send, 2)
    const c = finish(started(), res1, random)
    const d = confirm(b.state, decodeMessage('presign.req2', c.send, 2))
    const contents = take(c.state, 'presign.InitiatorFinished')
    // An initiator that looks into its own state: its nonces, and the pads' names.
    const { own, psid0, body } = take(started(), 'presign.InitiatorStarted')
    const related = contents.map((content, base) => {
      const input = inputOf(share, [base], random(30))
      const answered = release(d.presignatures[base]?.presignature as ResponderPresignature, input, random)
      const delta = deltaOf(content, input, decodeMessage('sign.res1', answered).nonce)
      const signature = combine(request(box('InitiatorPresignature', content), input).state, answered)
      // k = k_I + k_J: the unknown of this item is k_J alone.
      return { signature, input, base, shift: mod(delta + (own[base]?.k as bigint)) }
    })
    const [sid0, sid1] = padSids('A', psidOf(psid0, res1.nonce, body), 2) as [Uint8Array, Uint8Array]
    const [p0, p1] = thetas(sid0, res1.at[0])
    const [q0, q1] = thetas(sid1, res1.at[1])
    // eta_0 - eta_1 = th0*k_0 + th1*x_J - th0'*k_1 - th1'*x_J with x_J = x - x_I.
    const xI = mod(lagrange(1, 2) * expose(share.secretShare))
    const row = [p1 - q1, p0, -q0]
    const value = (res1.eta[0] as bigint) - (res1.eta[1] as bigint) + (p1 - q1) * xI
    return recoverKey(share.publicKey, related, 2, [{ row, value }])
  }

  it('if two items share it, two signatures of a batch give the key', () => {
    // The responder draws k and phi for both items, 48 bytes each, and then the two check values.
    const random = run.random('responder')
    const fixed = random(48)
    let draws = 0
    const x = attack((length) => (length === 48 && ++draws > 4 && draws <= 6 ? fixed : random(length)))
    expect(x).toBe(key)
    run.count()
  })

  it('as it is drawn, they do not', () => {
    expect(attack(run.random('honest responder'))).toBeUndefined()
  })
})

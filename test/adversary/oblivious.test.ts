// What does a cheat inside the oblivious transfers learn, and when is it caught? (SPEC 7, rows 4, 5 and 16; 3.5, 3.7)

import { encodeScalar, mod, mulBase, randomScalar } from '@tercet/protocol/curve'
import { ProtocolAbort } from '@tercet/protocol/errors'
import { answerExtension, extend } from '@tercet/protocol/internal/oblivious/ot-extension'
import { multiplyFinish, multiplySend } from '@tercet/protocol/internal/oblivious/rvole'
import { take } from '@tercet/protocol/internal/one-time'
import { padSids, receiverSid } from '@tercet/protocol/internal/presign-session'
import { expose, Secret } from '@tercet/protocol/internal/secret'
import { decodeMessage } from '@tercet/protocol/messages'
import { answer, confirm, finish, type SigningContext, start } from '@tercet/protocol/presign'
import { HS, u32be } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { below } from '../support/random.js'
import { renewed } from '../support/setup-session.js'
import { honestFaults, type Pair } from '../support/signing.js'
import { suite } from '../support/suite.js'
import { bitOf, probe, receive, send, type Theta } from './multiplication.js'

const run = suite('oblivious transfer')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}
// Direction A: the initiator receives, the responder sends.
const { receiver } = pair.initiator.otSetup
const { sender } = pair.responder.otSetup
const { delta } = expose(sender.secret)

/** The abort that a step ends in, or undefined. */
function reasonOf(step: () => unknown): string | undefined {
  try {
    step()
  } catch (error) {
    if (error instanceof ProtocolAbort) return `${error.reason}, ${error.consequence}`
    throw error
  }
  return undefined
}

describe('selective failure in the OT extension', () => {
  it('shows one bit of Delta through a whole presign session, as a cheat that burns the setup', () => {
    const random = run.random('through a session')
    for (let n = 0; n < run.times(6, 128); n++) {
      const row = run.times(below(random, 128), n)
      const begun = start(pair.initiator, 1, random)
      const content = take(begun.state, 'presign.InitiatorStarted')
      const sidR = receiverSid('A', content.psid0)
      const evil = probe(receiver, sidR, content.receiver.choices, row, below(random, 512))
      const message = decodeMessage('presign.req1', begun.send)
      const cheating = { ...message, u: evil.U, xt: evil.xt, hT: evil.hT }
      expect(reasonOf(() => answer(pair.responder, cheating, random))).toBe(
        bitOf(delta, row) === 1 ? 'ot-extension, cheat' : undefined,
      )
      run.count()
    }
  })

  it('without the burn, 128 tries read Delta', () => {
    const random = run.random('without burn')
    const read = new Uint8Array(16)
    for (let row = 0; row < 128; row++) {
      const sidR = random(32)
      const evil = probe(receiver, sidR, random(80), row, below(random, 512))
      if (reasonOf(() => answerExtension(sender, sidR, 1, evil)) !== undefined)
        read[row >> 3] = (read[row >> 3] as number) | (1 << (row & 7))
      run.count()
    }
    expect(read).toEqual(delta)
  })

  it('with the burn, what was read says nothing of the next Delta, and the pair signs again', () => {
    const random = run.random('with burn')
    const next = renewed(pair, 'burned', random)
    const fresh = expose(next.responder.otSetup.sender.secret).delta
    const equal = Array.from({ length: 128 }, (_, i) => bitOf(fresh, i) === bitOf(delta, i)).filter(Boolean)
    // 128 fair coins: 2^-40 that more than 104 or fewer than 24 agree.
    expect(equal.length).toBeGreaterThan(24)
    expect(equal.length).toBeLessThan(104)
    expect(honestFaults(next, random)).toEqual([])
    // The old half is of no use to the new one.
    const sidR = random(32)
    const { message } = extend(receiver, sidR, 1, random)
    const step = () => answerExtension(next.responder.otSetup.sender, sidR, 1, message)
    expect(reasonOf(step)).toBe('ot-extension, cheat')
  })
})

describe('an inconsistent sender', () => {
  const session = (label: string) => {
    const random = run.random(label)
    const [sidR, sidF] = [random(32), random(32)]
    const opened = extend(receiver, sidR, 1, random)
    const inputs = [randomScalar(random), randomScalar(random), randomScalar(random)] as const
    return { random, sidR, sidF, opened, inputs }
  }

  it('the second implementation agrees with the first', () => {
    const { sidR, sidF, opened, inputs } = session('agreement')
    const second = send(sender, sidR, sidF, opened.message, inputs, undefined)
    const d = multiplyFinish(opened.state, [sidF], second.message)
    expect(receive(opened.state, sidF, second.message)).toEqual({ passes: true, d: d[0] })
    for (const w of [0, 1] as const)
      expect(mod(second.c[w] + (d[0]?.[w] as bigint))).toBe(mod(inputs[w] * (opened.b[0] as bigint)))
  })

  it('an error in one transfer is rejected exactly when its choice bit is 1', () => {
    const { random, sidR, sidF, opened, inputs } = session('one transfer')
    const all = Array.from({ length: 416 }, (_, j) => j)
    for (const j of run.some('transfers', all, 40)) {
      const column = below(random, 3)
      const added = [0, 1, 2].map((w) => (w === column ? randomScalar(random) : 0n))
      const error = { j, added: added as [bigint, bigint, bigint] }
      const { message } = send(sender, sidR, sidF, opened.message, inputs, error)
      expect(reasonOf(() => multiplyFinish(opened.state, [sidF], message))).toBe(
        bitOf(opened.state.choices, j) === 1 ? 'multiplication, cheat' : undefined,
      )
      run.count()
    }
  })

  it('with a challenge that is known before the corrections, an error cancels in the check', () => {
    const { sidR, sidF, opened, inputs, random } = session('early challenge')
    // The mistake of SPEC 3.7: the challenge hashes the receiver's message only.
    const early: Theta = () => [
      HS('rv/theta', sidF, opened.message.U, u32be(0)),
      HS('rv/theta', sidF, opened.message.U, u32be(1)),
    ]
    const j = opened.state.choices.findIndex((byte) => (byte & 1) === 1) * 8
    const [e0, e1] = [randomScalar(random), randomScalar(random)]
    const cancel = ([th0, th1]: readonly [bigint, bigint]) => mod(-th0 * e0 - th1 * e1)
    const error = { j, added: [e0, e1, cancel(early(new Uint8Array()))] as const }
    const cheated = send(sender, sidR, sidF, opened.message, inputs, error, early)
    const result = receive(opened.state, sidF, cheated.message, early)
    expect(bitOf(opened.state.choices, j)).toBe(1)
    expect(result.passes).toBe(true)
    expect(mod(cheated.c[0] + result.d[0])).not.toBe(mod(inputs[0] * (opened.b[0] as bigint)))
    // The same error under the challenge of the protocol.
    const { message } = send(sender, sidR, sidF, opened.message, inputs, error)
    expect(reasonOf(() => multiplyFinish(opened.state, [sidF], message))).toBe('multiplication, cheat')
    run.count()
  })

  it('another key share than its own is rejected always', () => {
    const random = run.random('wrong share')
    const wrong = (context: SigningContext): SigningContext => {
      const scalar = mod(expose(context.share.secretShare) + randomScalar(random))
      return { ...context, share: { ...context.share, secretShare: new Secret('SecretShare', scalar) } }
    }
    for (let n = 0; n < run.times(3, 30); n++) {
      const a = start(pair.initiator, 1, random)
      const b = answer(wrong(pair.responder), decodeMessage('presign.req1', a.send), random)
      const step = () => finish(a.state, decodeMessage('presign.res1', b.send), random)
      expect(reasonOf(step)).toBe('gamma, cheat')

      const a2 = start(wrong(pair.initiator), 1, random)
      const b2 = answer(pair.responder, decodeMessage('presign.req1', a2.send), random)
      const c2 = finish(a2.state, decodeMessage('presign.res1', b2.send), random)
      expect(reasonOf(() => confirm(b2.state, decodeMessage('presign.req2', c2.send)))).toBe('gamma, cheat')
      run.count(2)
    }
  })

  it('another nonce than the one it shows is rejected always', () => {
    const random = run.random('wrong nonce')
    const a = start(pair.initiator, 1, random)
    const b = answer(pair.responder, decodeMessage('presign.req1', a.send), random)
    const res1 = decodeMessage('presign.res1', b.send)
    // Rushing: the responder would cancel the initiator's nonce point if it could.
    const cheating = { ...res1, r: [mulBase(randomScalar(random))] }
    expect(reasonOf(() => finish(a.state, cheating, random))).toBe('gamma, cheat')
  })
})

describe('direction labels', () => {
  it('the names of one direction do not serve the other', () => {
    const random = run.random('directions')
    const [psid0, psid] = [random(32), random(32)]
    const pads = (direction: 'A' | 'B') => padSids(direction, psid, 1)
    expect(receiverSid('A', psid)).not.toEqual(receiverSid('B', psid))
    const opened = extend(receiver, receiverSid('A', psid0), 1, random)
    const inputs = [[randomScalar(random), randomScalar(random)]] as const
    const wrong = () => answerExtension(sender, receiverSid('B', psid0), 1, opened.message)
    expect(reasonOf(wrong)).toBe('ot-extension, cheat')
    const sent = (direction: 'A' | 'B') =>
      multiplySend(sender, receiverSid('A', psid0), pads(direction), 1, opened.message, inputs, random)
    expect(reasonOf(() => multiplyFinish(opened.state, pads('A'), sent('A').message))).toBeUndefined()
    expect(reasonOf(() => multiplyFinish(opened.state, pads('A'), sent('B').message))).toBe(
      'multiplication, cheat',
    )
    run.count(2)
  })

  it('a batch item does not serve for another', () => {
    const random = run.random('items')
    const [sidR, psid] = [random(32), random(32)]
    const opened = extend(receiver, sidR, 2, random)
    const inputs = [0, 1].map(() => [randomScalar(random), randomScalar(random)] as const)
    const pads = padSids('A', psid, 2)
    const sent = multiplySend(sender, sidR, pads, 2, opened.message, inputs, random).message
    const swapped = {
      at: [...sent.at].reverse(),
      eta: [...sent.eta].reverse(),
      mu: [...sent.mu].reverse(),
    }
    expect(reasonOf(() => multiplyFinish(opened.state, pads, swapped))).toBe('multiplication, cheat')
    expect(reasonOf(() => multiplyFinish(opened.state, [...pads].reverse(), swapped))).toBe(
      'multiplication, cheat',
    )
    expect(encodeScalar(sent.eta[0] as bigint)).not.toEqual(encodeScalar(sent.eta[1] as bigint))
    run.count(2)
  })
})

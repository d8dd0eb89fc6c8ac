// Is a disagreement told from a cheat, and does it leave everything as it was? (SPEC 7, rows 3 and 27; 4.3)

import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { encodeOtSetup } from '@tercet/protocol/ot-setup'
import { answer, answerFresh, finish, start, startFresh } from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { honestFaults, type Pair } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('mismatch')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}

describe('Req1 with another context', () => {
  const random = run.random('context')
  const begun = start(pair.initiator, 1, random)
  const honest = decodeMessage('presign.req1', begun.send)
  const fresh = decodeMessage('fresh.req1', startFresh(pair.initiator, random(9), random).send)
  type Named = Pick<MessageOf<'presign.req1'>, 'keyId' | 'epoch' | 'attempt' | 'otSetupA' | 'otSetupB'>
  const others: readonly (readonly [string, Partial<Named>])[] = [
    ['another key', { keyId: random(32) }],
    ['a later epoch', { epoch: 1 }],
    ['a far epoch', { epoch: Number.MAX_SAFE_INTEGER }],
    ['another attempt', { attempt: 1 }],
    ['another setup A', { otSetupA: random(32) }],
    ['another setup B', { otSetupB: random(32) }],
    ['both setups exchanged', { otSetupA: honest.otSetupB, otSetupB: honest.otSetupA }],
  ]
  const unused: Random = () => {
    throw new Error('randomness was drawn')
  }

  it.each(others)('%s is a mismatch, before any randomness is drawn', (_, other) => {
    const kept = encodeOtSetup(pair.responder.otSetup)
    for (const step of [
      () => answer(pair.responder, { ...honest, ...other }, unused),
      () => answerFresh(pair.responder, { ...fresh, ...other }, unused),
    ]) {
      expect(step).toThrow(new ProtocolAbort('context'))
      run.count()
    }
    expect(new ProtocolAbort('context').consequence).toBe('context')
    expect(encodeOtSetup(pair.responder.otSetup)).toEqual(kept)
  })

  it('burns nothing: the same session goes on, and the pair signs', () => {
    const answered = answer(pair.responder, honest, random)
    finish(begun.state, decodeMessage('presign.res1', answered.send), random)
    expect(honestFaults(pair, random)).toEqual([])
  })

  it('another mode, version or batch is malformed before the context is looked at', () => {
    const body = begun.send
    for (const [at, field] of [
      [0, 'version'],
      [1, 'type'],
      [2 + 32 + 16 + 64, 'mode'],
      [2 + 32 + 16 + 64 + 4, 'batch'],
    ] as const) {
      const other = body.slice()
      other[at] = 99
      expect(() => decodeMessage('presign.req1', other)).toThrow(new Malformed(field))
    }
    expect(() => decodeMessage('fresh.req1', body)).toThrow(new Malformed('type'))
    expect(() => decodeMessage('presign.req1', body, 2)).toThrow(new Malformed('batch'))
    run.count(6)
  })
})

describe('a replayed first message', () => {
  it('is answered with other randomness each time, so that a replay is a session of its own', () => {
    const random = run.random('first')
    const message = decodeMessage('presign.req1', start(pair.initiator, 1, random).send)
    const answers = [0, 1].map(() =>
      decodeMessage('presign.res1', answer(pair.responder, message, random).send),
    )
    const [a, b] = answers as [MessageOf<'presign.res1'>, MessageOf<'presign.res1'>]
    expect(a.nonce).not.toEqual(b.nonce)
    expect(a.r[0]?.equals(b.r[0] as never)).toBe(false)
    expect(a.u).not.toEqual(b.u)
    expect(a.at).not.toEqual(b.at)
  })
})

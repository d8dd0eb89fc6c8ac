// What do two copies of one party's storage give away, and which nonce prevents it? (SPEC 7, rows 21 and 22; 0.6)

import { mod, randomScalar } from '@tercet/protocol/curve'
import { extend } from '@tercet/protocol/internal/oblivious/ot-extension'
import { multiplySend } from '@tercet/protocol/internal/oblivious/rvole'
import { decodeKeyShare, encodeKeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import { decodeOtSetup, encodeOtSetup } from '@tercet/protocol/ot-setup'
import { accept, answer, confirm, finish, type SigningContext, start } from '@tercet/protocol/presign'
import { integer } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { faults } from '../support/judges.js'
import { keyAt, type Pair, type Shared, signPool } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('cloned storage')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}
const clone = (context: SigningContext): SigningContext => ({
  ...context,
  share: decodeKeyShare(encodeKeyShare(context.share)),
  otSetup: decodeOtSetup(encodeOtSetup(context.otSetup)),
})
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ (b[i] as number))
/** The 128 rows of U for B = 1. */
const rowsOf = (U: Uint8Array): string[] =>
  Array.from({ length: 128 }, (_, i) => Buffer.from(U.subarray(80 * i, 80 * i + 80)).toString('hex'))

describe('two copies of a device that run side by side', () => {
  it('have sessions of their own, which sign', () => {
    const random = run.random('side by side')
    const copies = [clone(pair.initiator), clone(pair.initiator)]
    // Every step of one is between two steps of the other.
    const a = copies.map((context) => start(context, 1, random))
    const b = a.map(({ send }) => answer(pair.responder, decodeMessage('presign.req1', send), random))
    const c = b.map(({ send }, n) =>
      finish((a[n] as (typeof a)[0]).state, decodeMessage('presign.res1', send), random),
    )
    const d = c.map(({ send }, n) =>
      confirm((b[n] as (typeof b)[0]).state, decodeMessage('presign.req2', send)),
    )
    const shared = d.map(({ send, presignatures }, n): Shared => {
      const [own] = accept((c[n] as (typeof c)[0]).state, decodeMessage('presign.res2', send))
      const [theirs] = presignatures
      if (own === undefined || theirs === undefined) throw new Error('no presignature')
      return { presigId: own.presigId, initiator: own.presignature, responder: theirs.presignature }
    })
    expect(shared[0]?.presigId).not.toEqual(shared[1]?.presigId)
    const signatures = shared.map((one) => {
      const body = random(20)
      const signature = signPool(one, pair.initiator.share, [3], body, random)
      expect(faults(keyAt(pair.initiator.share, [3]), body, signature)).toEqual([])
      return signature
    })
    expect(signatures[0]?.r).not.toBe(signatures[1]?.r)
    run.count(2)
  })

  it('that mix their sessions fail, and sign nothing', () => {
    const random = run.random('mixed')
    const [x, y] = [clone(pair.initiator), clone(pair.initiator)].map((context) => start(context, 1, random))
    if (x === undefined || y === undefined) throw new Error('no session')
    const forX = answer(pair.responder, decodeMessage('presign.req1', x.send), random)
    expect(() => finish(y.state, decodeMessage('presign.res1', forX.send), random)).toThrow('multiplication')
    run.count()
  })
})

describe('the nonce of the receiver inside sidR', () => {
  const { receiver } = pair.initiator.otSetup

  it('missing, two first messages show where the choices differ', () => {
    const random = run.random('receiver nonce')
    const sidR = random(32)
    const [a, b] = [extend(receiver, sidR, 1, random), extend(receiver, sidR, 1, random)]
    const difference = new Set(rowsOf(xor(a.message.U, b.message.U)))
    expect([...difference]).toEqual([Buffer.from(xor(a.state.choices, b.state.choices)).toString('hex')])
    run.count()
  })

  it('present, they show nothing of the kind', () => {
    const random = run.random('receiver nonces')
    const [a, b] = [extend(receiver, random(32), 1, random), extend(receiver, random(32), 1, random)]
    expect(new Set(rowsOf(xor(a.message.U, b.message.U))).size).toBe(128)
    run.count()
  })
})

describe('the nonce of the sender inside the pads', () => {
  /** The difference of the first corrections of two answers to one first message. */
  const differences = (sidF: readonly [Uint8Array, Uint8Array], label: string) => {
    const random = run.random(label)
    const sidR = random(32)
    const { message } = extend(pair.initiator.otSetup.receiver, sidR, 1, random)
    const x = randomScalar(random)
    const nonces = [randomScalar(random), randomScalar(random)] as const
    const at = ([0, 1] as const).map(
      (n) =>
        multiplySend(pair.responder.otSetup.sender, sidR, [sidF[n]], 1, message, [[nonces[n], x]], random)
          .message.at[0] as Uint8Array,
    ) as [Uint8Array, Uint8Array]
    const first = (bytes: Uint8Array, j: number) => integer(bytes.subarray(96 * j, 96 * j + 32))
    const all = Array.from({ length: 416 }, (_, j) => mod(first(at[0], j) - first(at[1], j)))
    return { seen: new Set(all), secret: mod(nonces[0] - nonces[1]) }
  }

  it('missing, two answers show the difference of the nonces', () => {
    const sidF = run.random('one pad')(32)
    const { seen, secret } = differences([sidF, sidF], 'sender nonce')
    expect([...seen]).toEqual([secret])
    run.count()
  })

  it('present, they show nothing of the kind', () => {
    const random = run.random('two pads')
    const { seen, secret } = differences([random(32), random(32)], 'sender nonces')
    expect(seen.size).toBe(416)
    expect(seen.has(secret)).toBe(false)
    run.count()
  })
})

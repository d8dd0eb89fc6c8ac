// Does a stored key share or OT setup come back as it was, and is one refused whose parts do not belong together? (SPEC 0.7)

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodePoint, encodeScalar, mulBase, ORDER, type Point } from './curve.js'
import { Malformed, Misuse } from './errors.js'
import { decodeKeyShare, encodeKeyShare, type KeyShare } from './key-share.js'
import { evaluate } from './math/polynomial.js'
import { extensionReceiver, extensionSender } from './oblivious/setup.js'
import { answer, decodeOtSetup, encodeOtSetup, type OtSetup, start } from './ot-setup/index.js'
import type { Party } from './party.js'
import { Secret } from './secret.js'

const [a0, a1] = [123456789n, 987654321n]
const part = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const bent = (bytes: Uint8Array, at: number, value: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? value : byte))
const pointOf = (z: Party): Point => mulBase(evaluate(a0, a1, z))

function shareOf(party: Party, change: Partial<KeyShare> = {}): KeyShare {
  return {
    party,
    keyId: part(32, 1),
    epoch: 3,
    attempt: 2 ** 40,
    publicKey: mulBase(a0),
    chainCode: part(32, 2),
    publicShares: [pointOf(1), pointOf(2), pointOf(3)],
    recoveryKey: mulBase(7n),
    transcript: part(32, 3),
    secretShare: new Secret('SecretShare', evaluate(a0, a1, party)),
    ...change,
  }
}

const setup: OtSetup = {
  keyId: part(32, 1),
  epoch: 3,
  attempt: 4,
  initiator: 3,
  responder: 2,
  role: 'responder',
  idA: part(32, 5),
  idB: part(32, 6),
  sender: extensionSender(part(32, 5), part(16, 7), part(4096, 8)),
  receiver: extensionReceiver(part(32, 6), part(4096, 9), part(4096, 10)),
}

describe('stored key share', () => {
  it.each([1, 2, 3] as const)('of party %i comes back, 312 bytes, and prints no secret', (party) => {
    const bytes = encodeKeyShare(shareOf(party))
    expect(bytes.length).toBe(312)
    const again = decodeKeyShare(bytes)
    expect(encodeKeyShare(again)).toEqual(bytes)
    expect(again.attempt).toBe(2 ** 40)
    expect(JSON.stringify(again, (_, v) => (typeof v === 'bigint' ? '' : v))).toContain('"SecretShare"')
  })

  it.each([
    [
      'a secret of another party',
      shareOf(1, { secretShare: new Secret('SecretShare', evaluate(a0, a1, 2)) }),
    ],
    ['a public key beside the line', shareOf(1, { publicKey: mulBase(a0 + 1n) })],
    ['a public share beside the line', shareOf(1, { publicShares: [pointOf(1), pointOf(2), pointOf(2)] })],
    ['another second share', shareOf(1, { publicShares: [pointOf(1), pointOf(1), pointOf(3)] })],
  ])('with %s is refused', (_, share) => {
    expect(() => decodeKeyShare(encodeKeyShare(share))).toThrow(Malformed)
  })

  it('is its own when the buffer that it was read from is wiped', () => {
    const bytes = encodeKeyShare(shareOf(1))
    const buffer = Buffer.from(bytes)
    const share = decodeKeyShare(buffer)
    buffer.fill(0)
    expect(encodeKeyShare(share)).toEqual(bytes)
  })

  it('with a counter above 2^53 - 1 is refused', () => {
    const bytes = encodeKeyShare(shareOf(1))
    expect(() => decodeKeyShare(bent(bytes, 35, 0x01))).toThrow('keyShare.counter')
  })

  it('with a zero or too large secret is refused', () => {
    const bytes = encodeKeyShare(shareOf(1))
    for (const scalar of [0n, ORDER]) {
      const other = Uint8Array.of(...bytes.subarray(0, 280), ...encodeScalar(scalar))
      expect(() => decodeKeyShare(other)).toThrow('keyShare.secretShare')
    }
  })

  it('has its parts where the specification says', () => {
    const bytes = encodeKeyShare(shareOf(2))
    expect(bytes.slice(0, 3)).toEqual(Uint8Array.of(1, 1, 2))
    expect(bytes.slice(51, 84)).toEqual(encodePoint(mulBase(a0)))
    expect(bytes.slice(280)).toEqual(encodeScalar(evaluate(a0, a1, 2)))
  })
})

describe('stored OT setup', () => {
  it('comes back, 12,421 bytes, for both roles', () => {
    for (const role of ['initiator', 'responder'] as const) {
      const [senderId, receiverId] = role === 'initiator' ? [setup.idB, setup.idA] : [setup.idA, setup.idB]
      const sender = extensionSender(senderId, part(16, 7), part(4096, 8))
      const receiver = extensionReceiver(receiverId, part(4096, 9), part(4096, 10))
      const bytes = encodeOtSetup({ ...setup, role, sender, receiver })
      expect(bytes.length).toBe(12421)
      const again = decodeOtSetup(bytes)
      expect(encodeOtSetup(again)).toEqual(bytes)
      expect([again.sender.id, again.receiver.id]).toEqual([senderId, receiverId])
    }
  })

  it('between a party and itself is refused', () => {
    const bytes = encodeOtSetup(setup)
    expect(() => decodeOtSetup(bent(bytes, 2, 2))).toThrow('otSetup.party')
  })

  it('with an unknown role is refused', () => {
    expect(() => decodeOtSetup(bent(encodeOtSetup(setup), 4, 2))).toThrow('otSetup.role')
  })
})

describe('OT setup exchange', () => {
  const random = (length: number): Uint8Array =>
    Uint8Array.from(createHash('sha512').update(`${length}`).digest()).subarray(0, length)

  it('is not begun or answered by a share that has no part in the pair', () => {
    expect(() => start(shareOf(2), { initiator: 1, responder: 2 }, 'pair', random)).toThrow(Misuse)
    expect(() => start(shareOf(1), { initiator: 1, responder: 1 }, 'pair', random)).toThrow(Misuse)
    const message = { nonce: part(32, 1), reason: 'pair', bytes: part(35, 1) } as const
    expect(() => answer(shareOf(1), { initiator: 1, responder: 2 }, message, random)).toThrow(Misuse)
  })
})

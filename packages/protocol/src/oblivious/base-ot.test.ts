// Does the receiver get exactly the chosen key, and does BOT1 say nothing about the choice? (SPEC 2.2, 7.18, 7.20)

import { bytesToHex } from '@noble/hashes/utils.js'
import { describe, expect, it } from 'vitest'
import { bitOf } from '../bytes.js'
import { decodePoint, encodePoint, G, mulBase, type Point } from '../curve.js'
import { ProtocolAbort } from '../errors.js'
import { seededRandom } from '../testing/seeded-random.js'
import { HS, TH, u32be, u64be } from '../transcript.js'
import { hashToPoint, otSetupId, otSid, receiverFinish, receiverStart, senderAnswer } from './base-ot.js'

const points = (message: Uint8Array): Point[] =>
  Array.from({ length: 256 }, (_, k) => decodePoint(message.subarray(33 * k, 33 * k + 33), 'point'))

const names = {
  keyId: new Uint8Array(32).fill(1),
  epoch: 2,
  attempt: 3,
  nonceI: new Uint8Array(32).fill(4),
  nonceJ: new Uint8Array(32).fill(5),
  sender: 2,
  receiver: 1,
  direction: 'A',
} as const
const sid = otSid(names)
const first = receiverStart(sid, seededRandom('base-ot/receiver'))
const answer = senderAnswer(sid, points(first.message), seededRandom('base-ot/sender'))

describe('base OT', () => {
  it('hashes to the known point', () => {
    expect(bytesToHex(encodePoint(hashToPoint(new Uint8Array(32), 3, 1, encodePoint(G))))).toBe(
      '02b5be69462a05fe3b243370c84d309d7fd2314b76ecf0125d5d6d54734d684cdc',
    )
  })

  it('never hashes to a known multiple of the generator', () => {
    for (let i = 0; i < 100; i++) {
      const known = mulBase(HS('bot/h', sid, u32be(i), u32be(0), encodePoint(G)))
      expect(hashToPoint(sid, i, 0, encodePoint(G)).equals(known)).toBe(false)
    }
  })

  it('names a run by everything that belongs to it', () => {
    expect(sid).toEqual(
      TH('ot/sid', names.keyId, u64be(2), u64be(3), names.nonceI, names.nonceJ, u32be(2), u32be(1), 'A'),
    )
    const other = new Uint8Array(32)
    const changes = [
      { keyId: other },
      { epoch: 0 },
      { attempt: 0 },
      { nonceI: other },
      { nonceJ: other },
      { sender: 3 as const },
      { receiver: 3 as const },
      { direction: 'B' as const },
    ]
    const ids = changes.map((change) => bytesToHex(otSid({ ...names, ...change })))
    expect(new Set([bytesToHex(sid), ...ids]).size).toBe(9)
  })

  it('gives the receiver the chosen key of each pair and not the other', () => {
    expect([first.message.length, answer.message.length]).toEqual([8448, 8448])
    const { delta, keys } = receiverFinish(first.state, points(answer.message))
    for (let i = 0; i < 128; i++) {
      const [k0, k1, k] = [answer.keys0, answer.keys1, keys].map((all) =>
        bytesToHex(all.subarray(32 * i, 32 * i + 32)),
      )
      expect(k).toBe(bitOf(delta, i) === 1 ? k1 : k0)
      expect(k0).not.toBe(k1)
    }
  })

  it('keeps the choice out of the encodings (seed base-ot/receiver)', () => {
    for (const offset of [0, 33]) {
      let agree = 0
      for (let i = 0; i < 128; i++)
        agree += ((first.message[66 * i + offset] as number) & 1) === bitOf(first.state.delta, i) ? 1 : 0
      expect(Math.abs(agree - 64)).toBeLessThan(34)
    }
  })

  it('refuses a pair that leads to the identity in either branch', () => {
    const honest = points(first.message)
    const r1 = honest[1] as Point
    const r0 = hashToPoint(sid, 0, 0, encodePoint(r1)).negate()
    expect(() => senderAnswer(sid, [r0, ...honest.slice(1)], seededRandom('x'))).toThrow(ProtocolAbort)
    const other = hashToPoint(sid, 0, 1, encodePoint(honest[0] as Point)).negate()
    expect(() =>
      senderAnswer(sid, [honest[0] as Point, other, ...honest.slice(2)], seededRandom('x')),
    ).toThrow('protocol abort: base-ot')
  })

  it('refuses another number of points', () => {
    expect(() => senderAnswer(sid, points(first.message).slice(1), seededRandom('x'))).toThrow(
      'number of points',
    )
    expect(() => receiverFinish(first.state, points(answer.message).slice(1))).toThrow('number of points')
  })

  it('names the setup by both messages', () => {
    const id = bytesToHex(otSetupId(sid, first.message, answer.message))
    expect(bytesToHex(otSetupId(sid, answer.message, first.message))).not.toBe(id)
    expect(bytesToHex(otSetupId(names.keyId, first.message, answer.message))).not.toBe(id)
    expect(id.length).toBe(64)
  })
})

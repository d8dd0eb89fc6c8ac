// What would a base OT give away if its hash, its masks or its decoding were weaker? (SPEC 7, rows 18 and 20; 2.2, 3.7)

import { decodePoint, encodePoint, mod, mul, mulBase, type Point, randomScalar } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import {
  hashToPoint,
  receiverFinish,
  receiverStart,
  senderAnswer,
} from '@tercet/protocol/internal/oblivious/base-ot'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { HS, TH, u32be } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { below } from '../support/random.js'
import { suite } from '../support/suite.js'
import { isPoint, OFF_CURVE } from './encodings.js'
import { bitOf } from './multiplication.js'

const run = suite('base OT')
const points = (bytes: Uint8Array): Point[] =>
  Array.from({ length: bytes.length / 33 }, (_, i) =>
    decodePoint(bytes.subarray(33 * i, 33 * i + 33), 'point'),
  )

describe('the hash to the curve', () => {
  it('is not the generator times a hash, for 100 inputs', () => {
    const random = run.random('hash')
    for (let n = 0; n < 100; n++) {
      const sid = random(32)
      const i = below(random, 128)
      const b = below(random, 2) as 0 | 1
      const point = encodePoint(mulBase(randomScalar(random)))
      const hashed = hashToPoint(sid, i, b, point)
      const parts = [sid, u32be(i), u32be(b), point] as const
      expect(hashed.equals(mulBase(HS('bot/h', ...parts)))).toBe(false)
      expect(
        hashed.equals(mulBase(mod(BigInt(`0x${Buffer.from(TH('bot/h', ...parts)).toString('hex')}`)))),
      ).toBe(false)
      expect(hashed.is0()).toBe(false)
      run.count()
    }
  })

  it('with a known logarithm, the receiver reads both keys of a transfer', () => {
    const random = run.random('known logarithm')
    const known = (b: 0 | 1, point: Uint8Array): bigint => HS('bot/h', u32be(b), point)
    // The sender, with G*HS(...) for the hash to the curve.
    const [x0, x1] = [randomScalar(random), randomScalar(random)]
    const [r0, r1] = [mulBase(x0), mulBase(x1)]
    const m0 = r0.add(mulBase(known(0, encodePoint(r1))))
    const m1 = r1.add(mulBase(known(1, encodePoint(r0))))
    const [y0, y1] = [randomScalar(random), randomScalar(random)]
    const [B0, B1] = [mulBase(y0), mulBase(y1)]
    // The receiver knows the logarithm of both m, so it needs neither y.
    expect(mul(B0, mod(x0 + known(0, encodePoint(r1)))).equals(mul(m0, y0))).toBe(true)
    expect(mul(B1, mod(x1 + known(1, encodePoint(r0)))).equals(mul(m1, y1))).toBe(true)
  })

  it('as it is, the receiver reads one key of each transfer', () => {
    const random = run.random('one key')
    const sid = random(32)
    const opened = receiverStart(sid, random)
    const answered = senderAnswer(sid, points(opened.message), random)
    const { delta, keys } = receiverFinish(opened.state, points(answered.message))
    for (let i = 0; i < 128; i++) {
      const at = (bytes: Uint8Array) => Buffer.from(bytes.subarray(32 * i, 32 * i + 32)).toString('hex')
      const [own, other] =
        bitOf(delta, i) === 1 ? [answered.keys1, answered.keys0] : [answered.keys0, answered.keys1]
      expect(at(keys)).toBe(at(own))
      expect(at(keys)).not.toBe(at(other))
      run.count()
    }
  })
})

describe('the masks', () => {
  /** How often each public bit of a pair agrees with the choice bit, over many pairs. */
  const agreement = (pairs: readonly { r0: Uint8Array; r1: Uint8Array; bit: number }[]): number[] => {
    const features = (r0: Uint8Array, r1: Uint8Array): number[] => [
      (r0[0] as number) & 1,
      (r1[0] as number) & 1,
      ((r0[0] as number) ^ (r1[0] as number)) & 1,
      (r0[32] as number) & 1,
      (r1[32] as number) & 1,
      Number(Buffer.compare(r0.subarray(1), r1.subarray(1)) < 0),
      Number(isPoint(r0)) & 1,
      Number(isPoint(r1)) & 1,
    ]
    const counts = new Array<number>(8).fill(0)
    for (const { r0, r1, bit } of pairs) {
      for (const [k, feature] of features(r0, r1).entries())
        counts[k] = (counts[k] as number) + Number(feature === bit)
    }
    return counts
  }
  /** Six standard deviations of a fair coin. */
  const bound = (n: number): number => 3 * Math.sqrt(n)

  it('no parity of r_0 or r_1 correlates with Delta, and both are points', () => {
    const random = run.random('parities')
    const pairs = Array.from({ length: run.times(3, 60) }, () => receiverStart(random(32), random)).flatMap(
      ({ state, message }) =>
        Array.from({ length: 128 }, (_, i) => ({
          r0: message.subarray(66 * i, 66 * i + 33),
          r1: message.subarray(66 * i + 33, 66 * i + 66),
          bit: bitOf(state.delta, i),
        })),
    )
    for (const { r0, r1 } of pairs) expect([isPoint(r0), isPoint(r1)]).toEqual([true, true])
    for (const agreeing of agreement(pairs))
      expect(Math.abs(agreeing - pairs.length / 2)).toBeLessThan(bound(pairs.length))
    run.count(pairs.length)
  })

  it('the same statistic flags masks that are byte strings and no group elements', () => {
    const random = run.random('byte masks')
    // The point that the receiver chose is masked; of the other string only the length is right.
    const pairs = Array.from({ length: 384 }, () => {
      const bit = below(random, 2)
      const real = encodePoint(mulBase(randomScalar(random)))
      const noise = Uint8Array.of(2 + below(random, 2), ...random(32))
      return bit === 0 ? { r0: real, r1: noise, bit } : { r0: noise, r1: real, bit }
    })
    const worst = Math.max(...agreement(pairs).map((n) => Math.abs(n - pairs.length / 2)))
    expect(worst).toBeGreaterThan(bound(pairs.length))
  })
})

describe('a malformed point in one branch', () => {
  const body = (random: Random): { honest: Uint8Array; delta: Uint8Array } => {
    const sid = random(32)
    const opened = receiverStart(sid, random)
    const { message } = senderAnswer(sid, points(opened.message), random)
    const honest = encodeMessage('ot.res2', { baseOtB2: message, confirm: random(32) })
    return { honest, delta: opened.state.delta }
  }
  const spoilt = (honest: Uint8Array, i: number, branch: number): Uint8Array => {
    const bytes = honest.slice()
    bytes.set(OFF_CURVE, 2 + 66 * i + 33 * branch)
    return bytes
  }

  it('is the same error in either branch of every transfer, whatever Delta is', () => {
    const random = run.random('branches')
    const { honest } = body(random)
    const all = Array.from({ length: 256 }, (_, n) => n)
    for (const n of run.some('points', all, 16)) {
      const step = () => decodeMessage('ot.res2', spoilt(honest, n >> 1, n & 1))
      expect(step).toThrow(Malformed)
      expect(step).toThrow('malformed: baseOtB2')
      run.count()
    }
  })

  it('if the chosen branch alone were decoded, the error would read Delta', () => {
    const random = run.random('lazy')
    const { honest, delta } = body(random)
    const lazy = (bytes: Uint8Array): void => {
      for (let i = 0; i < 128; i++) {
        const at = 2 + 66 * i + 33 * bitOf(delta, i)
        decodePoint(bytes.subarray(at, at + 33), 'BOT2')
      }
    }
    for (let i = 0; i < 8; i++) {
      const fails = ((): boolean => {
        try {
          lazy(spoilt(honest, i, 1))
          return false
        } catch {
          return true
        }
      })()
      expect(Number(fails)).toBe(bitOf(delta, i))
    }
  })
})

// Are scalars and points read and written strictly, and as the curve library would? (SPEC 0.2, 0.3)

import { bytesToNumberBE, numberToBytesBE } from '@noble/curves/utils.js'
import { describe, expect, it } from 'vitest'
import { readBigEndian } from './bytes.js'
import {
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  G,
  IDENTITY,
  mul,
  mulBase,
  mulPublic,
  ORDER,
  randomBytes,
  randomScalar,
  randomScalarOrZero,
} from './curve.js'
import { Malformed, Misuse } from './errors.js'
import { seededRandom } from './testing/seeded-random.js'

const SEED = 'curve'
const FIELD = 2n ** 256n - 2n ** 32n - 977n

describe(`scalars (seed ${SEED})`, () => {
  it('converts as the library does, for every length and for edges', () => {
    const random = seededRandom(SEED)
    for (let length = 0; length <= 64; length++) {
      const bytes = random(length)
      const expected = length === 0 ? 0n : bytesToNumberBE(bytes)
      expect(readBigEndian(bytes)).toBe(expected)
      expect(readBigEndian(Uint8Array.of(9, ...bytes).subarray(1))).toBe(expected)
    }
    for (const n of [0n, 1n, 255n, 2n ** 64n, 2n ** 192n - 1n, ORDER - 1n, ORDER, 2n ** 256n - 1n])
      expect(encodeScalar(n)).toEqual(numberToBytesBE(n, 32))
  })

  it('writes nothing that has no 32 bytes', () => {
    expect(() => encodeScalar(-1n)).toThrow(Misuse)
    expect(() => encodeScalar(2n ** 256n)).toThrow(Misuse)
  })

  it('refuses the order and above, another length, and zero where zero is illegal', () => {
    expect(decodeScalar(encodeScalar(ORDER - 1n), 'x', 'nonzero')).toBe(ORDER - 1n)
    expect(decodeScalar(new Uint8Array(32), 'x', 'zero-allowed')).toBe(0n)
    expect(() => decodeScalar(new Uint8Array(32), 'x', 'nonzero')).toThrow(Malformed)
    for (const n of [ORDER, ORDER + 1n, 2n ** 256n - 1n])
      expect(() => decodeScalar(encodeScalar(n), 'x', 'zero-allowed')).toThrow('malformed: x')
    for (const length of [0, 31, 33])
      expect(() => decodeScalar(new Uint8Array(length), 'x', 'zero-allowed')).toThrow(Malformed)
  })

  it('maps the ends of the random range into [1, q-1] and [0, q-1]', () => {
    const wide = (n: bigint) => () => numberToBytesBE(n, 48)
    expect(randomScalar(wide((ORDER - 1n) * 5n))).toBe(1n)
    expect(randomScalar(wide((ORDER - 1n) * 5n - 1n))).toBe(ORDER - 1n)
    expect(randomScalarOrZero(wide(ORDER * 5n))).toBe(0n)
  })

  it('refuses a generator that returns zeros or another length', () => {
    expect(() => randomBytes(() => new Uint8Array(32), 32)).toThrow(Misuse)
    expect(() => randomBytes(() => Uint8Array.of(1), 32)).toThrow(Misuse)
  })
})

describe('points', () => {
  const twice = encodePoint(G.double())

  it('reads what it wrote', () => {
    expect(decodePoint(twice, 'P').equals(G.double())).toBe(true)
  })

  it.each([
    ['uncompressed', G.toBytes(false)],
    ['hybrid 06', Uint8Array.of(6, ...G.toBytes(false).subarray(1))],
    ['first byte 04', Uint8Array.of(4, ...twice.subarray(1))],
    ['the identity as one byte', Uint8Array.of(0)],
    ['33 zero bytes', new Uint8Array(33)],
    ['x = 0', Uint8Array.of(2, ...new Uint8Array(32))],
    ['x not on the curve', Uint8Array.of(2, ...numberToBytesBE(5n, 32))],
    ['x = p', Uint8Array.of(2, ...numberToBytesBE(FIELD, 32))],
    ['x = p + 1, which is on the curve when reduced', Uint8Array.of(2, ...numberToBytesBE(FIELD + 1n, 32))],
    ['32 bytes', twice.subarray(0, 32)],
    ['34 bytes', Uint8Array.of(...twice, 0)],
    ['nothing', new Uint8Array(0)],
  ])('refuses %s', (_, bytes) => {
    expect(() => decodePoint(bytes, 'P')).toThrow('malformed: P')
  })

  it('gives the identity for a zero scalar or point, and no encoding of it', () => {
    for (const times of [mul, mulPublic]) {
      expect(times(G, 0n).is0()).toBe(true)
      expect(times(IDENTITY, 5n).is0()).toBe(true)
      expect(times(G, 2n).equals(mulBase(2n))).toBe(true)
    }
    expect(() => encodePoint(IDENTITY)).toThrow(Misuse)
  })
})

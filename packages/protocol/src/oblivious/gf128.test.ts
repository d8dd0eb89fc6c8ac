// Does the field of the consistency check multiply as specified? (SPEC 3.1, 11)

import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import { describe, expect, it } from 'vitest'
import { combiner, multiply } from './gf128.js'

const SEED = 'gf128'
const block = (n: number): Uint8Array => sha256(new TextEncoder().encode(`${SEED}/${n}`)).subarray(0, 16)

/** An independent multiplier: polynomials as little-endian integers, schoolbook product, then long division. */
function slowProduct(a: Uint8Array, b: Uint8Array): Uint8Array {
  const read = (bytes: Uint8Array): bigint => bytes.reduceRight((n, byte) => (n << 8n) | BigInt(byte), 0n)
  const [x, y] = [read(a), read(b)]
  let product = 0n
  for (let i = 0n; i < 128n; i++) if ((x >> i) & 1n) product ^= y << i
  const modulus = (1n << 128n) | 0b10000111n
  for (let i = 255n; i >= 128n; i--) if ((product >> i) & 1n) product ^= modulus << (i - 128n)
  return Uint8Array.from({ length: 16 }, (_, i) => Number((product >> BigInt(8 * i)) & 255n))
}

describe('GF(2^128)', () => {
  it('gives the known answer', () => {
    const a = hexToBytes('000102030405060708090a0b0c0d0e0f')
    const b = hexToBytes('fff8f1eae3dcd5cec7c0b9b2aba49d96')
    expect(bytesToHex(multiply(a, b))).toBe('ceb5966f647927ac44ecb64e16227329')
    expect(bytesToHex(slowProduct(a, b))).toBe('ceb5966f647927ac44ecb64e16227329')
  })

  it('reduces x^127 * x to x^7 + x^2 + x + 1', () => {
    const top = new Uint8Array(16).fill(0x80, 15)
    const x = new Uint8Array(16).fill(2, 0, 1)
    expect(bytesToHex(multiply(top, x))).toBe(`87${'00'.repeat(15)}`)
  })

  it('agrees with a slow multiplier, commutes, and has the unit 1', () => {
    const one = new Uint8Array(16).fill(1, 0, 1)
    for (let n = 0; n < 60; n++) {
      const [a, b] = [block(2 * n), block(2 * n + 1)]
      expect(multiply(a, b), `seed ${SEED}/${n}`).toEqual(slowProduct(a, b))
      expect(multiply(a, b)).toEqual(multiply(b, a))
      expect(multiply(a, one)).toEqual(a)
    }
  })

  it.each([1, 4, 13, 52])('combines %i blocks and the mask block', (count) => {
    const chis = Array.from({ length: count }, (_, j) => block(1000 + j))
    const row = new Uint8Array(16 * (count + 1))
    for (let j = 0; j <= count; j++) row.set(block(2000 + j), 16 * j)
    const expected = block(2000 + count).slice()
    for (let j = 0; j < count; j++)
      slowProduct(chis[j] as Uint8Array, block(2000 + j)).forEach((byte, i) => {
        expected[i] = (expected[i] as number) ^ byte
      })
    const comb = combiner(chis)
    expect(comb(row)).toEqual(expected)
    expect(comb(row)).toEqual(expected)
  })

  it('refuses other lengths', () => {
    expect(() => combiner([new Uint8Array(15)])).toThrow('factor length')
    expect(() => combiner([new Uint8Array(16)])(new Uint8Array(31))).toThrow('row length')
  })
})

// Is the one hash injective in its parts, and are numbers written as the specification says? (SPEC 0.2)

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ORDER } from './curve.js'
import { Misuse } from './errors.js'
import { TAGS, type Tag } from './tags.js'
import { HS, TH, u32be, u64be } from './transcript.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const sha256 = (...parts: readonly Uint8Array[]): Buffer =>
  createHash('sha256').update(Buffer.concat(parts)).digest()

/** TH from the formula, over the hash of OpenSSL. */
function formula(tag: string, ...parts: readonly Uint8Array[]): Buffer {
  const T = sha256(Buffer.from(`mpc/v1/${tag}`))
  const framed = parts.flatMap((part) => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(part.length)
    return [length, part]
  })
  return sha256(T, T, ...framed)
}

describe('TH', () => {
  it('is the formula, for every tag', () => {
    const parts = [new Uint8Array(0), Uint8Array.of(1, 2), new Uint8Array(1000).fill(7)]
    for (const tag of TAGS) expect(hex(TH(tag, ...parts))).toBe(hex(formula(tag, ...parts)))
    expect(hex(TH('test'))).toBe(hex(formula('test')))
  })

  it('takes a string for its UTF-8 bytes', () => {
    expect(hex(TH('test', 'ü'))).toBe(hex(TH('test', Uint8Array.of(0xc3, 0xbc))))
  })

  it('differs for every other way to cut the same bytes into parts', () => {
    const bytes = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 0)
    const seen = new Set<string>()
    for (let cuts = 0; cuts < 128; cuts++) {
      const parts: Uint8Array[] = []
      let from = 0
      for (let at = 1; at <= bytes.length; at++)
        if (at === bytes.length || (cuts >> (at - 1)) & 1) {
          parts.push(bytes.subarray(from, at))
          from = at
        }
      seen.add(hex(TH('test', ...parts)))
    }
    for (const empty of [[], [new Uint8Array(0)], [new Uint8Array(0), new Uint8Array(0)]])
      seen.add(hex(TH('test', ...empty)))
    expect(seen.size).toBe(131)
  })

  it('has no tag outside the list', () => {
    expect(() => TH('tests' as Tag)).toThrow(Misuse)
    expect(() => HS('' as Tag)).toThrow(Misuse)
  })
})

describe('HS', () => {
  it('is 384 bits of TH, expanded and reduced', () => {
    for (const text of ['a', 'b', 'c']) {
      const D = TH('test', text)
      const wide = Buffer.concat([sha256(D, Uint8Array.of(0)), sha256(D, Uint8Array.of(1)).subarray(0, 16)])
      expect(HS('test', text)).toBe(BigInt(`0x${wide.toString('hex')}`) % ORDER)
    }
  })
})

describe('numbers', () => {
  it('are big-endian', () => {
    expect(hex(u32be(0x01020304))).toBe('01020304')
    expect(hex(u32be(0xffffffff))).toBe('ffffffff')
    expect(hex(u64be(0x0102030405))).toBe('0000000102030405')
    expect(hex(u64be(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff')
  })

  it.each([-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])('refuse %d', (n) => {
    expect(() => u32be(n)).toThrow(Misuse)
    expect(() => u64be(n)).toThrow(Misuse)
  })

  it('refuse what has no 4 bytes', () => {
    expect(() => u32be(2 ** 32)).toThrow(Misuse)
    expect(hex(u64be(2 ** 32))).toBe('0000000100000000')
  })
})

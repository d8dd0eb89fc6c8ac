// Is the hash with a reused state SHA-256, whatever was hashed before?

import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { shortHash } from './short-hash.js'

const sha256 = (input: Uint8Array): Uint8Array => Uint8Array.from(createHash('sha256').update(input).digest())

describe('shortHash', () => {
  it('agrees with SHA-256 over every length up to three blocks, in any order', () => {
    const out = new Uint8Array(32)
    for (let step = 0; step < 193; step++) {
      const input = Uint8Array.from({ length: (step * 59) % 193 }, (_, i) => i + step)
      shortHash(input, out)
      expect(out).toEqual(sha256(input))
    }
  })

  it('writes 32 bytes and no more', () => {
    const out = new Uint8Array(40).fill(7)
    shortHash(Uint8Array.of(1, 2, 3), out)
    expect(out.subarray(0, 32)).toEqual(sha256(Uint8Array.of(1, 2, 3)))
    expect(out.subarray(32)).toEqual(new Uint8Array(8).fill(7))
  })

  it('works after an output that is too short was refused', () => {
    expect(() => shortHash(Uint8Array.of(1), new Uint8Array(31))).toThrow()
    const out = new Uint8Array(32)
    shortHash(Uint8Array.of(1), out)
    expect(out).toEqual(sha256(Uint8Array.of(1)))
  })
})

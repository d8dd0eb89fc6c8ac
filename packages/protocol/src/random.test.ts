// Is a broken generator noticed before anything is made with it? (SPEC 7, row 15)

import { randomFillSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Misuse } from './errors.js'
import { assertRandom, type Random } from './random.js'

/** Draws of 32 bytes, one after the other, the last for ever. */
const fixed =
  (...draws: readonly Uint8Array[]): Random =>
  () =>
    (draws.length > 1 ? (draws as Uint8Array[]).shift() : draws[0]) as Uint8Array
const fresh: Random = (length) => randomFillSync(new Uint8Array(length))
const bytes = fresh(32)

const broken: readonly (readonly [string, () => Random])[] = [
  ['zeros', () => (length) => new Uint8Array(length)],
  ['one byte for ever', () => (length) => new Uint8Array(length).fill(7)],
  ['another byte each time', () => fixed(...[1, 2, 3, 4].map((byte) => new Uint8Array(32).fill(byte)))],
  ['the same bytes each time', () => fixed(bytes)],
  ['bytes that come again later', () => fixed(bytes, fresh(32), bytes)],
  ['too few bytes', () => (length) => fresh(length - 1)],
]

describe('a generator', () => {
  it.each(broken)('that gives %s is refused', (_, make) => {
    expect(() => assertRandom(make())).toThrow(Misuse)
  })

  it('that works is not', () => {
    for (let n = 0; n < 100; n++) expect(() => assertRandom(fresh)).not.toThrow()
  })
})

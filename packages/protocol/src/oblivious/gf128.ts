// How are elements of GF(2^128) multiplied and rows combined without a secret index? (SPEC 3.1, 3.8)

import { Misuse } from '../errors.js'

const ELEMENT_BYTES = 16
const BITS = 128
/** x^128 = x^7 + x^2 + x + 1. */
const REDUCTION = 0x87

/** Reads bytes as little-endian 32-bit words: bit (8m+n) of the element is bit n of byte m. */
function readWords(bytes: Uint8Array, words: Int32Array): void {
  for (let w = 0; w < words.length; w++) {
    const at = 4 * w
    words[w] =
      (bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)
  }
}

/**
 * Makes `comb(row) = XOR_j chi_j * row[16j..16j+15] XOR row[16*blk..16*blk+15]` for public factors chi_j.
 * Deviation: SPEC 3.1 offers a 4-bit table per chi_j; rows are secret, so each bit is a mask and nothing is looked up.
 * One Horner pass from x^127 down serves all blocks. The function reuses its buffers and returns fresh bytes.
 */
export function combiner(chis: readonly Uint8Array[]): (row: Uint8Array) => Uint8Array {
  const count = chis.length
  if (chis.some((chi) => chi.length !== ELEMENT_BYTES)) throw new Misuse('combiner: factor length')
  const factors = new Int32Array(4 * count)
  for (let j = 0; j < count; j++) readWords(chis[j] as Uint8Array, factors.subarray(4 * j, 4 * j + 4))
  const words = new Int32Array(4 * (count + 1))

  return (row) => {
    if (row.length !== ELEMENT_BYTES * (count + 1)) throw new Misuse('combiner: row length')
    readWords(row, words)
    let [w0, w1, w2, w3] = [0, 0, 0, 0]
    for (let bit = BITS - 1; bit >= 0; bit--) {
      const overflow = w3 >> 31
      w3 = (w3 << 1) | (w2 >>> 31)
      w2 = (w2 << 1) | (w1 >>> 31)
      w1 = (w1 << 1) | (w0 >>> 31)
      w0 = (w0 << 1) ^ (overflow & REDUCTION)
      const shift = bit & 31
      for (let at = 0, word = bit >> 5; at < 4 * count; at += 4, word += 4) {
        const mask = -(((words[word] as number) >>> shift) & 1)
        w0 ^= mask & (factors[at] as number)
        w1 ^= mask & (factors[at + 1] as number)
        w2 ^= mask & (factors[at + 2] as number)
        w3 ^= mask & (factors[at + 3] as number)
      }
    }
    const out = new Uint8Array(ELEMENT_BYTES)
    const view = new DataView(out.buffer)
    view.setInt32(0, w0 ^ (words[4 * count] as number), true)
    view.setInt32(4, w1 ^ (words[4 * count + 1] as number), true)
    view.setInt32(8, w2 ^ (words[4 * count + 2] as number), true)
    view.setInt32(12, w3 ^ (words[4 * count + 3] as number), true)
    return out
  }
}

/** The product of two elements of 16 bytes. */
export function multiply(a: Uint8Array, b: Uint8Array): Uint8Array {
  const row = new Uint8Array(2 * ELEMENT_BYTES)
  row.set(b)
  return combiner([a])(row)
}

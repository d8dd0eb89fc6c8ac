// How do bytes stand in a document? Unpadded base64url, one spelling per value. (RFC 4648 section 5)

import { Malformed } from '@tercet/protocol/errors'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUES = new Map([...ALPHABET].map((letter, value) => [letter, value]))

/** The unpadded base64url spelling of the bytes. */
export function toBase64url(bytes: Uint8Array): string {
  let out = ''
  let buffer = 0
  let bits = 0
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff
    bits += 8
    while (bits >= 6) {
      bits -= 6
      out += ALPHABET[(buffer >> bits) & 63]
    }
  }
  return bits === 0 ? out : out + ALPHABET[(buffer << (6 - bits)) & 63]
}

/**
 * The bytes behind a spelling: no padding, no foreign letters, unused bits zero, so that every value has
 * exactly one spelling. `length` is the exact number of bytes where it is known. Throws Malformed.
 */
export function fromBase64url(text: string, field: string, length?: number): Uint8Array {
  if (text.length % 4 === 1) throw new Malformed(field)
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  if (length !== undefined && out.length !== length) throw new Malformed(field)
  let buffer = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    const value = VALUES.get(letter)
    if (value === undefined) throw new Malformed(field)
    buffer = ((buffer << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (buffer >> bits) & 0xff
    }
  }
  if ((buffer & ((1 << bits) - 1)) !== 0) throw new Malformed(field)
  return out
}

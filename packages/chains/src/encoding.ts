// How are the byte strings inside a request read? (product.md 5: bytes are base64url; RFC 4648 section 5, unpadded)

import { Malformed } from '@tercet/protocol/errors'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const VALUE_OF = new Map(Array.from(ALPHABET, (character, value) => [character, value]))

/** Bytes of unpadded base64url; unused low bits must be zero, so every byte string has one text. @throws Malformed */
export function readBase64url(text: unknown, field: string): Uint8Array {
  if (typeof text !== 'string' || text.length % 4 === 1) throw new Malformed(field)
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let buffer = 0
  let bits = 0
  let at = 0
  for (const character of text) {
    const value = VALUE_OF.get(character)
    if (value === undefined) throw new Malformed(field)
    buffer = ((buffer << 6) | value) & 0xffff
    bits += 6
    if (bits < 8) continue
    bits -= 8
    out[at++] = (buffer >> bits) & 0xff
  }
  if ((buffer & ((1 << bits) - 1)) !== 0) throw new Malformed(field)
  return out
}

/** Unpadded base64url of the bytes. */
export function writeBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const characters = Math.min(4, bytes.length - i + 1)
    for (let k = 0; k < characters; k++) text += ALPHABET.charAt((group >> (18 - 6 * k)) & 63)
  }
  return text
}

/** A JSON object that is neither null nor an array. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

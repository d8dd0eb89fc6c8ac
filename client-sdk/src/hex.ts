// How are bytes written as hexadecimal, and read from it?

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js'
import type { Hex } from '@tercet/chains/facts'
import { Malformed } from '@tercet/protocol/errors'

export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`
}

/** @throws Malformed naming the field */
export function fromHex(text: string, field: string): Uint8Array {
  if (!/^0x([0-9a-fA-F]{2})*$/.test(text)) throw new Malformed(field)
  return hexToBytes(text.slice(2))
}

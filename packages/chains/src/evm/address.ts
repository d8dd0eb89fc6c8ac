// Which EVM address belongs to a public key, and how are addresses written? (Yellow Paper appendix F; EIP-55)

import type { Point } from '@tercet/protocol/curve'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import { bytesToHex, getAddress, hexToBytes, keccak256 } from 'viem/utils'
import type { Hex } from '../facts.js'

/** The last 20 bytes of keccak256(x || y), with the EIP-55 checksum. @throws Misuse for the identity */
export function evmAddress(point: Point): Hex {
  if (point.is0()) throw new Misuse('the identity has no address')
  return formatAddress(keccak256(point.toBytes(false).subarray(1), 'bytes').subarray(12))
}

/** 20 bytes as `0x...` with the EIP-55 checksum. */
export function formatAddress(bytes: Uint8Array): Hex {
  return getAddress(bytesToHex(bytes))
}

/** Reads an address in lower case, or in mixed case with a right checksum; returns its 20 bytes. @throws Malformed */
export function readAddress(text: unknown, field: string): Uint8Array {
  if (typeof text !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(text)) throw new Malformed(field)
  const lowerCase: Hex = `0x${text.slice(2).toLowerCase()}`
  if (text !== lowerCase && text !== getAddress(lowerCase)) throw new Malformed(field)
  return hexToBytes(lowerCase)
}

// Which contract calls are understood completely? (ERC-20, ERC-721; Solidity ABI)

import { bytesToHex } from 'viem/utils'
import type { Decimal, Hex, KnownCall } from '../facts.js'
import { formatAddress } from './address.js'

/** Decodes calls of known selector, exact length and clean padding; null for everything else. */
export function decodeCall(data: Uint8Array): KnownCall | null {
  const words = (data.length - 4) / 32
  const address = (i: number): Hex | null => {
    const word = data.subarray(4 + 32 * i, 36 + 32 * i)
    return word.subarray(0, 12).every((byte) => byte === 0) ? formatAddress(word.subarray(12)) : null
  }
  const amount = (i: number): Decimal => BigInt(bytesToHex(data.subarray(4 + 32 * i, 36 + 32 * i))).toString()
  const first = words >= 1 ? address(0) : null
  if (first === null) return null
  const selector = bytesToHex(data.subarray(0, 4))
  if (selector === '0xa9059cbb' && words === 2)
    return { method: 'transfer', recipient: first, amount: amount(1) }
  if (selector === '0x095ea7b3' && words === 2)
    return { method: 'approve', spender: first, amount: amount(1) }
  if (selector === '0x23b872dd' && words === 3) {
    const recipient = address(1)
    if (recipient !== null) return { method: 'transferFrom', owner: first, recipient, amount: amount(2) }
  }
  if (selector === '0xa22cb465' && words === 2 && (amount(1) === '0' || amount(1) === '1')) {
    return { method: 'setApprovalForAll', operator: first, approved: amount(1) === '1' }
  }
  return null
}

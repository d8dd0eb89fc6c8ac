// How is a signature on a message or typed data handed to the EVM's world? (EIP-191, EIP-712: r || s || v)

import { concat } from '@tercet/protocol/bytes'
import { encodeScalar } from '@tercet/protocol/curve'
import { Misuse } from '@tercet/protocol/errors'
import { bytesToHex } from 'viem/utils'
import type { Hex } from '../facts.js'
import type { RecoverableSignature } from './transaction.js'

/** 65 bytes: r, s (32 bytes each, big-endian), v = 27 + recovery id. @throws Misuse for a recovery id of 2 or 3 */
export function joinSignature({ r, s, recoveryId }: RecoverableSignature): Hex {
  if (recoveryId !== 0 && recoveryId !== 1) throw new Misuse('the EVM knows recovery ids 0 and 1 only')
  return bytesToHex(concat(encodeScalar(r), encodeScalar(s), Uint8Array.of(27 + recoveryId)))
}

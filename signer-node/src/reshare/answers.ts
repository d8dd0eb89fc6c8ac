// What does the node say about the epochs of a key, where it does not do what was asked? (SPEC 5.2: signed, and no problem codes)

import { sha256 } from '@noble/hashes/sha2.js'
import type { ShareId } from '@tercet/protocol/epochs'
import { encodeMessage } from '@tercet/protocol/messages'
import { toBase64url } from '@tercet/wire/base64url'
import type { KeyState } from '../store/key-state.js'

/** SHA-256 of a kit, as base64url. */
export function hashOf(kit: Uint8Array): string {
  return toBase64url(sha256(kit))
}

/** Stands in place of any answer of a reshare: echoes the id, and says where this node is. */
export function statusOf(
  { epochs }: KeyState,
  { epoch, attempt }: ShareId,
  status: 'refused' | 'unknown' | 'revoked',
): Uint8Array {
  const { act, old, att } = epochs
  return encodeMessage('reshare.status', {
    epoch,
    attempt,
    status,
    actEpoch: act.id.epoch,
    actAttempt: act.id.attempt,
    hasOld: old === null ? 'no' : 'yes',
    oldEpoch: old?.id.epoch ?? 0,
    oldAttempt: old?.id.attempt ?? 0,
    att,
  })
}

// What do a new device and the recovery machine tell each other by hand, before they can talk? Two codes, each on a screen.

import { concat, equalBytes } from '@tercet/protocol/bytes'
import { decodePoint } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { TH } from '@tercet/protocol/transcript'
import { fromBase64url, toBase64url } from './base64url.js'
import { decodeIdentity } from './identity.js'

/** Bytes at the end that tell a mistyped code. They prove nothing. */
const CHECK_BYTES = 4
const IDENTITY_BYTES = 34

/** A device's identity as a code: for the person at the recovery machine, or at the old device. */
export function encodeJoinCode(identity: Uint8Array): string {
  return encode(identity)
}

/** The identity (34 bytes) in a code. @throws Malformed */
export function decodeJoinCode(code: string): Uint8Array {
  const identity = decode(code, IDENTITY_BYTES, 'deviceCode')
  decodeIdentity(identity, 'deviceCode')
  return identity
}

/** What a new device relies on, from the person who joins it and from nobody on the way. */
export interface Invitation {
  /** 32 bytes */
  readonly keyId: Uint8Array
  /** X, 33 bytes */
  readonly publicKey: Uint8Array
  /** K, 33 bytes: whoever holds its secret is the recovery party now. */
  readonly recoveryKey: Uint8Array
  /** K', 33 bytes: the recovery key from then on, which may be K. */
  readonly nextRecoveryKey: Uint8Array
  /** idC, 34 bytes */
  readonly cosigner: Uint8Array
  /** Who hands the share over, 34 bytes: the recovery party, or the old device. */
  readonly from: Uint8Array
}

/** An invitation as a code: for the person at the new device. */
export function encodeInvitation(invitation: Invitation): string {
  const { keyId, publicKey, recoveryKey, nextRecoveryKey, cosigner, from } = invitation
  return encode(concat(keyId, publicKey, recoveryKey, nextRecoveryKey, cosigner, from))
}

/** @throws Malformed */
export function decodeInvitation(code: string): Invitation {
  const bytes = decode(code, 32 + 33 * 3 + IDENTITY_BYTES * 2, 'invitation')
  let at = 0
  const take = (length: number): Uint8Array => {
    at += length
    return bytes.slice(at - length, at)
  }
  const invitation = {
    keyId: take(32),
    publicKey: take(33),
    recoveryKey: take(33),
    nextRecoveryKey: take(33),
    cosigner: take(IDENTITY_BYTES),
    from: take(IDENTITY_BYTES),
  }
  decodePoint(invitation.publicKey, 'invitation')
  decodePoint(invitation.recoveryKey, 'invitation')
  decodePoint(invitation.nextRecoveryKey, 'invitation')
  decodeIdentity(invitation.cosigner, 'invitation')
  return invitation
}

function encode(bytes: Uint8Array): string {
  return toBase64url(concat(bytes, check(bytes)))
}

function decode(code: string, length: number, field: string): Uint8Array {
  const whole = fromBase64url(code.trim(), field, length + CHECK_BYTES)
  const bytes = whole.slice(0, length)
  if (!equalBytes(check(bytes), whole.slice(length))) throw new Malformed(field)
  return bytes
}

function check(bytes: Uint8Array): Uint8Array {
  return TH('link', 'code', bytes).slice(0, CHECK_BYTES)
}

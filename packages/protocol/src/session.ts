// How are keys, sessions and presignatures named? (SPEC 0.4, 0.6)

import { ProtocolAbort } from './errors.js'
import { TH, u32be } from './transcript.js'

/** Protocol version inside every hash and message. */
export const VERSION = 1
/** `ver` as a hash part. */
export const VER: Uint8Array = u32be(VERSION)
/** The one suite of this version. */
export const SUITE = 'secp256k1'

/** Length of an identity: 0x01 (P-256) and a 33-byte compressed key; that of party 3 begins with 0x02 (secp256k1). */
export const IDENTITY_BYTES = 34
const P256 = 0x01

/**
 * Device and cosigner are never the recovery party under another name: their identities are P-256 keys. (SPEC 0.4)
 * @throws ProtocolAbort `context`
 */
export function assertOnlineIdentity(identity: Uint8Array): void {
  if (identity.length !== IDENTITY_BYTES || identity[0] !== P256) throw new ProtocolAbort('context')
}

export type OpType = 'keygen' | 'ot' | 'presign' | 'fresh' | 'sign' | 'reshare'

/** `keyId = TH("keyid", sid)`, 32 bytes. */
export function keyIdOf(sid: Uint8Array): Uint8Array {
  return TH('keyid', sid)
}

/**
 * Deviation: `control` names what belongs to no protocol, the kit; its nonce is that of the HTTP signature.
 * `sessionId = TH("sess", opType, nonce, idI, idJ)`; for `sign` the nonce is the presigId. 32 bytes.
 */
export function sessionId(
  opType: OpType | 'control',
  nonce: Uint8Array,
  idInitiator: Uint8Array,
  idResponder: Uint8Array,
): Uint8Array {
  return TH('sess', opType, nonce, idInitiator, idResponder)
}

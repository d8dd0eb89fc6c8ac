// How are keys, sessions and presignatures named? (SPEC 0.4, 0.6)

import { TH, u32be } from './transcript.js'

/** Protocol version inside every hash and message. */
export const VERSION = 1
/** `ver` as a hash part. */
export const VER: Uint8Array = u32be(VERSION)
/** The one suite of this version. */
export const SUITE = 'secp256k1'

/** Length of an identity: 0x01 (P-256) and a 33-byte compressed key. */
export const IDENTITY_BYTES = 34

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

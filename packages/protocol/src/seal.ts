// How is a sub-share hidden from everybody but the peer's session key? (SPEC 0.4)

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { x25519 } from '@noble/curves/ed25519.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, isZero } from './bytes.js'
import { randomBytes } from './curve.js'
import { Misuse, ProtocolAbort } from './errors.js'
import type { Random } from './random.js'
import { VER } from './session.js'
import { TH, u32be } from './transcript.js'

const KEY_BYTES = 32
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** How much longer a sealed value is than what it hides: the ephemeral key and the tag. */
export const SEAL_OVERHEAD = KEY_BYTES + TAG_BYTES

/** Where a sealed value stands; every member is part of its key. */
export interface SealContext {
  /** Identity (34 bytes) of the party that seals. */
  readonly from: Uint8Array
  /** Identity (34 bytes) of the party that opens. */
  readonly to: Uint8Array
  readonly sessionId: Uint8Array
  /** Step of the message that carries the value: request k is 2k-1, response k is 2k. */
  readonly step: number
  readonly direction: 'req' | 'res'
  /** ASCII name of the field in the message registry. */
  readonly field: string
}

/** The public encryption key of the party that opens. */
export interface SealTo extends SealContext {
  readonly peerKey: Uint8Array
}

/** Our own session encryption key. */
export interface UnsealWith extends SealContext {
  readonly secretKey: Uint8Array
  readonly publicKey: Uint8Array
}

/** A fresh X25519 key pair for one session. */
export function newSealKey(random: Random): { secretKey: Uint8Array; publicKey: Uint8Array } {
  const secretKey = randomBytes(random, KEY_BYTES)
  return { secretKey, publicKey: x25519.getPublicKey(secretKey) }
}

/**
 * `E (32) || ciphertext || tag (16)` under a key for this session, direction and field alone.
 * @throws ProtocolAbort `seal` when the peer's key is of low order
 */
export function seal(to: SealTo, plaintext: Uint8Array, random: Random): Uint8Array {
  const ephemeral = newSealKey(random)
  const cipher = cipherOf(to, ephemeral.secretKey, to.peerKey, ephemeral.publicKey, to.peerKey)
  return concat(ephemeral.publicKey, cipher.encrypt(plaintext))
}

/**
 * What {@link seal} hid.
 * @throws ProtocolAbort `seal` when the value was not sealed to this key in this context
 */
export function unseal(own: UnsealWith, bytes: Uint8Array): Uint8Array {
  if (bytes.length < SEAL_OVERHEAD) throw new ProtocolAbort('seal')
  const E = bytes.slice(0, KEY_BYTES)
  const cipher = cipherOf(own, own.secretKey, E, E, own.publicKey)
  try {
    return cipher.decrypt(bytes.slice(KEY_BYTES))
  } catch {
    throw new ProtocolAbort('seal')
  }
}

function cipherOf(
  context: SealContext,
  secretKey: Uint8Array,
  theirKey: Uint8Array,
  E: Uint8Array,
  peerKey: Uint8Array,
): ReturnType<typeof xchacha20poly1305> {
  const where = TH(
    'seal',
    VER,
    context.from,
    context.to,
    context.sessionId,
    u32be(context.step),
    context.direction,
    context.field,
  )
  const dh = sharedSecret(secretKey, theirKey)
  const okm = hkdf(sha256, dh, concat(E, peerKey), where, KEY_BYTES + NONCE_BYTES)
  return xchacha20poly1305(okm.slice(0, KEY_BYTES), okm.slice(KEY_BYTES), where)
}

function sharedSecret(secretKey: Uint8Array, theirKey: Uint8Array): Uint8Array {
  if (secretKey.length !== KEY_BYTES || theirKey.length !== KEY_BYTES) {
    throw new Misuse('seal: a key is 32 bytes')
  }
  let dh: Uint8Array
  try {
    dh = x25519.getSharedSecret(secretKey, theirKey)
  } catch {
    throw new ProtocolAbort('seal')
  }
  // The library refuses a low-order key itself; this line keeps the rule if it stops.
  if (isZero(dh)) throw new ProtocolAbort('seal')
  return dh
}

// Who is speaking? A long-term key whose owner signs messages and tagged values: P-256, or the recovery key. (SPEC 0.4)

import { p256 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat } from '@tercet/protocol/bytes'
import { decodePoint, encodeScalar } from '@tercet/protocol/curve'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import { IDENTITY_BYTES } from '@tercet/protocol/session'
import type { Tag } from '@tercet/protocol/tags'
import { type Part, TH } from '@tercet/protocol/transcript'
import { fromBase64url } from './base64url.js'

/** The algorithm byte of an identity: P-256. */
const P256 = 0x01
/** The algorithm byte of the recovery party's identity, idV = 0x02 || K: secp256k1. */
const SECP256K1 = 0x02
const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const
const SCHEME = { name: 'ECDSA', hash: 'SHA-256' } as const

/** WebCrypto's CryptoKey, named so that programs without the DOM's types see it too. */
export type PrivateKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>

/** A party that can sign. The private key stays behind `sign`. */
export interface Identity {
  /** 34 bytes: 0x01 and the compressed P-256 key. */
  readonly publicIdentity: Uint8Array
  /** ECDSA with SHA-256 over the message: 64 bytes r||s. */
  sign(message: Uint8Array): Promise<Uint8Array>
}

/** An identity together with the WebCrypto key that a store can keep. */
export interface KeptIdentity extends Identity {
  readonly privateKey: PrivateKey
}

/** A new identity. Its key leaves WebCrypto only if `extractable` is asked for (a file store needs that). */
export async function generateIdentity(
  options: { readonly extractable?: boolean } = {},
): Promise<KeptIdentity> {
  const pair = await crypto.subtle.generateKey(KEY, options.extractable ?? false, ['sign', 'verify'])
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  return keep(pair.privateKey, compress(raw.subarray(1, 33), raw.subarray(33, 65)))
}

/**
 * An identity from PKCS #8 bytes (the key becomes non-extractable unless asked for), or from a key that a
 * store kept together with its public identity. Throws Malformed.
 */
export async function importIdentity(
  source: Uint8Array | { readonly privateKey: PrivateKey; readonly publicIdentity: Uint8Array },
  options: { readonly extractable?: boolean } = {},
): Promise<KeptIdentity> {
  if (!(source instanceof Uint8Array)) {
    decodeIdentity(source.publicIdentity, 'identity')
    return keep(source.privateKey, source.publicIdentity)
  }
  try {
    const readable = await crypto.subtle.importKey('pkcs8', copy(source), KEY, true, ['sign'])
    const { x, y } = await crypto.subtle.exportKey('jwk', readable)
    const publicIdentity = compress(
      fromBase64url(x ?? '', 'identity', 32),
      fromBase64url(y ?? '', 'identity', 32),
    )
    if (options.extractable) return keep(readable, publicIdentity)
    return keep(await crypto.subtle.importKey('pkcs8', copy(source), KEY, false, ['sign']), publicIdentity)
  } catch {
    throw new Malformed('identity')
  }
}

/** The private key as PKCS #8 bytes, secret, for a store that encrypts them. Throws if it is not extractable. */
export async function exportIdentity(identity: KeptIdentity): Promise<Uint8Array> {
  if (!identity.privateKey.extractable) throw new Misuse('exportIdentity: the key is not extractable')
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', identity.privateKey))
}

/** idV = 0x02 || K: the identity of whoever holds the recovery key. @throws Malformed unless K is a point */
export function recoveryIdentity(K: Uint8Array): Uint8Array {
  decodePoint(K, 'recoveryKey')
  return concat(Uint8Array.of(SECP256K1), K)
}

/** The recovery party as a signer. It keeps kappa as long as it lives. */
export function recoverySigner(kappa: bigint): Identity {
  const secret = encodeScalar(kappa)
  return {
    publicIdentity: recoveryIdentity(secp256k1.getPublicKey(secret, true)),
    sign: async (message) => secp256k1.sign(message, secret, { lowS: true, prehash: true }),
  }
}

/** Checks 64 bytes r||s over the message; of the recovery party low s alone. A malformed identity or signature is `false`, not an error. */
export async function verifyWithIdentity(
  publicIdentity: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== 64) return false
  if (publicIdentity[0] === SECP256K1) return verifyByRecoveryKey(publicIdentity, message, signature)
  try {
    // WebCrypto imports compressed points on some platforms only, so the point is decompressed here.
    const raw = decodeIdentity(publicIdentity, 'identity')
    const key = await crypto.subtle.importKey('raw', copy(raw), KEY, false, ['verify'])
    return await crypto.subtle.verify(SCHEME, key, copy(signature), copy(message))
  } catch {
    return false
  }
}

function verifyByRecoveryKey(identity: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return secp256k1.verify(signature, message, identity.subarray(1), { lowS: true, prehash: true })
  } catch {
    return false
  }
}

/** The tags whose values identity keys may sign. */
export type SignedTag = Extract<Tag, `sig/${string}`>

/** Signs the 32 bytes `TH(tag, ...parts)`. */
export function signTagged(
  identity: Identity,
  tag: SignedTag,
  ...parts: readonly Part[]
): Promise<Uint8Array> {
  return identity.sign(TH(tag, ...parts))
}

/** Checks what {@link signTagged} made. */
export function verifyTagged(
  publicIdentity: Uint8Array,
  signature: Uint8Array,
  tag: SignedTag,
  ...parts: readonly Part[]
): Promise<boolean> {
  return verifyWithIdentity(publicIdentity, TH(tag, ...parts), signature)
}

/** The uncompressed point (65 bytes) of an identity. Throws Malformed unless it is a P-256 point with tag 0x01. */
export function decodeIdentity(bytes: Uint8Array, field: string): Uint8Array {
  if (bytes.length !== IDENTITY_BYTES || bytes[0] !== P256) throw new Malformed(field)
  try {
    return p256.Point.fromBytes(bytes.slice(1)).toBytes(false)
  } catch {
    throw new Malformed(field)
  }
}

function keep(privateKey: PrivateKey, publicIdentity: Uint8Array): KeptIdentity {
  return {
    privateKey,
    publicIdentity: publicIdentity.slice(),
    sign: async (message) => new Uint8Array(await crypto.subtle.sign(SCHEME, privateKey, copy(message))),
  }
}

function compress(x: Uint8Array, y: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(P256, 2 + ((y[31] ?? 0) & 1)), x)
}

/** WebCrypto takes plain ArrayBuffers only. */
function copy(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

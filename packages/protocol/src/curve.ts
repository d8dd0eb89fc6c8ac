// What are points and scalars, and how are they read from bytes? (SPEC 0.2, 0.3)

import { secp256k1, secp256k1_hasher } from '@noble/curves/secp256k1.js'
import { readBigEndian } from './bytes.js'
import { Malformed, Misuse } from './errors.js'
import type { Random } from './random.js'

/** A point of secp256k1. Immutable. */
export type Point = InstanceType<typeof secp256k1.Point>

export const G: Point = secp256k1.Point.BASE
export const IDENTITY: Point = secp256k1.Point.ZERO
/** The group order q. */
export const ORDER: bigint = secp256k1.Point.Fn.ORDER

export const POINT_BYTES = 33
export const SCALAR_BYTES = 32

/** `n mod q`, in [0, q-1]. */
export function mod(n: bigint): bigint {
  const r = n % ORDER
  return r < 0n ? r + ORDER : r
}

/** `k*P`; the identity for k = 0, where the curve library would throw, so that a zero ends in a comparison. */
export function mul(point: Point, scalar: bigint): Point {
  if (scalar === 0n || point.is0()) return IDENTITY
  return point.multiply(scalar)
}

/** `k*G`. */
export function mulBase(scalar: bigint): Point {
  return mul(G, scalar)
}

/** `k*P` for public k and P alone: faster, and its time depends on k. */
export function mulPublic(point: Point, scalar: bigint): Point {
  if (scalar === 0n || point.is0()) return IDENTITY
  return point.multiplyUnsafe(scalar)
}

/** The inverse modulo q of a public or blinded scalar (the library's inversion leaks timing). */
export function invertPublic(scalar: bigint): bigint {
  if (scalar === 0n) throw new Misuse('inverse of zero')
  return secp256k1.Point.Fn.inv(scalar)
}

/** 33-byte compressed SEC1; the identity has no encoding. */
export function encodePoint(point: Point): Uint8Array {
  if (point.is0()) throw new Misuse('the identity has no encoding')
  return point.toBytes(true)
}

/** Exactly 33 bytes, 02 or 03 first, x < p, on the curve. @throws Malformed naming `field` */
export function decodePoint(bytes: Uint8Array, field: string): Point {
  if (bytes.length !== POINT_BYTES || (bytes[0] !== 2 && bytes[0] !== 3)) throw new Malformed(field)
  let point: Point
  try {
    point = secp256k1.Point.fromBytes(bytes)
  } catch {
    throw new Malformed(field)
  }
  return point
}

/** 32 bytes, big-endian, written in words. @throws Misuse below 0 or from 2^256 on */
export function encodeScalar(scalar: bigint): Uint8Array {
  if (scalar < 0n || scalar >> 256n !== 0n) throw new Misuse('encodeScalar: out of range')
  const out = new Uint8Array(SCALAR_BYTES)
  const view = new DataView(out.buffer)
  for (let at = 0, shift = 192n; at < SCALAR_BYTES; at += 8, shift -= 64n)
    view.setBigUint64(at, scalar >> shift)
  return out
}

/** Exactly 32 bytes below q; zero only where `zero` allows it. Never reduced. @throws Malformed naming `field` */
export function decodeScalar(bytes: Uint8Array, field: string, zero: 'zero-allowed' | 'nonzero'): bigint {
  if (bytes.length !== SCALAR_BYTES) throw new Malformed(field)
  const scalar = readBigEndian(bytes)
  if (scalar >= ORDER || (scalar === 0n && zero === 'nonzero')) throw new Malformed(field)
  return scalar
}

/** A 256-bit big-endian value reduced modulo q (bias about 2^-127): pads and decrypted rows. */
export function reduce256(bytes: Uint8Array): bigint {
  return readBigEndian(bytes) % ORDER
}

/** Uniform in [1, q-1]: 384 fresh bits modulo q - 1, plus one. */
export function randomScalar(random: Random): bigint {
  return (readBigEndian(randomBytes(random, 48)) % (ORDER - 1n)) + 1n
}

/** Uniform in [0, q-1]. */
export function randomScalarOrZero(random: Random): bigint {
  return readBigEndian(randomBytes(random, 48)) % ORDER
}

/**
 * Deviation: a draw of 16 or more zero bytes is refused, which a uniform source gives with probability 2^-128 at most.
 * Fresh bytes, with the length of what the generator returned checked.
 */
export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = random(length)
  if (bytes.length !== length) throw new Misuse('the random generator returned a wrong length')
  if (length >= 16 && bytes.every((b) => b === 0)) throw new Misuse('the random generator returned zeros')
  return Uint8Array.from(bytes)
}

const BASE_OT_DST = 'MPC-V1-BASEOT-secp256k1_XMD:SHA-256_SSWU_RO_'

/** RFC 9380 secp256k1_XMD:SHA-256_SSWU_RO_ with the base-OT domain: a point of unknown discrete logarithm. */
export function hashToCurve(message: Uint8Array): Point {
  return secp256k1.Point.fromAffine(secp256k1_hasher.hashToCurve(message, { DST: BASE_OT_DST }).toAffine())
}

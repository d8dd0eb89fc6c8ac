// How does a party prove that it knows the discrete logarithm of a point? (SPEC 1.4)

import { concat } from '../bytes.js'
import {
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  G,
  mod,
  mulBase,
  mulPublic,
  POINT_BYTES,
  type Point,
  randomScalar,
  SCALAR_BYTES,
} from '../curve.js'
import { Malformed } from '../errors.js'
import type { Random } from '../random.js'
import { HS, u32be } from '../transcript.js'

/** R (33 bytes), then z (32 bytes). */
export const DISCRETE_LOG_PROOF_BYTES = POINT_BYTES + SCALAR_BYTES

/**
 * A Schnorr proof of knowledge of `x` with `X = x*G`, valid for this context and id alone.
 * @param context the session identifier, transcript or registration hash that the proof belongs to
 * @param id names the proven value inside the context; one id, one value
 * @param X not the identity
 */
export function proveDiscreteLog(
  context: Uint8Array,
  id: number,
  x: bigint,
  X: Point,
  random: Random,
): Uint8Array {
  const k = randomScalar(random)
  const R = mulBase(k)
  const z = mod(k + challenge(context, id, X, R) * x)
  return concat(encodePoint(R), encodeScalar(z))
}

/**
 * Whether the proof holds for `X`, this context and this id; the identity is never proven.
 * @throws Malformed naming `proof` when R or z is not an encoding
 */
export function verifyDiscreteLog(context: Uint8Array, id: number, X: Point, proof: Uint8Array): boolean {
  if (proof.length !== DISCRETE_LOG_PROOF_BYTES) throw new Malformed('proof')
  const R = decodePoint(proof.subarray(0, POINT_BYTES), 'proof')
  const z = decodeScalar(proof.subarray(POINT_BYTES), 'proof', 'zero-allowed')
  if (X.is0()) return false
  return mulPublic(G, z).equals(R.add(mulPublic(X, challenge(context, id, X, R))))
}

function challenge(context: Uint8Array, id: number, X: Point, R: Point): bigint {
  return HS('pok', context, u32be(id), encodePoint(X), encodePoint(R))
}

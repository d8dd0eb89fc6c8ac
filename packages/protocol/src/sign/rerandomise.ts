// How does fresh entropy of the responder change the nonce after the request is fixed? (SPEC 4.4, 4.6)

import { encodePoint, encodeScalar, mod, mulBase, type Point } from '../curve.js'
import { ProtocolAbort } from '../errors.js'
import type { PresignatureContent } from '../presign/presignature.js'
import { requestHash } from '../presign/session.js'
import { HS, integer, u64be } from '../transcript.js'
import { childKey, type SigningInput } from './input.js'

/** One party's share of the signature, with the public values that both derive. */
export interface SignatureShare {
  /** w_y = (m + r*e)*phi_y + r*v_y */
  readonly w: bigint
  /** u'_y = u_y + delta*phi_y */
  readonly u: bigint
  /** R' = R + delta*G */
  readonly noncePoint: Point
  /** X' */
  readonly childKey: Point
  /** r = R'.x mod q */
  readonly r: bigint
}

/** delta, R', r and this party's (w, u'). @throws ProtocolAbort `nonce-identity` (probability 2^-256) */
export function signatureShare(
  p: PresignatureContent,
  input: SigningInput,
  entropy: Uint8Array,
): SignatureShare {
  const child = childKey(p.publicKey, input.tweak)
  const e = input.tweak.scalar
  const delta = HS(
    'rerand',
    p.keyId,
    u64be(p.epoch),
    p.presigId,
    encodePoint(p.r),
    encodePoint(p.publicKey),
    encodePoint(child),
    encodeScalar(e),
    input.digest.bytes,
    requestHash(input.request),
    entropy,
  )
  const noncePoint = p.r.add(mulBase(delta))
  if (noncePoint.is0()) throw new ProtocolAbort('nonce-identity')
  const r = mod(noncePoint.toAffine().x)
  if (r === 0n) throw new ProtocolAbort('nonce-identity')
  const m = mod(integer(input.digest.bytes))
  const w = mod(mod(m + r * e) * p.phi + r * p.v)
  const u = mod(p.u + delta * p.phi)
  return { w, u, noncePoint, childKey: child, r }
}

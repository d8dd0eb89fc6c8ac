// What is signed, and how do both sides know that they mean the same? (SPEC 4.4, 4.6)

import { equalBytes } from '../bytes.js'
import { encodePoint, encodeScalar, mulBase, type Point } from '../curve.js'
import type { Tweak } from '../derivation.js'
import { Malformed, ProtocolAbort } from '../errors.js'
import { TH } from '../transcript.js'

class DigestBytes {
  readonly kind = 'digest'
  readonly bytes: Uint8Array
  /** Nominal: an object that only looks like a digest does not compile as one. */
  declare protected readonly checked: true

  constructor(bytes: Uint8Array) {
    if (bytes.length !== 32) throw new Malformed('digest')
    this.bytes = Uint8Array.from(bytes)
  }
}

/** The 32 bytes that ECDSA signs, computed by each side from the parsed request; distinct from every other byte string. */
export type Digest = DigestBytes

/** @throws Malformed if not 32 bytes */
export function digest(bytes: Uint8Array): Digest {
  return new DigestBytes(bytes)
}

/** One signature's inputs: both derived from the request, and the request's canonical bytes. */
export interface SigningInput {
  readonly digest: Digest
  readonly tweak: Tweak
  readonly request: Uint8Array
}

/** `X' = X + e*G`. @throws Malformed if it is the identity */
export function childKey(publicKey: Point, tweak: Tweak): Point {
  const child = publicKey.add(mulBase(tweak.scalar))
  if (child.is0()) throw new Malformed('path')
  return child
}

/** `view = TH("view", presigId, h, e, X')`, 32 bytes. */
export function view(presigId: Uint8Array, publicKey: Point, input: SigningInput): Uint8Array {
  const child = encodePoint(childKey(publicKey, input.tweak))
  return TH('view', presigId, input.digest.bytes, encodeScalar(input.tweak.scalar), child)
}

/**
 * Responder: the peer derived the same digest, tweak and child key. To be called before anything is reserved or taken.
 * @throws ProtocolAbort `view`
 */
export function assertView(
  presigId: Uint8Array,
  publicKey: Point,
  input: SigningInput,
  received: Uint8Array,
): void {
  if (!equalBytes(view(presigId, publicKey, input), received)) throw new ProtocolAbort('view')
}

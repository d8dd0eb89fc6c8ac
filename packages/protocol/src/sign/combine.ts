// How does the initiator ask for a signature and finish it, at most once? (SPEC 4.4)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concat, equalBytes } from '../bytes.js'
import { encodePoint, encodeScalar, invertPublic, mod, ORDER, type Point } from '../curve.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import { decodeMessage, encodeMessage, type MessageOf } from '../messages/index.js'
import { box, type OneTime, take } from '../one-time.js'
import { type InitiatorFreshStarted, proceedFresh } from '../presign/initiator.js'
import type { InitiatorPresignature, PresignatureContent } from '../presign/presignature.js'
import type { Random } from '../random.js'
import { type SigningInput, view } from './input.js'
import { signatureShare } from './rerandomise.js'

/** An ECDSA signature with s at most q/2, and the recovery id that gives the public key back. */
export interface Signature {
  readonly r: bigint
  readonly s: bigint
  readonly recoveryId: 0 | 1 | 2 | 3
}

interface Asked {
  readonly presignature: PresignatureContent
  readonly input: SigningInput
}

/** A presignature bound to the one request that it was sent for. */
export type Requested = OneTime<'sign.Requested', Asked>

/** Pool mode: binds the presignature to this request for good. The same bytes may be sent again, never others. */
export function request(
  presignature: InitiatorPresignature,
  input: SigningInput,
): { state: Requested; send: Uint8Array } {
  const content = take(presignature, 'InitiatorPresignature')
  const send = encodeMessage('sign.req1', {
    presigId: content.presigId,
    view: view(content.presigId, content.publicKey, input),
    request: input.request,
  })
  return { state: box('sign.Requested', { presignature: content, input: kept(input) }), send }
}

/** A copy that the caller cannot change between asking and combining: a difference would look like a cheat. */
function kept(input: SigningInput): SigningInput {
  return { ...input, request: Uint8Array.from(input.request) }
}

/** Fresh mode, on Res1: all checks of a presign session, then the opening with the request. @throws ProtocolAbort */
export function finishFresh(
  state: InitiatorFreshStarted,
  message: MessageOf<'fresh.res1'>,
  input: SigningInput,
  random: Random,
): { state: Requested; send: Uint8Array } {
  const { presignature, fields, request: bound } = proceedFresh(state, message, random)
  if (!equalBytes(bound, input.request))
    throw new Misuse('a fresh session signs the request it was started for')
  const send = encodeMessage('fresh.req2', {
    ...fields,
    view: view(presignature.presigId, presignature.publicKey, input),
    request: input.request,
  })
  return { state: box('sign.Requested', { presignature, input: kept(input) }), send }
}

/**
 * Takes the presignature, then reads the answer, combines, normalises and verifies. A value that does not verify is
 * dropped here and appears nowhere.
 * @param body the first authenticated answer, well-formed or not
 * @throws Malformed, ProtocolAbort `bad-signature`
 */
export function combine(state: Requested, body: Uint8Array): Signature {
  const { presignature, input } = take(state, 'sign.Requested')
  const message = decodeMessage(presignature.reqHash === undefined ? 'sign.res1' : 'fresh.res2', body)
  const own = signatureShare(presignature, input, message.nonce)
  // The denominator is (k + delta)*phi: blinded by phi, so the library's inversion learns nothing of k.
  const denominator = mod(own.u + message.u)
  if (denominator === 0n) throw new ProtocolAbort('bad-signature')
  const s = mod(mod(own.w + message.w) * invertPublic(denominator))
  if (s === 0n) throw new ProtocolAbort('bad-signature')
  const { x, y } = own.noncePoint.toAffine()
  const parity = Number(y & 1n) | (x >= ORDER ? 2 : 0)
  const signature = s > ORDER / 2n ? { r: own.r, s: ORDER - s, id: parity ^ 1 } : { r: own.r, s, id: parity }
  const recoveryId = signature.id as Signature['recoveryId']
  if (!verifies(signature.r, signature.s, recoveryId, input, own.childKey))
    throw new ProtocolAbort('bad-signature')
  return { r: signature.r, s: signature.s, recoveryId }
}

function verifies(r: bigint, s: bigint, recoveryId: number, input: SigningInput, key: Point): boolean {
  const compact = concat(encodeScalar(r), encodeScalar(s))
  const publicKey = encodePoint(key)
  const digest = input.digest.bytes
  if (!secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })) return false
  try {
    const recovered = secp256k1.recoverPublicKey(concat(Uint8Array.of(recoveryId), compact), digest, {
      prehash: false,
    })
    return equalBytes(recovered, publicKey)
  } catch {
    return false
  }
}

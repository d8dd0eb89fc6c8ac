// What does every dealer do alike, in a keygen and in a reshare? (SPEC 1.2, 5.1: polynomials, proofs, checks of a dealing, the final share)

import { equalBytes } from './bytes.js'
import { decodeScalar, encodeScalar, mod, mulBase, type Point, randomScalar } from './curve.js'
import { ProtocolAbort } from './errors.js'
import { type Completed, committedPoint, type KeyRecord } from './key-record.js'
import type { KeyShare } from './key-share.js'
import { evaluate } from './math/polynomial.js'
import { type Party, RECOVERY } from './party.js'
import { proveDiscreteLog, verifyDiscreteLog } from './proofs/discrete-log.js'
import { encryptVerifiably, pveLabel, verifyEncryption } from './proofs/verifiable-encryption.js'
import type { Random } from './random.js'
import { expose, Secret } from './secret.js'

/** f_i(z) = a_0 + a_1*z with its commitments A_i0, A_i1. */
export interface Polynomial {
  readonly a0: bigint
  readonly a1: bigint
  readonly A0: Point
  readonly A1: Point
}

/** What a dealing belongs to: its proofs and encryptions are for this session and share identity alone. */
export interface DealingContext {
  readonly sid: Uint8Array
  readonly epoch: number
  readonly attempt: number
  /** K, or K' in a reshare */
  readonly recoveryKey: Point
}

/** A dealer's public part, as it stands in messages. */
export interface PublicDealing {
  readonly a0: Point
  readonly a1: Point
  readonly proof0: Uint8Array
  readonly proof1: Uint8Array
}

/** a_i1 uniform in [1, q-1]; a_i0 as well, unless the dealer shares a value that it has. */
export function newPolynomial(random: Random, shared?: bigint): Polynomial {
  const a0 = shared ?? randomScalar(random)
  const a1 = randomScalar(random)
  return { a0, a1, A0: mulBase(a0), A1: mulBase(a1) }
}

/** The public part, with PoK_i0 and PoK_i1 under the ids 10*dealer and 10*dealer + 1. (SPEC 1.4) */
export function publicDealing(sid: Uint8Array, dealer: Party, f: Polynomial, random: Random): PublicDealing {
  return {
    a0: f.A0,
    a1: f.A1,
    proof0: proveDiscreteLog(sid, 10 * dealer, f.a0, f.A0, random),
    proof1: proveDiscreteLog(sid, 10 * dealer + 1, f.a1, f.A1, random),
  }
}

/** @throws ProtocolAbort `keygen-proof` */
export function verifyDealing(sid: Uint8Array, dealer: Party, dealing: PublicDealing): void {
  const first = verifyDiscreteLog(sid, 10 * dealer, dealing.a0, dealing.proof0)
  const second = verifyDiscreteLog(sid, 10 * dealer + 1, dealing.a1, dealing.proof1)
  if (!first || !second) throw new ProtocolAbort('keygen-proof')
}

/** f_i(j) as it is sealed to party j, 32 bytes. */
export function subShare(f: Polynomial, j: Party): Uint8Array {
  return encodeScalar(evaluate(f.a0, f.a1, j))
}

/** Reads a sub-share and checks `f_i(j)*G == A_i0 + j*A_i1`. @throws ProtocolAbort `sub-share` */
export function checkSubShare(bytes: Uint8Array, j: 1 | 2, { a0, a1 }: { a0: Point; a1: Point }): bigint {
  const value = decodeScalar(bytes, 'sealedSubShare', 'zero-allowed')
  if (!mulBase(value).equals(committedPoint(a0, a1, j))) throw new ProtocolAbort('sub-share')
  return value
}

/** PVE_i of f_i(3) to the recovery key. */
export function encryptForRecovery(
  context: DealingContext,
  dealer: Party,
  f: Polynomial,
  random: Random,
): Uint8Array {
  const value = evaluate(f.a0, f.a1, RECOVERY)
  return encryptVerifiably(labelOf(context, dealer), context.recoveryKey, value, random)
}

/** Verifies PVE_i against the point that this side computes from the commitments. @throws ProtocolAbort `verifiable-encryption` */
export function checkEncryption(
  context: DealingContext,
  dealer: Party,
  { a0, a1 }: { a0: Point; a1: Point },
  encryption: Uint8Array,
): void {
  const Q = committedPoint(a0, a1, RECOVERY)
  if (!verifyEncryption(labelOf(context, dealer), context.recoveryKey, Q, encryption))
    throw new ProtocolAbort('verifiable-encryption')
}

/** The two sub-shares of a party make its share; checks `s_j*G == S_j`. @throws ProtocolAbort `sub-share` */
export function joinSubShares(
  party: 1 | 2,
  subShares: readonly [bigint, bigint],
  { record, polynomial }: Completed<KeyRecord>,
  recoveryKey: Point,
): KeyShare {
  const scalar = mod(subShares[0] + subShares[1])
  const expected = polynomial.publicShares[party - 1] as Point
  if (scalar === 0n || !mulBase(scalar).equals(expected)) throw new ProtocolAbort('sub-share')
  return {
    party,
    keyId: record.keyId,
    epoch: record.epoch,
    attempt: record.attempt,
    publicKey: polynomial.publicKey,
    chainCode: record.chainCode,
    publicShares: polynomial.publicShares,
    recoveryKey,
    transcript: record.transcript,
    secretShare: new Secret('SecretShare', scalar),
  }
}

/** PoS_j: knowledge of s_j, bound to Tr. (SPEC 1.4: id 100 + j) */
export function proveShare(share: KeyShare, random: Random): Uint8Array {
  const { transcript, party, secretShare, publicShares } = share
  const point = publicShares[party - 1] as Point
  return proveDiscreteLog(transcript, 100 + party, expose(secretShare), point, random)
}

/** @throws ProtocolAbort `keygen-proof` */
export function verifyShareProof(
  { transcript, publicShares }: Pick<KeyShare, 'transcript' | 'publicShares'>,
  of: 1 | 2,
  proof: Uint8Array,
): void {
  if (!verifyDiscreteLog(transcript, 100 + of, publicShares[of - 1] as Point, proof))
    throw new ProtocolAbort('keygen-proof')
}

/** Constant-time comparison of a commitment with what it should be. @throws ProtocolAbort `keygen-opening` */
export function checkOpening(commitment: Uint8Array, recomputed: Uint8Array): void {
  if (!equalBytes(commitment, recomputed)) throw new ProtocolAbort('keygen-opening')
}

function labelOf({ sid, epoch, attempt }: DealingContext, dealer: Party): Uint8Array {
  return pveLabel(sid, dealer, RECOVERY, epoch, attempt)
}

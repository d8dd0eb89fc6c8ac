// What do both dealers of a key do alike? (SPEC 1.2: polynomials, proofs, checks of a dealing, the final share)

import { equalBytes } from '../bytes.js'
import { decodeScalar, encodePoint, encodeScalar, mod, mulBase, type Point, randomScalar } from '../curve.js'
import { ProtocolAbort } from '../errors.js'
import { committedPoint, completeRecord, type KeyRecord, type UnfinishedRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { evaluate } from '../math/polynomial.js'
import type { OtSetup } from '../ot-setup/material.js'
import { type COSIGNER, DEVICE, type Party, RECOVERY } from '../party.js'
import { proveDiscreteLog, verifyDiscreteLog } from '../proofs/discrete-log.js'
import { encryptVerifiably, pveLabel, verifyEncryption } from '../proofs/verifiable-encryption.js'
import type { Random } from '../random.js'
import { Secret } from '../secret.js'
import { VER } from '../session.js'
import { TH, u32be } from '../transcript.js'

/** The two identities that a keygen is between; each side has pinned both. */
export interface KeygenParties {
  /** idD, 34 bytes */
  readonly idDevice: Uint8Array
  /** idC, 34 bytes */
  readonly idCosigner: Uint8Array
}

/** What a finished keygen leaves at a party: to be stored durably, the first two sealed. */
export interface KeyMaterial {
  readonly share: KeyShare
  readonly otSetup: OtSetup
  readonly record: KeyRecord
}

/** f_i(z) = a_0 + a_1*z with its commitments A_i0, A_i1. */
export interface Polynomial {
  readonly a0: bigint
  readonly a1: bigint
  readonly A0: Point
  readonly A1: Point
}

export type Dealer = 1 | 2

/** a_i0, a_i1 uniform in [1, q-1]. */
export function newPolynomial(random: Random): Polynomial {
  const a0 = randomScalar(random)
  const a1 = randomScalar(random)
  return { a0, a1, A0: mulBase(a0), A1: mulBase(a1) }
}

/** `C1 = TH("dkg/com", ver, nD, idD, idC, 1, K, A_10, A_11, cc_1, rho_1)` */
export function keygenCommitment(
  nonce: Uint8Array,
  parties: KeygenParties,
  recoveryKey: Point,
  opening: { a0: Point; a1: Point; chainCode: Uint8Array; rho: Uint8Array },
): Uint8Array {
  return TH(
    'dkg/com',
    VER,
    nonce,
    parties.idDevice,
    parties.idCosigner,
    u32be(DEVICE),
    encodePoint(recoveryKey),
    encodePoint(opening.a0),
    encodePoint(opening.a1),
    opening.chainCode,
    opening.rho,
  )
}

/** PoK_i0 and PoK_i1: knowledge of both coefficients, under the ids 10*dealer and 10*dealer + 1. (SPEC 1.4) */
export function proveCoefficients(sid: Uint8Array, dealer: Dealer, f: Polynomial, random: Random) {
  return {
    proof0: proveDiscreteLog(sid, 10 * dealer, f.a0, f.A0, random),
    proof1: proveDiscreteLog(sid, 10 * dealer + 1, f.a1, f.A1, random),
  }
}

/** @throws ProtocolAbort `keygen-proof` */
export function verifyCoefficients(
  sid: Uint8Array,
  dealer: Dealer,
  message: { a0: Point; a1: Point; proof0: Uint8Array; proof1: Uint8Array },
): void {
  const first = verifyDiscreteLog(sid, 10 * dealer, message.a0, message.proof0)
  const second = verifyDiscreteLog(sid, 10 * dealer + 1, message.a1, message.proof1)
  if (!first || !second) throw new ProtocolAbort('keygen-proof')
}

/** f_i(j) as it is sealed to party j, 32 bytes. */
export function subShare(f: Polynomial, j: Party): Uint8Array {
  return encodeScalar(evaluate(f.a0, f.a1, j))
}

/** Reads a sub-share and checks `f_i(j)*G == A_i0 + j*A_i1`. @throws ProtocolAbort `sub-share` */
export function checkSubShare(bytes: Uint8Array, j: 1 | 2, a0: Point, a1: Point): bigint {
  const value = decodeScalar(bytes, 'sealedSubShare', 'zero-allowed')
  if (!mulBase(value).equals(committedPoint(a0, a1, j))) throw new ProtocolAbort('sub-share')
  return value
}

/** PVE_i of f_i(3) to K. */
export function encryptForRecovery(
  sid: Uint8Array,
  dealer: Dealer,
  recoveryKey: Point,
  f: Polynomial,
  random: Random,
): Uint8Array {
  return encryptVerifiably(
    pveLabel(sid, dealer, RECOVERY, 0, 0),
    recoveryKey,
    evaluate(f.a0, f.a1, RECOVERY),
    random,
  )
}

/** Verifies PVE_i against the point that this side computes from the commitments. @throws ProtocolAbort `verifiable-encryption` */
export function checkEncryption(
  sid: Uint8Array,
  dealer: Dealer,
  recoveryKey: Point,
  a0: Point,
  a1: Point,
  proof: Uint8Array,
): void {
  const label = pveLabel(sid, dealer, RECOVERY, 0, 0)
  if (!verifyEncryption(label, recoveryKey, committedPoint(a0, a1, RECOVERY), proof))
    throw new ProtocolAbort('verifiable-encryption')
}

/** Sums the sub-shares, checks `s_j*G == S_j`, and joins everything that the party keeps. @throws ProtocolAbort */
export function assemble(
  party: typeof DEVICE | typeof COSIGNER,
  own: bigint,
  received: bigint,
  recoveryKey: Point,
  otSetup: OtSetup,
  parts: UnfinishedRecord,
): KeyMaterial {
  const { record, polynomial } = completeRecord(parts)
  const scalar = mod(own + received)
  const expected = polynomial.publicShares[party - 1] as Point
  if (scalar === 0n || !mulBase(scalar).equals(expected)) throw new ProtocolAbort('sub-share')
  const share: KeyShare = {
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
  return { share, otSetup, record }
}

/** PoS_j: knowledge of s_j, bound to Tr. (SPEC 1.4: id 100 + j) */
export function proveShare(share: KeyShare, scalar: bigint, random: Random): Uint8Array {
  return proveDiscreteLog(share.transcript, 100 + share.party, scalar, ownPoint(share, share.party), random)
}

/** @throws ProtocolAbort `keygen-proof` */
export function verifyShareProof(
  share: KeyShare,
  of: typeof DEVICE | typeof COSIGNER,
  proof: Uint8Array,
): void {
  if (!verifyDiscreteLog(share.transcript, 100 + of, ownPoint(share, of), proof))
    throw new ProtocolAbort('keygen-proof')
}

/** Constant-time comparison of a commitment with what it should be. @throws ProtocolAbort `keygen-opening` */
export function checkOpening(commitment: Uint8Array, recomputed: Uint8Array): void {
  if (!equalBytes(commitment, recomputed)) throw new ProtocolAbort('keygen-opening')
}

function ownPoint(share: KeyShare, party: Party): Point {
  return share.publicShares[party - 1] as Point
}

// What public facts prove how the shares of an epoch came to be? (SPEC 1.2, 1.6, 5.1: everything that the transcript Tr hashes)

import { decodePoint, encodePoint, mulPublic, type Point } from './curve.js'
import { ProtocolAbort } from './errors.js'
import type { Party } from './party.js'
import { keyIdOf, VER } from './session.js'
import { TH, u32be, u64be } from './transcript.js'

/** Every input of a keygen's `sid`, in its order. */
export interface SessionInputs {
  readonly nD: Uint8Array
  readonly nC: Uint8Array
  readonly idD: Uint8Array
  readonly idC: Uint8Array
  readonly ekD: Uint8Array
  readonly ekC: Uint8Array
  /** K, 33 bytes */
  readonly recoveryKey: Uint8Array
  readonly policyHash: Uint8Array
  readonly commitment: Uint8Array
}

export type ReshareKind = 'refresh' | 'replace'

/** Which two parties dealt, the smaller number first. */
export type Dealers = readonly [1, 2] | readonly [1, 3] | readonly [2, 3]

/** The inputs of a reshare's `sid` that its record does not hold elsewhere. */
export interface ReshareInputs {
  readonly nI: Uint8Array
  readonly nJ: Uint8Array
  /** The dealers as they signed before, 34 bytes each. */
  readonly idDealerA: Uint8Array
  readonly idDealerB: Uint8Array
  /** idD' and idC', the parties of this epoch. */
  readonly idD: Uint8Array
  readonly idC: Uint8Array
  readonly ekI: Uint8Array
  readonly ekJ: Uint8Array
  /** Encryption keys of the receivers 1 and 2; that of a dealer who stays is its ekI or ekJ. */
  readonly ek1: Uint8Array
  readonly ek2: Uint8Array
  /** K', 33 bytes */
  readonly recoveryKey: Uint8Array
  readonly policyHash: Uint8Array
  readonly commitment: Uint8Array
}

interface RecordParts {
  readonly epoch: number
  readonly attempt: number
  /** [[A_a0, A_a1], [A_b0, A_b1]] of the dealers a < b, 33 bytes each */
  readonly commitments: readonly [readonly [Uint8Array, Uint8Array], readonly [Uint8Array, Uint8Array]]
  /** [PVE_a, PVE_b] */
  readonly encryptions: readonly [Uint8Array, Uint8Array]
  /** Tr of the epoch that was the base, 32 zero bytes in a keygen. */
  readonly transcriptPrev: Uint8Array
  readonly otSetupIds: readonly [Uint8Array, Uint8Array]
  readonly transcript: Uint8Array
  readonly keyId: Uint8Array
  /** X, 33 bytes */
  readonly publicKey: Uint8Array
  readonly chainCode: Uint8Array
}

/** The record of a key's first epoch. */
export interface KeygenRecord extends RecordParts {
  readonly version: 1
  readonly dealers: readonly [1, 2]
  readonly sidInputs: SessionInputs
  readonly chainCodes: readonly [Uint8Array, Uint8Array]
}

/** The record of a later epoch. */
export interface ReshareRecord extends RecordParts {
  readonly version: 2
  readonly kind: ReshareKind
  readonly dealers: Dealers
  readonly sidInputs: ReshareInputs
}

/** The public record of a key: enough for a stranger to recompute Tr and verify both encryptions. Holds no secret. */
export type KeyRecord = KeygenRecord | ReshareRecord

/** Who starts and who answers a reshare follows from its dealers: the recovery party meets the cosigner as a client does. */
export function rolesOf(dealers: Dealers): { readonly initiator: Party; readonly responder: Party } {
  if (dealers[1] === 2) return { initiator: 1, responder: 2 }
  return dealers[0] === 1 ? { initiator: 1, responder: 3 } : { initiator: 3, responder: 2 }
}

/** `sid = TH("dkg/sid", ver, nD, nC, idD, idC, ekD, ekC, K, policyHash, C1)` */
export function sidOf(s: SessionInputs): Uint8Array {
  return TH('dkg/sid', VER, s.nD, s.nC, s.idD, s.idC, s.ekD, s.ekC, s.recoveryKey, s.policyHash, s.commitment)
}

/** What a reshare's `sid` takes from its record beside the inputs. */
export type ReshareNames = Pick<
  ReshareRecord,
  'kind' | 'keyId' | 'epoch' | 'attempt' | 'transcriptPrev' | 'dealers'
>

/**
 * `sid = TH("rs/sid", ver, kind, nI, nJ, keyId, epoch, attempt, TrBase, a, b, idDealer_a, idDealer_b, idD', idC', ekI,
 * ekJ, ek_1, ek_2, K', policyHash, C1)`
 */
export function reshareSidOf(names: ReshareNames, s: ReshareInputs): Uint8Array {
  return TH(
    'rs/sid',
    VER,
    names.kind,
    s.nI,
    s.nJ,
    names.keyId,
    u64be(names.epoch),
    u64be(names.attempt),
    names.transcriptPrev,
    ...names.dealers.map(u32be),
    s.idDealerA,
    s.idDealerB,
    s.idD,
    s.idC,
    s.ekI,
    s.ekJ,
    s.ek1,
    s.ek2,
    s.recoveryKey,
    s.policyHash,
    s.commitment,
  )
}

/** The `sid` that a record's inputs give. */
export function sidOfRecord(record: KeyRecord): Uint8Array {
  return record.version === 1 ? sidOf(record.sidInputs) : reshareSidOf(record, record.sidInputs)
}

/** The joint polynomial in the exponent: A_0, A_1 and the public shares S_1, S_2, S_3. None is the identity. */
export interface PublicPolynomial {
  readonly publicKey: Point
  readonly publicShares: readonly [Point, Point, Point]
}

/** `S_j = A_0 + j*A_1`. @throws ProtocolAbort `keygen-identity` */
export function publicPolynomial(a0: Point, a1: Point): PublicPolynomial {
  const s1 = a0.add(a1)
  const s2 = s1.add(a1)
  const s3 = s2.add(a1)
  for (const p of [a0, a1, s1, s2, s3]) if (p.is0()) throw new ProtocolAbort('keygen-identity')
  return { publicKey: a0, publicShares: [s1, s2, s3] }
}

/** `f_i(j)*G` as the dealer's commitments determine it: `A_i0 + j*A_i1`. */
export function committedPoint(a0: Point, a1: Point, j: Party): Point {
  return a0.add(mulPublic(a1, BigInt(j)))
}

/** What a keygen settles; the rest of its record follows. */
export type UnfinishedKeygen = Omit<
  KeygenRecord,
  'version' | 'dealers' | 'transcript' | 'keyId' | 'publicKey' | 'chainCode'
>
/** What a reshare settles; the rest of its record follows. */
export type UnfinishedReshare = Omit<ReshareRecord, 'version' | 'transcript' | 'publicKey'>
export type UnfinishedRecord = UnfinishedKeygen | UnfinishedReshare

export interface Completed<R extends KeyRecord> {
  readonly record: R
  readonly polynomial: PublicPolynomial
  readonly sid: Uint8Array
}

/** Derives what follows from the parts: sid, X and `Tr`, of a keygen also keyId and cc. @throws Malformed, ProtocolAbort */
export function completeRecord(parts: UnfinishedKeygen): Completed<KeygenRecord>
export function completeRecord(parts: UnfinishedReshare): Completed<ReshareRecord>
export function completeRecord(parts: UnfinishedRecord): Completed<KeyRecord>
export function completeRecord(parts: UnfinishedRecord): Completed<KeyRecord> {
  const [[aA0, aA1], [aB0, aB1]] = parts.commitments
  const a0 = decodePoint(aA0, 'commitments').add(decodePoint(aB0, 'commitments'))
  const a1 = decodePoint(aA1, 'commitments').add(decodePoint(aB1, 'commitments'))
  const polynomial = publicPolynomial(a0, a1)
  const publicKey = encodePoint(polynomial.publicKey)
  if ('kind' in parts) {
    const sid = reshareSidOf(parts, parts.sidInputs)
    const transcript = transcriptOf({ ...parts, sid, publicKey }, polynomial)
    return { record: { ...parts, version: 2, transcript, publicKey }, polynomial, sid }
  }
  const sid = sidOf(parts.sidInputs)
  const named = {
    ...parts,
    dealers: [1, 2],
    keyId: keyIdOf(sid),
    chainCode: TH('dkg/cc', sid, ...parts.chainCodes),
    publicKey,
  } as const
  const transcript = transcriptOf({ ...named, sid }, polynomial)
  return { record: { ...named, version: 1, transcript }, polynomial, sid }
}

type TranscriptParts = Omit<RecordParts, 'transcript'> & {
  readonly sid: Uint8Array
  readonly dealers: Dealers
  readonly sidInputs: SessionInputs | ReshareInputs
}

/** `Tr`, the same list in every epoch. (SPEC 1.2) */
function transcriptOf(p: TranscriptParts, polynomial: PublicPolynomial): Uint8Array {
  return TH(
    'dkg/tr',
    VER,
    p.keyId,
    p.sid,
    u64be(p.epoch),
    u64be(p.attempt),
    p.transcriptPrev,
    ...p.dealers.map(u32be),
    p.sidInputs.idD,
    p.sidInputs.idC,
    p.sidInputs.recoveryKey,
    p.sidInputs.policyHash,
    ...p.commitments.flat(),
    p.publicKey,
    ...polynomial.publicShares.map(encodePoint),
    p.chainCode,
    TH('pve/hash', p.encryptions[0]),
    TH('pve/hash', p.encryptions[1]),
    ...p.otSetupIds,
  )
}

// What public facts prove how a key came to be? (SPEC 1.2, 1.6: everything that the transcript Tr hashes)

import { decodePoint, encodePoint, mulPublic, type Point } from './curve.js'
import { ProtocolAbort } from './errors.js'
import { keyIdOf, VER } from './session.js'
import { TH, u32be, u64be } from './transcript.js'

/** Every input of `sid`, in its order. */
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

/** The public record of a key: enough for a stranger to recompute Tr and verify both encryptions. Holds no secret. */
export interface KeyRecord {
  readonly version: 1
  readonly epoch: number
  readonly attempt: number
  readonly dealers: readonly [1, 2]
  readonly sidInputs: SessionInputs
  readonly chainCodes: readonly [Uint8Array, Uint8Array]
  /** [[A_10, A_11], [A_20, A_21]], 33 bytes each */
  readonly commitments: readonly [readonly [Uint8Array, Uint8Array], readonly [Uint8Array, Uint8Array]]
  /** [PVE_1, PVE_2] */
  readonly encryptions: readonly [Uint8Array, Uint8Array]
  readonly transcriptPrev: Uint8Array
  readonly otSetupIds: readonly [Uint8Array, Uint8Array]
  readonly transcript: Uint8Array
  readonly keyId: Uint8Array
  /** X, 33 bytes */
  readonly publicKey: Uint8Array
  readonly chainCode: Uint8Array
}

/** `sid = TH("dkg/sid", ver, nD, nC, idD, idC, ekD, ekC, K, policyHash, C1)` */
export function sidOf(s: SessionInputs): Uint8Array {
  return TH('dkg/sid', VER, s.nD, s.nC, s.idD, s.idC, s.ekD, s.ekC, s.recoveryKey, s.policyHash, s.commitment)
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
export function committedPoint(a0: Point, a1: Point, j: 1 | 2 | 3): Point {
  return a0.add(mulPublic(a1, BigInt(j)))
}

export type UnfinishedRecord = Omit<
  KeyRecord,
  'version' | 'transcript' | 'keyId' | 'publicKey' | 'chainCode' | 'dealers'
>

/** Derives what follows from the parts: sid, keyId, X, cc and `Tr`. @throws Malformed, ProtocolAbort */
export function completeRecord(parts: UnfinishedRecord): {
  record: KeyRecord
  polynomial: PublicPolynomial
  sid: Uint8Array
} {
  const sid = sidOf(parts.sidInputs)
  const keyId = keyIdOf(sid)
  const [[a10, a11], [a20, a21]] = parts.commitments
  const a0 = decodePoint(a10, 'commitments').add(decodePoint(a20, 'commitments'))
  const a1 = decodePoint(a11, 'commitments').add(decodePoint(a21, 'commitments'))
  const polynomial = publicPolynomial(a0, a1)
  const publicKey = encodePoint(polynomial.publicKey)
  const chainCode = TH('dkg/cc', sid, ...parts.chainCodes)
  const s = parts.sidInputs
  const transcript = TH(
    'dkg/tr',
    VER,
    keyId,
    sid,
    u64be(parts.epoch),
    u64be(parts.attempt),
    parts.transcriptPrev,
    u32be(1),
    u32be(2),
    s.idD,
    s.idC,
    s.recoveryKey,
    s.policyHash,
    a10,
    a11,
    a20,
    a21,
    publicKey,
    ...polynomial.publicShares.map(encodePoint),
    chainCode,
    TH('pve/hash', parts.encryptions[0]),
    TH('pve/hash', parts.encryptions[1]),
    ...parts.otSetupIds,
  )
  const record: KeyRecord = { version: 1, ...parts, dealers: [1, 2], transcript, keyId, publicKey, chainCode }
  return { record, polynomial, sid }
}

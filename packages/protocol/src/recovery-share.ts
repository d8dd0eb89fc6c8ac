// Is a key's record consistent, and what is the share of the recovery party in it? (SPEC 1.6)

import { equalBytes, isZero } from './bytes.js'
import { decodePoint, mod, mulBase, mulPublic, type Point } from './curve.js'
import { Malformed, ProtocolAbort } from './errors.js'
import { committedPoint, completeRecord, type KeyRecord, type PublicPolynomial } from './key-record.js'
import type { KeyShare } from './key-share.js'
import { lagrange } from './math/polynomial.js'
import { RECOVERY } from './party.js'
import { openEncryption, PVE_BYTES, pveLabel, verifyEncryption } from './proofs/verifiable-encryption.js'
import { Secret } from './secret.js'
import { IDENTITY_BYTES } from './session.js'

/**
 * Recomputes everything that the record derives and verifies both dealers' encryptions of their recovery
 * sub-shares. It shows that the record is consistent, not whose it is: the caller compares X, K, idD and idC with
 * values it holds from elsewhere and verifies the signatures on the transcript.
 * @throws Malformed when a part is not an encoding of what it should be
 * @throws ProtocolAbort `keygen-identity`, `transcript` or `verifiable-encryption`
 */
export function verifyRecord(record: KeyRecord): void {
  const statements = check(record)
  const recipient = decodePoint(record.sidInputs.recoveryKey, 'recoveryKey')
  for (const { label, Q, encryption } of statements.dealers) {
    if (!verifyEncryption(label, recipient, Q, encryption)) throw new ProtocolAbort('verifiable-encryption')
  }
}

/**
 * The recovery party's share, opened from the two encrypted sub-shares after every check of {@link verifyRecord}.
 * @param kappa the secret key of the record's K; the program compares the two first, to tell a wrong phrase from a
 * bad record
 * @throws as {@link verifyRecord}; `verifiable-encryption` also when kappa is another key
 */
export function openRecoveryShare(record: KeyRecord, kappa: bigint): KeyShare {
  const { polynomial, dealers } = check(record)
  const recoveryKey = mulBase(kappa)
  if (!recoveryKey.equals(decodePoint(record.sidInputs.recoveryKey, 'recoveryKey'))) {
    throw new ProtocolAbort('verifiable-encryption')
  }
  const [d1, d2] = dealers
  const s3 = mod(
    openEncryption(d1.label, kappa, d1.Q, d1.encryption) +
      openEncryption(d2.label, kappa, d2.Q, d2.encryption),
  )
  const [S1, , S3] = polynomial.publicShares
  const X = mulPublic(S1, lagrange(1, RECOVERY)).add(mulPublic(S3, lagrange(RECOVERY, 1)))
  if (!mulBase(s3).equals(S3) || !X.equals(polynomial.publicKey))
    throw new ProtocolAbort('verifiable-encryption')
  return {
    party: RECOVERY,
    keyId: record.keyId.slice(),
    epoch: record.epoch,
    attempt: record.attempt,
    publicKey: polynomial.publicKey,
    chainCode: record.chainCode.slice(),
    publicShares: polynomial.publicShares,
    recoveryKey,
    transcript: record.transcript.slice(),
    secretShare: new Secret('SecretShare', s3),
  }
}

/** One dealer's claim: the encryption opens to the logarithm of `Q = A_i0 + 3*A_i1`. */
interface DealerStatement {
  readonly label: Uint8Array
  readonly Q: Point
  readonly encryption: Uint8Array
}

interface Statements {
  readonly polynomial: PublicPolynomial
  readonly dealers: readonly [DealerStatement, DealerStatement]
}

/** Lengths, then every derived value, each compared by itself. */
function check(record: KeyRecord): Statements {
  checkLengths(record)
  const { record: again, polynomial, sid } = completeRecord(record)
  // The formulas here are those of key generation; a later epoch has others.
  const first = record.epoch === 0 && record.attempt === 0 && isZero(record.transcriptPrev)
  const same =
    equalBytes(again.keyId, record.keyId) &&
    equalBytes(again.publicKey, record.publicKey) &&
    equalBytes(again.chainCode, record.chainCode) &&
    equalBytes(again.transcript, record.transcript)
  if (!first || !same) throw new ProtocolAbort('transcript')
  const statement = (dealer: 1 | 2): DealerStatement => {
    const [a0, a1] = record.commitments[(dealer - 1) as 0 | 1]
    return {
      label: pveLabel(sid, dealer, RECOVERY, record.epoch, record.attempt),
      Q: committedPoint(decodePoint(a0, 'commitments'), decodePoint(a1, 'commitments'), RECOVERY),
      encryption: record.encryptions[(dealer - 1) as 0 | 1],
    }
  }
  return { polynomial, dealers: [statement(1), statement(2)] }
}

function checkLengths(record: KeyRecord): void {
  if (record.version !== 1) throw new Malformed('version')
  if (record.dealers[0] !== 1 || record.dealers[1] !== 2) throw new Malformed('dealers')
  const s = record.sidInputs
  const lengths: readonly (readonly [
    field: string,
    length: number,
    values: readonly Uint8Array[],
    count: number,
  ])[] = [
    ['sidInputs', 32, [s.nD, s.nC, s.ekD, s.ekC, s.policyHash, s.commitment], 6],
    ['identities', IDENTITY_BYTES, [s.idD, s.idC], 2],
    ['recoveryKey', 33, [s.recoveryKey], 1],
    ['chainCodes', 32, record.chainCodes, 2],
    ['commitments', 33, record.commitments.flat(), 4],
    ['encryptions', PVE_BYTES, record.encryptions, 2],
    ['otSetupIds', 32, record.otSetupIds, 2],
    ['transcript', 32, [record.transcriptPrev, record.transcript], 2],
    ['keyId', 32, [record.keyId], 1],
    ['publicKey', 33, [record.publicKey], 1],
    ['chainCode', 32, [record.chainCode], 1],
  ]
  for (const [field, length, values, count] of lengths) {
    if (values.length !== count || values.some((value) => value.length !== length)) throw new Malformed(field)
  }
  if (record.commitments.some((pair) => pair.length !== 2)) throw new Malformed('commitments')
  decodePoint(s.recoveryKey, 'recoveryKey')
}

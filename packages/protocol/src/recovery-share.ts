// Is a key's record consistent, and what is the share of the recovery party in it? (SPEC 1.6)

import { decodePoint, mod, mulBase, mulPublic } from './curve.js'
import { ProtocolAbort } from './errors.js'
import type { KeyRecord } from './key-record.js'
import type { KeyShare } from './key-share.js'
import { lagrange } from './math/polynomial.js'
import { RECOVERY } from './party.js'
import { openEncryption, verifyEncryption } from './proofs/verifiable-encryption.js'
import { checkRecord } from './record-check.js'
import { Secret } from './secret.js'

/**
 * Recomputes everything that the record derives and verifies both dealers' encryptions of their recovery
 * sub-shares. It shows that the record is consistent, not whose it is: the caller compares X, K, idD and idC with
 * values it holds from elsewhere and verifies the signatures on the transcript.
 * @throws Malformed when a part is not an encoding of what it should be
 * @throws ProtocolAbort `keygen-identity`, `transcript` or `verifiable-encryption`
 */
export function verifyRecord(record: KeyRecord): void {
  const { statements } = checkRecord(record)
  const recipient = decodePoint(record.sidInputs.recoveryKey, 'recoveryKey')
  for (const { label, Q, encryption } of statements) {
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
  const { polynomial, statements } = checkRecord(record)
  const recoveryKey = mulBase(kappa)
  if (!recoveryKey.equals(decodePoint(record.sidInputs.recoveryKey, 'recoveryKey'))) {
    throw new ProtocolAbort('verifiable-encryption')
  }
  const [a, b] = statements
  const s3 = mod(
    openEncryption(a.label, kappa, a.Q, a.encryption) + openEncryption(b.label, kappa, b.Q, b.encryption),
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

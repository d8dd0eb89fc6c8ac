// Does a record say one thing only? Lengths, every derived value, and who dealt what to whom. (SPEC 1.6, 5.3)

import { equalBytes, isZero } from './bytes.js'
import { decodePoint, type Point } from './curve.js'
import { Malformed, ProtocolAbort } from './errors.js'
import {
  committedPoint,
  completeRecord,
  type KeygenRecord,
  type KeyRecord,
  type PublicPolynomial,
  type ReshareRecord,
  rolesOf,
} from './key-record.js'
import { type Party, RECOVERY } from './party.js'
import { PVE_BYTES, pveLabel } from './proofs/verifiable-encryption.js'
import { IDENTITY_BYTES } from './session.js'

/** One dealer's claim: the encryption opens to the logarithm of `Q = A_i0 + 3*A_i1`. */
export interface DealerStatement {
  readonly label: Uint8Array
  readonly Q: Point
  readonly encryption: Uint8Array
}

/** What a record that says one thing only says. */
export interface CheckedRecord {
  readonly polynomial: PublicPolynomial
  readonly statements: readonly [DealerStatement, DealerStatement]
}

/**
 * Everything but the two encryptions' proofs: lengths, points, sid, keyId, X, cc and Tr, and which parties there can be.
 * @throws Malformed when a part is not an encoding of what it should be
 * @throws ProtocolAbort `keygen-identity` or `transcript`
 */
export function checkRecord(record: KeyRecord): CheckedRecord {
  checkLengths(record)
  if (!(record.version === 1 ? isFirst(record) : isLater(record))) throw new ProtocolAbort('transcript')
  const { record: again, polynomial, sid } = completeRecord(record)
  const same =
    equalBytes(again.keyId, record.keyId) &&
    equalBytes(again.publicKey, record.publicKey) &&
    equalBytes(again.chainCode, record.chainCode) &&
    equalBytes(again.transcript, record.transcript)
  if (!same) throw new ProtocolAbort('transcript')
  const statement = (at: 0 | 1): DealerStatement => {
    const [a0, a1] = record.commitments[at]
    return {
      label: pveLabel(sid, record.dealers[at], RECOVERY, record.epoch, record.attempt),
      Q: committedPoint(decodePoint(a0, 'commitments'), decodePoint(a1, 'commitments'), RECOVERY),
      encryption: record.encryptions[at],
    }
  }
  return { polynomial, statements: [statement(0), statement(1)] }
}

/** A key generation is epoch 0, attempt 0, and follows nothing. */
function isFirst(record: KeygenRecord): boolean {
  return record.epoch === 0 && record.attempt === 0 && isZero(record.transcriptPrev)
}

/**
 * A refresh is between the parties as they are, with new OT setups; a replace has one newcomer and none. A dealer who
 * stays receives under the key that it dealt with.
 */
function isLater(record: ReshareRecord): boolean {
  const s = record.sidInputs
  const dealers: readonly Party[] = record.dealers
  const { initiator } = rolesOf(record.dealers)
  const stays = (party: 1 | 2): boolean => {
    const at = dealers.indexOf(party)
    const [before, now] = [at === 0 ? s.idDealerA : s.idDealerB, party === 1 ? s.idD : s.idC]
    return at >= 0 && equalBytes(before, now)
  }
  const receives = (party: 1 | 2): boolean =>
    !stays(party) || equalBytes(party === 1 ? s.ek1 : s.ek2, party === initiator ? s.ekI : s.ekJ)
  const staying = ([1, 2] as const).filter(stays).length
  const noSetups = record.otSetupIds.every(isZero)
  const fits = record.kind === 'refresh' ? staying === 2 && !noSetups : staying === 1 && noSetups
  return fits && receives(1) && receives(2) && record.epoch > 0 && !isZero(record.transcriptPrev)
}

function checkLengths(record: KeyRecord): void {
  if (record.version !== 1 && record.version !== 2) throw new Malformed('version')
  if (record.version === 2 && record.kind !== 'refresh' && record.kind !== 'replace')
    throw new Malformed('kind')
  if (!areDealers(record)) throw new Malformed('dealers')
  const { hashes, identities } = inputsOf(record)
  const lengths: readonly (readonly [field: string, length: number, values: readonly Uint8Array[]])[] = [
    ['sidInputs', 32, [...hashes, record.sidInputs.policyHash, record.sidInputs.commitment]],
    ['identities', IDENTITY_BYTES, [record.sidInputs.idD, record.sidInputs.idC, ...identities]],
    ['recoveryKey', 33, [record.sidInputs.recoveryKey]],
    ['chainCodes', 32, record.version === 1 ? pair(record.chainCodes, 'chainCodes') : []],
    ['commitments', 33, pair(record.commitments, 'commitments').flatMap((v) => pair(v, 'commitments'))],
    ['encryptions', PVE_BYTES, pair(record.encryptions, 'encryptions')],
    ['otSetupIds', 32, pair(record.otSetupIds, 'otSetupIds')],
    ['transcript', 32, [record.transcriptPrev, record.transcript]],
    ['keyId', 32, [record.keyId]],
    ['publicKey', 33, [record.publicKey]],
    ['chainCode', 32, [record.chainCode]],
  ]
  if (record.version === 2 && record.kind !== 'refresh' && record.kind !== 'replace')
    throw new Malformed('kind')
  for (const [field, length, values] of lengths)
    if (values.some((value) => value.length !== length)) throw new Malformed(field)
  decodePoint(record.sidInputs.recoveryKey, 'recoveryKey')
}

/** The inputs of sid that the two kinds of record do not share. */
function inputsOf(record: KeyRecord): { hashes: readonly Uint8Array[]; identities: readonly Uint8Array[] } {
  if (record.version === 1) {
    const { nD, nC, ekD, ekC } = record.sidInputs
    return { hashes: [nD, nC, ekD, ekC], identities: [] }
  }
  const { nI, nJ, ekI, ekJ, ek1, ek2, idDealerA, idDealerB } = record.sidInputs
  return { hashes: [nI, nJ, ekI, ekJ, ek1, ek2], identities: [idDealerA, idDealerB] }
}

/** A list is exactly two. @throws Malformed */
function pair<T>(values: readonly T[], field: string): readonly T[] {
  if (values.length !== 2) throw new Malformed(field)
  return values
}

function areDealers({ version, dealers }: KeyRecord): boolean {
  const [a, b]: readonly Party[] = dealers
  const known = (a === 1 && (b === 2 || b === 3)) || (a === 2 && b === 3)
  return dealers.length === 2 && known && (version === 2 || b === 2)
}

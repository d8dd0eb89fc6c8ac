// Who agreed to a hand-over: the base's own parties, the dealer that is not the device? (SPEC 5.3)

import { equalBytes } from '@tercet/protocol/bytes'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { COSIGNER, DEVICE, partyName, RECOVERY } from '@tercet/protocol/party'
import { u64be } from '@tercet/protocol/transcript'
import { verifyTagged } from '@tercet/wire/identity'
import type { Kit } from '@tercet/wire/kit'
import { builtInPolicyOf } from '@tercet/wire/policy'
import { Refusal } from '../refusal.js'

/** The base is the caller's own key: its device signed the record that the shares are dealt from, as did its cosigner. @throws Refusal, ProtocolAbort */
export async function assertBase(
  { record, signatures }: Kit,
  keyId: Uint8Array,
  caller: Uint8Array,
): Promise<void> {
  const { idD, idC, policyHash } = record.sidInputs
  if (!equalBytes(record.keyId, keyId)) throw new Refusal('mismatch', { field: 'baseKit.walletId' })
  if (!equalBytes(idD, caller)) throw new Refusal('mismatch', { field: 'baseKit.idD' })
  if (builtInPolicyOf(policyHash) === undefined) throw new Refusal('mismatch', { field: 'policyHash' })
  const holds = await Promise.all([
    verifyTagged(idD, signatures.device, 'sig/tr', partyName(DEVICE), keyId, record.transcript),
    verifyTagged(idC, signatures.cosigner, 'sig/tr', partyName(COSIGNER), keyId, record.transcript),
    signatures.recovery === undefined || dealtByRecovery(record, signatures.recovery),
  ])
  if (holds.includes(false)) throw new ProtocolAbort('transcript')
}

/** Whether dealer 3 of this record signed its transcript. */
export async function dealtByRecovery(record: KeyRecord, signature: Uint8Array): Promise<boolean> {
  if (record.version !== 2) return false
  const { keyId, transcript, sidInputs } = record
  return verifyTagged(sidInputs.idDealerB, signature, 'sig/tr', partyName(RECOVERY), keyId, transcript)
}

/** Whether the other dealer agreed to the change: the old cosigner by its RELEASE to this node, or the recovery key. */
export async function consents(
  record: KeyRecord,
  signature: Uint8Array,
  successor: Uint8Array,
): Promise<boolean> {
  if (record.version !== 2) return false
  const { dealers, keyId, epoch, attempt, transcript, sidInputs } = record
  if (dealers[1] === RECOVERY) return dealtByRecovery(record, signature)
  const about = [keyId, u64be(epoch), u64be(attempt), transcript, successor]
  return verifyTagged(sidInputs.idDealerB, signature, 'sig/release', ...about)
}

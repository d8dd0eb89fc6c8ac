// What does a passed drill leave behind? A receipt for the device: opened now, in this epoch, by the recovery key. (SPEC 5.5)

import { randomBytes } from 'node:crypto'
import { proveDrill } from '@tercet/protocol/drill'
import type { KeyRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { toBase64url } from '@tercet/wire/base64url'
import { type DrillReceipt, signDrillReceipt } from '@tercet/wire/drill'
import { recoverySigner } from '@tercet/wire/identity'

const random = (length: number) => new Uint8Array(randomBytes(length))

/** Proves the opened share and signs the proof, dated, with kappa. Neither leaves this function. */
export function makeReceipt(
  record: KeyRecord,
  share: KeyShare,
  kappa: bigint,
  now: Date,
): Promise<DrillReceipt> {
  const context = {
    transcript: record.transcript,
    time: Math.floor(now.getTime() / 1000),
    nonce: random(32),
  }
  return signDrillReceipt(recoverySigner(kappa), {
    version: 1,
    walletId: toBase64url(record.keyId),
    epoch: record.epoch,
    attempt: record.attempt,
    recoveryKey: record.sidInputs.recoveryKey,
    ...context,
    proof: proveDrill(share, context, random),
  })
}

// What does a rehearsal of the recovery leave behind? A dated receipt that anyone can check. (SPEC 5.5)

import { equalBytes } from '@tercet/protocol/bytes'
import { encodePoint } from '@tercet/protocol/curve'
import { type DrillContext, verifyDrill } from '@tercet/protocol/drill'
import { completeRecord, type KeyRecord } from '@tercet/protocol/key-record'
import * as z from 'zod/mini'
import { fromBase64url, toBase64url } from './base64url.js'
import { canonicalize, type JsonObject, parseCanonical } from './canonical-json.js'
import { type Identity, recoveryIdentity, signTagged, verifyTagged } from './identity.js'
import { bytesOf, decimal, parseWith } from './schema.js'

export interface UnsignedDrillReceipt extends DrillContext {
  readonly version: 1
  /** base64url of keyId */
  readonly walletId: string
  readonly epoch: number
  readonly attempt: number
  /** K, 33 bytes */
  readonly recoveryKey: Uint8Array
  /** Knowledge of s_3, 65 bytes. */
  readonly proof: Uint8Array
}

export interface DrillReceipt extends UnsignedDrillReceipt {
  /** idV's on `TH("sig/drill", canonical receipt without it)`, 64 bytes. */
  readonly signature: Uint8Array
}

const schema = z.strictObject({
  version: z.literal(1),
  walletId: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  epoch: decimal(),
  attempt: decimal(),
  Tr: bytesOf(32),
  K: bytesOf(33),
  time: decimal(),
  nonce: bytesOf(32),
  proof: bytesOf(65),
  signature: bytesOf(64),
})

/** Signs a receipt with kappa's identity. */
export async function signDrillReceipt(
  identity: Identity,
  receipt: UnsignedDrillReceipt,
): Promise<DrillReceipt> {
  const signature = await signTagged(identity, 'sig/drill', canonicalize(unsigned(receipt), 'drill'))
  return { ...receipt, signature }
}

export function encodeDrillReceipt(receipt: DrillReceipt): Uint8Array {
  const bytes = canonicalize({ ...unsigned(receipt), signature: toBase64url(receipt.signature) }, 'drill')
  decodeDrillReceipt(bytes)
  return bytes
}

/** Throws Malformed with the field named. */
export function decodeDrillReceipt(bytes: Uint8Array): DrillReceipt {
  const { Tr, K, ...rest } = parseWith(schema, parseCanonical(bytes, 'drill', 4096), 'drill')
  fromBase64url(rest.walletId, 'drill.walletId', 32)
  return { ...rest, transcript: Tr, recoveryKey: K }
}

/** What the checker knows of the wallet from elsewhere: its own share's record, or a kit. */
export interface DrillSubject {
  readonly walletId: string
  readonly epoch: number
  readonly attempt: number
  /** Tr, 32 bytes */
  readonly transcript: Uint8Array
  /** K, 33 bytes */
  readonly recoveryKey: Uint8Array
  /** S_3, 33 bytes */
  readonly publicShare: Uint8Array
}

/** What a receipt must fit, from the record of a share or a kit. @throws Malformed, ProtocolAbort for a bad record */
export function drillSubjectOf(record: KeyRecord): DrillSubject {
  const [, , publicShare] = completeRecord(record).polynomial.publicShares
  return {
    walletId: toBase64url(record.keyId),
    epoch: record.epoch,
    attempt: record.attempt,
    transcript: record.transcript,
    recoveryKey: record.sidInputs.recoveryKey,
    publicShare: encodePoint(publicShare),
  }
}

/** What a receipt does not fit. */
export type DrillFault = 'wallet' | 'epoch' | 'recovery-key' | 'signature' | 'proof'

/** Checks a receipt against a wallet; undefined when it holds. Its time is the caller's to judge. */
export async function drillFault(
  receipt: DrillReceipt,
  subject: DrillSubject,
): Promise<DrillFault | undefined> {
  if (receipt.walletId !== subject.walletId) return 'wallet'
  const sameEpoch = receipt.epoch === subject.epoch && receipt.attempt === subject.attempt
  if (!sameEpoch || !equalBytes(receipt.transcript, subject.transcript)) return 'epoch'
  if (!equalBytes(receipt.recoveryKey, subject.recoveryKey)) return 'recovery-key'
  const bytes = canonicalize(unsigned(receipt), 'drill')
  const idV = recoveryIdentity(subject.recoveryKey)
  if (!(await verifyTagged(idV, receipt.signature, 'sig/drill', bytes))) return 'signature'
  return provesShare(receipt, subject) ? undefined : 'proof'
}

function provesShare(receipt: DrillReceipt, { publicShare }: DrillSubject): boolean {
  try {
    return verifyDrill(publicShare, receipt, receipt.proof)
  } catch {
    return false
  }
}

function unsigned(receipt: UnsignedDrillReceipt): JsonObject {
  return {
    version: receipt.version,
    walletId: receipt.walletId,
    epoch: String(receipt.epoch),
    attempt: String(receipt.attempt),
    Tr: toBase64url(receipt.transcript),
    K: toBase64url(receipt.recoveryKey),
    time: String(receipt.time),
    nonce: toBase64url(receipt.nonce),
    proof: toBase64url(receipt.proof),
  }
}

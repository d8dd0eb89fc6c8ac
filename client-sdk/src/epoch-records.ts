// What does a device store of an epoch that is coming, and how does one take the place of the last? (SPEC 5.2)

import {
  type DeviceEpochs,
  type DevicePending,
  type DeviceRole,
  device,
  type ShareId,
} from '@tercet/protocol/epochs'
import { Malformed } from '@tercet/protocol/errors'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type Json, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { TercetError } from './errors.js'
import { decodeKept, encodeKept, type KeptMessage, keyOf, read, reading, write } from './record-format.js'
import { encodeRecords, type WalletRecords } from './records.js'
import type { DeviceStorage } from './storage/storage.js'

/** The new epoch as far as the device has it: everything but the node's address, which comes with COMMITTED. */
export interface Pending {
  /** Secret encodings. */
  readonly share: Uint8Array
  readonly otSetup: Uint8Array
  readonly kit: Kit
  /** COMMIT. */
  readonly commit: KeptMessage
}

const NOTHING = new Uint8Array(0)
/** Emptied in the write that makes them worthless; deleted when there is time. */
const NO_PENDING = { 'pend-share': NOTHING, 'pend-ot': NOTHING, 'pend-kit': NOTHING, 'pend-commit': NOTHING }

/**
 * The state of the commit protocol. A wallet that has stored none is in the epoch of its kit; without a kit this is a
 * device that joins. @throws TercetError `damaged`
 */
export async function loadEpochs(storage: DeviceStorage, walletId: string, kit?: Kit): Promise<DeviceEpochs> {
  const bytes = await read(storage, walletId, 'epochs')
  if (bytes !== undefined) return reading(() => decodeEpochs(bytes))
  if (kit === undefined) return device.newcomer
  const { epoch, attempt } = kit.record
  return { act: { epoch, attempt }, pend: null, commitSent: false, att: 0, asked: null, retiring: null }
}

export async function storeEpochs(
  storage: DeviceStorage,
  walletId: string,
  state: DeviceEpochs,
): Promise<void> {
  await write(storage, walletId, { epochs: encodeEpochs(state) })
}

/** Stores the new epoch beside the present one. */
export async function storePending(
  storage: DeviceStorage,
  walletId: string,
  state: DeviceEpochs,
  { share, otSetup, kit, commit }: Pending,
): Promise<void> {
  await write(storage, walletId, {
    epochs: encodeEpochs(state),
    'pend-share': share,
    'pend-ot': otSetup,
    'pend-kit': encodeKit(kit),
    'pend-commit': encodeKept(commit),
  })
}

/** @throws TercetError `damaged` */
export async function loadPending(storage: DeviceStorage, walletId: string): Promise<Pending> {
  const [share, otSetup, kit, commit] = await Promise.all([
    read(storage, walletId, 'pend-share'),
    storage.get(keyOf(walletId, 'pend-ot')),
    read(storage, walletId, 'pend-kit'),
    read(storage, walletId, 'pend-commit'),
  ])
  if (share === undefined || otSetup === undefined || kit === undefined || commit === undefined)
    throw new TercetError('damaged')
  return reading(() => ({
    share,
    otSetup,
    kit: decodeKit(kit),
    commit: decodeKept(commit, 'pend-commit'),
  }))
}

/** Stores that the new epoch will never be: its secrets are overwritten in the same write. */
export async function dropPending(
  storage: DeviceStorage,
  walletId: string,
  state: DeviceEpochs,
): Promise<void> {
  await write(storage, walletId, { epochs: encodeEpochs(state), ...NO_PENDING })
  await forgetPending(storage, walletId)
}

/** Puts the new epoch in the place of the old one, whose secrets are overwritten in the same write. */
export async function storeSwitched(
  storage: DeviceStorage,
  walletId: string,
  state: DeviceEpochs,
  records: WalletRecords,
): Promise<void> {
  await write(storage, walletId, {
    epochs: encodeEpochs(state),
    ...encodeRecords(records),
    ...NO_PENDING,
  })
  await forgetPending(storage, walletId)
}

/** Stores that another device has the new epoch: the secrets of this one are overwritten in the same write. */
export async function storeHandedOver(
  storage: DeviceStorage,
  walletId: string,
  state: DeviceEpochs,
): Promise<void> {
  await write(storage, walletId, {
    epochs: encodeEpochs(state),
    share: NOTHING,
    ot: NOTHING,
    move: NOTHING,
    ...NO_PENDING,
  })
  await forgetPending(storage, walletId)
}

/** What is empty already; if it stays, nothing is lost. */
async function forgetPending(storage: DeviceStorage, walletId: string): Promise<void> {
  const parts = ['pend-share', 'pend-ot', 'pend-kit', 'pend-commit'] as const
  await storage.delete(parts.map((part) => keyOf(walletId, part))).catch(() => undefined)
}

function encodeEpochs({ act, pend, commitSent, att, asked, retiring }: DeviceEpochs): Uint8Array {
  return canonicalize({
    version: 1,
    act: encodeId(act),
    pend:
      pend === null
        ? null
        : { id: encodeId(pend.id), role: pend.role, transcript: toTranscript(pend.transcript) },
    commitSent,
    att,
    asked: encodeId(asked),
    retiring: encodeId(retiring),
  })
}

/** @throws Malformed */
function decodeEpochs(bytes: Uint8Array): DeviceEpochs {
  const document = object(parseCanonical(bytes, 'epochs'))
  if (document['version'] !== 1) throw new Malformed('epochs.version')
  const { commitSent } = document
  if (typeof commitSent !== 'boolean') throw new Malformed('epochs.commitSent')
  return {
    act: decodeId(document['act']),
    pend: document['pend'] === null ? null : decodePending(object(document['pend'])),
    commitSent,
    att: number(document['att']),
    asked: decodeId(document['asked']),
    retiring: decodeId(document['retiring']),
  }
}

const ROLES: readonly DeviceRole[] = ['refresh', 'operator', 'operator-alone', 'newcomer', 'hand-over']

function decodePending({ id, role, transcript }: JsonObject): DevicePending {
  const known = ROLES.find((name) => name === role)
  const decoded = decodeId(id)
  if (known === undefined || decoded === null || typeof transcript !== 'string')
    throw new Malformed('epochs.pend')
  return { id: decoded, role: known, transcript: toTranscript(transcript) }
}

/** Tr as text: base64url of 32 bytes. @throws Malformed */
function toTranscript(text: string): string {
  return toBase64url(fromBase64url(text, 'epochs.transcript', 32))
}

function encodeId(id: ShareId | null): Json {
  return id === null ? null : { epoch: id.epoch, attempt: id.attempt }
}

function decodeId(value: Json | undefined): ShareId | null {
  if (value === null) return null
  const { epoch, attempt } = object(value)
  return { epoch: number(epoch), attempt: number(attempt) }
}

function object(value: Json | undefined): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed('epochs')
  return value as JsonObject
}

function number(value: Json | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw new Malformed('epochs')
  return value
}

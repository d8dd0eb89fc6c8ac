// Which kit is the wallet's, is it the node's too, and is the one that the user has still good? (product, Recovery kit)

import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '@tercet/protocol/bytes'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { decodeKit, encodeKit, MAX_KIT_BYTES } from '@tercet/wire/kit'
import type { WalletNames } from './channel.js'
import { TercetError } from './errors.js'
import type { WalletEvents } from './events.js'
import type { Live } from './live.js'
import { loadExported, storeExported } from './records.js'

/** The kit as the node has it, against the device's own. */
export interface KitCheck {
  /** Whether both are the same, byte for byte. */
  readonly same: boolean
  /** The members of the kit that differ: `epoch`, `K`, `node`, ... */
  readonly differs: readonly string[]
}

/** Exports the device's kit, and remembers which one was exported. */
export async function exportKit({ records, storage, walletId }: Live): Promise<Uint8Array> {
  const bytes = encodeKit(records.kit)
  // A store that fails must not keep the user from the kit: then only the reminder is missing.
  await storeExported(storage, walletId, sha256(bytes)).catch(() => undefined)
  return bytes
}

/** What is to be said of the kit in the user's hands, or nothing where it is good or was never exported. */
export async function staleKit({
  records,
  storage,
  walletId,
}: Live): Promise<WalletEvents['kit-changed'] | undefined> {
  const exported = await loadExported(storage, walletId)
  if (exported === undefined || equalBytes(exported, sha256(encodeKit(records.kit)))) return undefined
  return { epoch: records.kit.record.epoch }
}

/** What a document about the wallet is addressed by. */
export function namesOf({ records, walletId }: Live): WalletNames {
  const { keyId, epoch } = records.kit.record
  return { walletId, keyId, epoch }
}

/** Asks the node for its kit of this wallet. @throws TercetError; `peer-fault` when what it has is no kit */
export async function checkKit(live: Live, signal?: AbortSignal): Promise<KitCheck> {
  const { records, channel } = live
  const theirs = await channel.ask('kit', namesOf(live), undefined, signal)
  const ours = encodeKit(records.kit)
  if (equalBytes(ours, theirs)) return { same: true, differs: [] }
  return { same: false, differs: differences(documentOf(ours), readKit(theirs)) }
}

function readKit(bytes: Uint8Array): JsonObject {
  try {
    decodeKit(bytes)
    return documentOf(bytes)
  } catch (error) {
    throw new TercetError('peer-fault', { incident: 'kit', cause: error })
  }
}

function documentOf(kit: Uint8Array): JsonObject {
  return parseCanonical(kit, 'kit', MAX_KIT_BYTES) as JsonObject
}

/** The names of the members that differ; the checksum follows from the others. */
function differences(a: JsonObject, b: JsonObject): string[] {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((name) => name !== 'checksum')
  const text = (value: JsonObject[string] | undefined): string =>
    value === undefined ? '' : new TextDecoder().decode(canonicalize(value, 'kit'))
  return names.filter((name) => text(a[name]) !== text(b[name])).sort()
}

// Is the log whole: numbered, hashed and linked, and each row filed under what its entry says? (invariant I16)

import { equalBytes } from '@tercet/protocol/bytes'
import { toBase64url } from '@tercet/wire/base64url'
import { type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import type { Store } from '../store/open.js'
import { entryHash, genesis } from './log.js'

export interface AuditReport {
  readonly entries: number
  /** Hash of the last entry, or the genesis hash. */
  readonly head: Uint8Array
  /** The first entry that is not what it must be. */
  readonly brokenAt?: number
}

/** Walks the whole chain: numbering, hashes, links. */
export async function verify(store: Store): Promise<AuditReport> {
  let head = genesis()
  let entries = 0
  const PAGE = 1000
  for (;;) {
    const rows = await store.read((db) =>
      db.selectFrom('audit').selectAll().where('seq', '>', entries).orderBy('seq').limit(PAGE).execute(),
    )
    for (const row of rows) {
      if (!isNext(row, entries + 1, head)) return { entries, head, brokenAt: entries + 1 }
      head = row.hash
      entries++
    }
    if (rows.length < PAGE) return { entries, head }
  }
}

function isNext(
  row: { seq: number; key_id: Uint8Array | null; entry: Uint8Array; hash: Uint8Array; event: string },
  seq: number,
  previous: Uint8Array,
): boolean {
  if (row.seq !== seq || !equalBytes(entryHash(row.entry), row.hash)) return false
  try {
    const document = parseCanonical(row.entry, 'audit') as JsonObject
    return (
      document['seq'] === seq &&
      document['event'] === row.event &&
      row.key_id !== null &&
      document['wallet'] === toBase64url(row.key_id) &&
      document['previous'] === toBase64url(previous)
    )
  } catch {
    return false
  }
}

// Does the database still say what the audit log says happened? (threat model: the cosigner's storage is written to)

import { toBase64url } from '@tercet/wire/base64url'
import { type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { sql } from 'kysely'
import type { Store } from '../store/open.js'

/** A contradiction between a table and the log. */
export interface Contradiction {
  readonly what: 'lock' | 'strikes' | 'spends' | 'setup'
  /** walletId */
  readonly wallet: string
}

/**
 * Wallets whose lock, strikes or spends are fewer than the log tells, or whose OT setup came back. Numbers only: the log itself is checked by
 * `verify`. Spends are compared by distinct requests.
 */
export async function contradictions(store: Store): Promise<Contradiction[]> {
  const rows = await store.read((db) =>
    sql<{ what: Contradiction['what']; key_id: Uint8Array }>`
      SELECT 'lock' AS what, keys.key_id FROM keys WHERE locked = 0
        AND EXISTS (SELECT 1 FROM audit WHERE audit.key_id = keys.key_id AND event = 'lock')
      UNION ALL
      SELECT 'strikes', keys.key_id FROM keys
        WHERE (SELECT count(*) FROM strikes WHERE strikes.key_id = keys.key_id)
          < (SELECT count(*) FROM audit WHERE audit.key_id = keys.key_id AND event = 'strike')
      UNION ALL
      SELECT 'spends', keys.key_id FROM keys
        WHERE (SELECT count(*) FROM spends WHERE spends.key_id = keys.key_id)
          < (SELECT count(DISTINCT json_extract(CAST(entry AS TEXT), '$.requestHash'))
               FROM audit WHERE audit.key_id = keys.key_id AND event IN ('approved', 'self-test'))
    `.execute(db),
  )
  const revived = await revivedSetups(store)
  return [...rows.rows, ...revived].map(({ what, key_id }) => ({ what, wallet: toBase64url(key_id) }))
}

/**
 * LIVE setups that the log does not name as the last one of their key, or that it saw burned since: by a report, a
 * strike or a restore. A row that was put back from an older copy opens, so only the log can tell.
 */
async function revivedSetups(store: Store): Promise<{ what: 'setup'; key_id: Uint8Array }[]> {
  const { rows } = await store.read((db) =>
    sql<{ key_id: Uint8Array; id_a: Uint8Array; entry: Uint8Array | null }>`
      SELECT ot_setups.key_id, ot_setups.id_a, audit.entry FROM ot_setups
        LEFT JOIN audit ON audit.seq = (
          SELECT max(seq) FROM audit WHERE audit.key_id = ot_setups.key_id
            AND event IN ('keygen', 'ot-setup', 'burn', 'strike'))
          AND audit.event IN ('keygen', 'ot-setup')
          AND audit.seq > coalesce((SELECT max(seq) FROM audit WHERE event = 'restore' AND key_id = zeroblob(32)), 0)
        WHERE ot_setups.state = 'LIVE'
    `.execute(db),
  )
  return rows
    .filter(({ id_a, entry }) => entry === null || otSetupOf(entry) !== toBase64url(id_a))
    .map(({ key_id }) => ({ what: 'setup', key_id }))
}

function otSetupOf(entry: Uint8Array): unknown {
  return (parseCanonical(entry, 'audit') as JsonObject)['otSetup']
}

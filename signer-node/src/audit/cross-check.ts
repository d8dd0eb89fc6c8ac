// Does the database still say what the audit log says happened? (threat model: the cosigner's storage is written to)

import { toBase64url } from '@tercet/wire/base64url'
import { sql } from 'kysely'
import type { Store } from '../store/open.js'

/** A contradiction between a table and the log. */
export interface Contradiction {
  readonly what: 'lock' | 'strikes' | 'spends'
  /** walletId */
  readonly wallet: string
}

/**
 * Wallets whose lock, strikes or spends are fewer than the log tells. Numbers only: the log itself is checked by
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
               FROM audit WHERE audit.key_id = keys.key_id AND event = 'approved')
    `.execute(db),
  )
  return rows.rows.map(({ what, key_id }) => ({ what, wallet: toBase64url(key_id) }))
}

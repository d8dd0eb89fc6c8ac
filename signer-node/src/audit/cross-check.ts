// Does the database still say what the audit log says happened? (threat model: the cosigner's storage is written to)

import { toBase64url } from '@tercet/wire/base64url'
import { sql } from 'kysely'
import type { Store } from '../store/open.js'
import { CHANGING_EVENTS } from './log.js'

/** A contradiction between a table and the log. */
export interface Contradiction {
  readonly what: 'state' | 'strikes' | 'spends'
  /** walletId */
  readonly wallet: string
}

/**
 * Wallets whose state is not the one that the log was last written with, or whose strikes or spends are fewer than the
 * log tells. The log itself is checked by `verify`. Spends are compared by distinct requests.
 */
export async function contradictions(store: Store): Promise<Contradiction[]> {
  const rows = await store.read((db) =>
    sql<{ what: Contradiction['what']; key_id: Uint8Array }>`
      SELECT 'state' AS what, keys.key_id FROM keys LEFT JOIN key_states ON key_states.key_id = keys.key_id
        WHERE key_states.seq IS NOT (
          SELECT max(seq) FROM audit WHERE audit.key_id = keys.key_id
            AND json_extract(CAST(entry AS TEXT), '$.event') IN (${sql.join([...CHANGING_EVENTS])}))
      UNION ALL
      SELECT 'state', audit.key_id FROM audit WHERE event = 'keygen'
        AND NOT EXISTS (SELECT 1 FROM keys WHERE keys.key_id = audit.key_id)
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
  const unverified = await store.states.unverified(store)
  const found = [...rows.rows, ...unverified.map((key_id) => ({ what: 'state', key_id }) as const)]
  const named = found.map(({ what, key_id }) => ({ what, wallet: toBase64url(key_id) }))
  // One wallet may be found by both ways.
  return named.filter(
    ({ what, wallet }, n) => n === named.findIndex((one) => one.what === what && one.wallet === wallet),
  )
}

// Does the database still say what the audit log says happened? (threat model: the cosigner's storage is written to)

import { toBase64url } from '@tercet/wire/base64url'
import { sql } from 'kysely'
import { Refusal } from '../refusal.js'
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
  const found = rows.rows.map(({ what, key_id }) => ({ what, wallet: toBase64url(key_id) }))
  const known = new Set(found.filter(({ what }) => what === 'state').map(({ wallet }) => wallet))
  return [...found, ...(await tampered(store, known))]
}

/** Wallets whose state does not verify, those aside that were found already. */
async function tampered(store: Store, known: ReadonlySet<string>): Promise<Contradiction[]> {
  const keys = await store.read((db) => db.selectFrom('keys').select('key_id').execute())
  const found: Contradiction[] = []
  for (const { key_id } of keys) {
    const wallet = toBase64url(key_id)
    if (known.has(wallet)) continue
    try {
      await store.read((db) => store.states.require(db, key_id))
    } catch (error) {
      if (!(error instanceof Refusal) || store.failed) throw error
      found.push({ what: 'state', wallet })
    }
  }
  return found
}

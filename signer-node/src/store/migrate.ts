// How does a database of an earlier version become one of this version? (compatibility: every released store still opens)

import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import type Database from 'better-sqlite3'
import { CHANGING_EVENTS } from '../audit/log.js'
import { CREATE_RECOVERY } from '../recovery/tables.js'
import { StartRefused } from '../refusal.js'
import type { Tagger } from '../seal.js'
import { firstState, type KeyState, placeOf } from './key-state.js'
import { CREATE_KEY_STATES } from './schema.js'

/** A row of `keys` in version 1. */
interface Key1 {
  readonly key_id: Uint8Array
  readonly locked: number
  readonly recovery_key: Uint8Array
  readonly transcript: Uint8Array
  readonly policy_hash: Uint8Array
}

interface Entry1 {
  readonly seq: number
  readonly event: string
  readonly entry: Uint8Array
}

/**
 * Version 1 to 2: what may change of a key moves into `key_states`. Version 1 kept it in plain rows, so it is taken only
 * as far as the audit log agrees.
 * @throws StartRefused where it does not
 */
export function toVersion2(connection: Database.Database, tagger: Tagger): void {
  const keys = connection.prepare<[], Key1>('SELECT * FROM keys').all()
  for (const statement of [CREATE_KEY_STATES, ...CREATE_RECOVERY]) connection.exec(statement)
  const insert = connection.prepare('INSERT INTO key_states (key_id, seq, state, tag) VALUES (?, ?, ?, ?)')
  for (const key of keys) {
    const seq = changesOf(connection, key.key_id).at(-1)?.seq
    const state = stateOf(connection, key)
    if (seq === undefined || state === undefined) {
      throw new StartRefused(
        `wallet ${toBase64url(key.key_id)} contradicts the audit log; it was changed by hand`,
      )
    }
    const bytes = canonicalize(state as unknown as JsonObject, 'keyState')
    insert.run(key.key_id, seq, bytes, tagger.tag(placeOf(key.key_id, seq), bytes))
  }
  for (const column of ['state', 'locked', 'recovery_key', 'policy_hash', 'epoch', 'attempt']) {
    connection.exec(`ALTER TABLE keys DROP COLUMN ${column}`)
  }
  connection.exec('ALTER TABLE shares DROP COLUMN role')
  connection.exec('ALTER TABLE shares ADD COLUMN committed BLOB')
  for (const column of ['created', 'revoked']) connection.exec(`ALTER TABLE devices DROP COLUMN ${column}`)
  connection.exec(`UPDATE meta SET value = '2' WHERE name = 'schema_version'`)
}

function changesOf(connection: Database.Database, keyId: Uint8Array): Entry1[] {
  const entries = connection
    .prepare<[Uint8Array], Entry1>('SELECT seq, event, entry FROM audit WHERE key_id = ? ORDER BY seq')
    .all(keyId)
  return entries.filter(({ event }) => CHANGING_EVENTS.has(event as never))
}

/** Undefined where rows and log differ. */
function stateOf(connection: Database.Database, key: Key1): KeyState | undefined {
  const { key_id: keyId } = key
  const all = <R>(sql: string): R[] => connection.prepare<[Uint8Array], R>(sql).all(keyId)
  const [device, ...more] = all<{ identity: Uint8Array; created: number; revoked: number | null }>(
    'SELECT identity, created, revoked FROM devices WHERE key_id = ?',
  )
  const strikes = all<{ at: number }>('SELECT at FROM strikes WHERE key_id = ? ORDER BY at').map(
    ({ at }) => at,
  )
  const live = all<{ id_a: Uint8Array }>(`SELECT id_a FROM ot_setups WHERE key_id = ? AND state = 'LIVE'`)
  const changes = changesOf(connection, keyId)
  const count = (event: string): number => changes.filter((entry) => entry.event === event).length
  // Version 1 knew one device a key, and no way to revoke it.
  if (device === undefined || more.length > 0 || device.revoked !== null) return undefined
  if (strikes.length < count('strike') || (key.locked === 0 && count('lock') > 0)) return undefined
  const logged = lastSetup(connection, changes)
  const names = live.map(({ id_a }) => toBase64url(id_a))
  if (names.length > 1 || names.some((name) => name !== logged)) return undefined
  const state = firstState({
    device: device.identity,
    transcript: key.transcript,
    recoveryKey: key.recovery_key,
    policyHash: key.policy_hash,
    otSetupA: live[0]?.id_a ?? new Uint8Array(0),
    created: device.created,
  })
  return { ...state, locked: key.locked !== 0, strikes, setups: live.length === 0 ? [] : state.setups }
}

/** The setup that the log says is LIVE. */
function lastSetup(connection: Database.Database, changes: readonly Entry1[]): string | undefined {
  const last = changes.filter(({ event }) => event !== 'lock').at(-1)
  if (last === undefined || (last.event !== 'keygen' && last.event !== 'ot-setup')) return undefined
  const restored = connection
    .prepare<[], { seq: number | null }>(
      `SELECT max(seq) AS seq FROM audit WHERE event = 'restore' AND key_id = zeroblob(32)`,
    )
    .get()
  if ((restored?.seq ?? 0) > last.seq) return undefined
  const { otSetup } = parseCanonical(last.entry, 'audit') as JsonObject
  return typeof otSetup === 'string' ? otSetup : undefined
}

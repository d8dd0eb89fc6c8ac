// Which tables does recovery add to the node's? (SPEC 5.4)

import type { Generated } from 'kysely'

export interface RecoveryTables {
  /** Seconds that nodes were up while a claim waited; one row. */
  uptime: { id: number; seconds: number }
  /** Keys that were handed to this node and that it does not serve yet. */
  joining: {
    key_id: Uint8Array
    /** The audit entry that the state was written with. */
    seq: number
    state: Uint8Array
    tag: Uint8Array
    sealed: Uint8Array | null
    kit: Uint8Array | null
  }
  /** Notices that are not delivered yet. */
  outbox: {
    id: Generated<number>
    key_id: Uint8Array
    body: Uint8Array
    created: number
  }
}

export const CREATE_RECOVERY: readonly string[] = [
  `CREATE TABLE uptime (id INTEGER PRIMARY KEY CHECK (id = 1), seconds INTEGER NOT NULL) STRICT`,
  `INSERT INTO uptime (id, seconds) VALUES (1, 0)`,
  `CREATE TABLE joining (
    key_id BLOB PRIMARY KEY, seq INTEGER NOT NULL, state BLOB NOT NULL, tag BLOB NOT NULL, sealed BLOB, kit BLOB,
    CHECK ((sealed IS NULL) = (kit IS NULL))) STRICT`,
  `CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, key_id BLOB NOT NULL, body BLOB NOT NULL, created INTEGER NOT NULL) STRICT`,
]

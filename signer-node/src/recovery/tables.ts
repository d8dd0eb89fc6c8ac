// Which tables does recovery add to the node's? (SPEC 5.4)

import type { Generated } from 'kysely'

export interface RecoveryTables {
  claims: {
    /** Order in which claims were announced. */
    id: Generated<number>
    key_id: Uint8Array
    claim_hash: Uint8Array
    /** The claim and its authorities as they were handed in. */
    request: Uint8Array
    kind: string
    /** id'_1 */
    new_device: Uint8Array | null
    announced: number
    /** Of the row in `uptime`, when the claim became durable. */
    uptime: number
    delay: number
    /** Authorities: signed by device and kappa; by a second factor. */
    both: number
    second_factor: number
    ended: 'done' | 'vetoed' | 'superseded' | null
    ended_at: number | null
    vetoed_by: Uint8Array | null
  }
  /** Seconds that nodes were up while a claim waited; one row. */
  uptime: { id: number; seconds: number }
  /** Notices that are not delivered yet. */
  outbox: {
    id: Generated<number>
    key_id: Uint8Array
    body: Uint8Array
    created: number
  }
}

export const CREATE_RECOVERY: readonly string[] = [
  `CREATE TABLE claims (
    id INTEGER PRIMARY KEY, key_id BLOB NOT NULL REFERENCES keys, claim_hash BLOB NOT NULL UNIQUE, request BLOB NOT NULL,
    kind TEXT NOT NULL, new_device BLOB, announced INTEGER NOT NULL, uptime INTEGER NOT NULL, delay INTEGER NOT NULL,
    both INTEGER NOT NULL, second_factor INTEGER NOT NULL,
    ended TEXT CHECK (ended IN ('done', 'vetoed', 'superseded')), ended_at INTEGER, vetoed_by BLOB,
    CHECK ((ended IS NULL) = (ended_at IS NULL)), CHECK ((vetoed_by IS NOT NULL) = (ended IS 'vetoed'))) STRICT`,
  `CREATE INDEX claims_of_key ON claims (key_id)`,
  `CREATE TRIGGER claims_ended BEFORE UPDATE ON claims WHEN OLD.ended IS NOT NULL
    BEGIN SELECT RAISE(ABORT, 'a claim that ended stays as it is'); END`,
  `CREATE TABLE uptime (id INTEGER PRIMARY KEY CHECK (id = 1), seconds INTEGER NOT NULL) STRICT`,
  `INSERT INTO uptime (id, seconds) VALUES (1, 0)`,
  `CREATE TABLE outbox (
    id INTEGER PRIMARY KEY, key_id BLOB NOT NULL, body BLOB NOT NULL, created INTEGER NOT NULL) STRICT`,
]

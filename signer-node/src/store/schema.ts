// Which tables does the node keep? (SPEC 0.7; security.md 3)

import type { Generated } from 'kysely'
import { CREATE_RECOVERY, type RecoveryTables } from '../recovery/tables.js'

export interface Tables extends RecoveryTables {
  meta: { name: string; value: string }
  /** The node's own identity; one row. */
  identity: { id: number; public_identity: Uint8Array; sealed: Uint8Array }
  /** What of a key never changes. */
  keys: {
    key_id: Uint8Array
    public_key: Uint8Array
    chain_code: Uint8Array
    /** Tr of its keygen. */
    transcript: Uint8Array
    /** Res3 of keygen, so that a repeated confirmation is answered with the same bytes for ever. */
    confirmation: Uint8Array
    created: number
  }
  /** What of a key may change, and is decided with: one canonical document under a tag. */
  key_states: {
    key_id: Uint8Array
    /** The audit entry that the state was written with. */
    seq: number
    state: Uint8Array
    tag: Uint8Array
  }
  /** Shares by generation; the key's state says which one is act, old or pend. */
  shares: {
    key_id: Uint8Array
    epoch: number
    attempt: number
    sealed: Uint8Array
    /** The recovery kit: the public record, the signatures on Tr, the node's address. */
    kit: Uint8Array
    /** The answer to COMMIT, so that a repeat gets the same bytes. */
    committed: Uint8Array | null
  }
  ot_setups: {
    /** otSetupId_A */
    id_a: Uint8Array
    id_b: Uint8Array
    key_id: Uint8Array
    epoch: number
    attempt: number
    initiator: number
    responder: number
    state: 'LIVE' | 'BURNED'
    /** Erased when burned. */
    sealed: Uint8Array | null
    created: number
  }
  /** Which keys an identity ever was a device of. Whether it is one now stands in the key's state. */
  devices: { key_id: Uint8Array; identity: Uint8Array }
  strikes: { id: Generated<number>; key_id: Uint8Array; at: number; reason: string }
  spends: { key_id: Uint8Array; request_hash: Uint8Array; created: number }
  audit: { seq: number; key_id: Uint8Array | null; event: string; entry: Uint8Array; hash: Uint8Array }
  nonces: { identity: Uint8Array; nonce: Uint8Array; created: number }
}

/** Version of the tables. */
export const SCHEMA_VERSION = 2

export const CREATE_KEY_STATES = `CREATE TABLE key_states (
    key_id BLOB PRIMARY KEY REFERENCES keys, seq INTEGER NOT NULL, state BLOB NOT NULL, tag BLOB NOT NULL) STRICT`

/** The statements that make an empty database. */
export const CREATE: readonly string[] = [
  `CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT`,
  `CREATE TABLE identity (id INTEGER PRIMARY KEY CHECK (id = 1), public_identity BLOB NOT NULL, sealed BLOB NOT NULL) STRICT`,
  `CREATE TABLE keys (
    key_id BLOB PRIMARY KEY, public_key BLOB NOT NULL, chain_code BLOB NOT NULL, transcript BLOB NOT NULL,
    confirmation BLOB NOT NULL, created INTEGER NOT NULL) STRICT`,
  `CREATE UNIQUE INDEX keys_transcript ON keys (transcript)`,
  CREATE_KEY_STATES,
  `CREATE TABLE shares (
    key_id BLOB NOT NULL REFERENCES keys, epoch INTEGER NOT NULL, attempt INTEGER NOT NULL,
    sealed BLOB NOT NULL, kit BLOB NOT NULL, committed BLOB,
    PRIMARY KEY (key_id, epoch, attempt)) STRICT`,
  `CREATE TABLE ot_setups (
    id_a BLOB PRIMARY KEY, id_b BLOB NOT NULL UNIQUE, key_id BLOB NOT NULL REFERENCES keys,
    epoch INTEGER NOT NULL, attempt INTEGER NOT NULL, initiator INTEGER NOT NULL, responder INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('LIVE', 'BURNED')), sealed BLOB, created INTEGER NOT NULL,
    CHECK ((state = 'LIVE') = (sealed IS NOT NULL))) STRICT`,
  `CREATE UNIQUE INDEX ot_setups_live ON ot_setups (key_id, epoch, attempt, initiator, responder) WHERE state = 'LIVE'`,
  `CREATE TRIGGER ot_setups_burned BEFORE UPDATE ON ot_setups WHEN OLD.state = 'BURNED' AND NEW.state <> 'BURNED'
    BEGIN SELECT RAISE(ABORT, 'a burned OT setup stays burned'); END`,
  `CREATE TABLE devices (
    key_id BLOB NOT NULL REFERENCES keys, identity BLOB NOT NULL, PRIMARY KEY (key_id, identity)) STRICT`,
  `CREATE INDEX devices_identity ON devices (identity)`,
  `CREATE TABLE strikes (
    id INTEGER PRIMARY KEY, key_id BLOB NOT NULL REFERENCES keys, at INTEGER NOT NULL, reason TEXT NOT NULL) STRICT`,
  `CREATE INDEX strikes_recent ON strikes (key_id, at)`,
  `CREATE TABLE spends (
    key_id BLOB NOT NULL REFERENCES keys, request_hash BLOB NOT NULL, created INTEGER NOT NULL,
    UNIQUE (key_id, request_hash)) STRICT`,
  `CREATE TABLE audit (
    seq INTEGER PRIMARY KEY, key_id BLOB, event TEXT NOT NULL, entry BLOB NOT NULL, hash BLOB NOT NULL UNIQUE) STRICT`,
  `CREATE INDEX audit_of_key ON audit (key_id, event)`,
  `CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit entries stay'); END`,
  `CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'audit entries stay'); END`,
  `CREATE TABLE nonces (
    identity BLOB NOT NULL, nonce BLOB NOT NULL, created INTEGER NOT NULL, UNIQUE (identity, nonce)) STRICT`,
  ...CREATE_RECOVERY,
]

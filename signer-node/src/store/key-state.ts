// Who may use a key, with which shares and setups, and does the database still say what this node wrote? (security.md 2: storage is written to)

import {
  type CosignerEpochs,
  cosigner,
  type RetiredEpochs,
  type ShareId,
  sameId,
} from '@tercet/protocol/epochs'
import { Misuse } from '@tercet/protocol/errors'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import type { Kysely } from 'kysely'
import { type AuditFacts, append, CHANGING_EVENTS } from '../audit/log.js'
import { type ClaimsState, NO_CLAIMS } from '../recovery/state.js'
import { Refusal } from '../refusal.js'
import type { Tagger } from '../seal.js'
import type { Tables } from './schema.js'
import { afterCommit, type Tx } from './transaction.js'

/** A device credential of a key. Identities and hashes stand as base64url. */
export interface Credential {
  readonly identity: string
  /** Unix seconds. */
  readonly created: number
  readonly revoked: number | null
}

/** A LIVE OT setup, named by its direction A. */
export interface LiveSetup extends ShareId {
  readonly otSetup: string
}

/**
 * Everything that the node decides with, of one key. It is one row under a tag that only this node can make, and it
 * names the audit entry that it was written with: neither another row nor an older one passes.
 */
export interface KeyState {
  readonly epochs: CosignerEpochs
  /** Unix seconds when act began to be served. */
  readonly actSince: number
  /** Of what is pending: the hash of the claim behind it, and SHA-256 of its kit as it was prepared. */
  readonly pending: { readonly claim: string | null; readonly kit: string } | null
  /** Set once the key was handed over: nothing is served any more. */
  readonly retired: RetiredEpochs | null
  /** After the third strike in 24 h, until a reshare that involves the recovery share. */
  readonly locked: boolean
  /** Unix seconds of the strikes that still count, oldest first. */
  readonly strikes: readonly number[]
  readonly devices: readonly Credential[]
  readonly setups: readonly LiveSetup[]
  readonly claims: ClaimsState
  /** K */
  readonly recoveryKey: string
  readonly policyHash: string
}

/** What an entry of a change says; the key is known. */
export type Entry = Omit<AuditFacts, 'keyId'>

export interface Change<T> {
  readonly state: KeyState
  /** At least one, and the last of a kind that marks a change. */
  readonly entries: readonly Entry[]
  readonly result: T
}

/** Rows that are read at once. */
const PAGE = 500

/** Keys whose newest state is remembered, so that no older one passes while the process lives. */
const REMEMBERED = 100_000

/** The state of a key as keygen leaves it, its one device being `device`. */
export function firstState(about: {
  readonly device: Uint8Array
  readonly transcript: Uint8Array
  readonly recoveryKey: Uint8Array
  readonly policyHash: Uint8Array
  readonly otSetupA: Uint8Array
  readonly created: number
}): KeyState {
  const identity = toBase64url(about.device)
  const epochs = cosigner.first(identity, toBase64url(about.transcript))
  return {
    epochs,
    actSince: about.created,
    pending: null,
    retired: null,
    locked: false,
    strikes: [],
    devices: [{ identity, created: about.created, revoked: null }],
    setups: [{ ...epochs.act.id, otSetup: toBase64url(about.otSetupA) }],
    claims: NO_CLAIMS,
    recoveryKey: toBase64url(about.recoveryKey),
    policyHash: toBase64url(about.policyHash),
  }
}

/** Whether this identity is a credential of the key now. */
export function isDevice({ devices }: KeyState, identity: string): boolean {
  return devices.some((device) => device.identity === identity && device.revoked === null)
}

/** Whether nothing may be served of the key: it is locked, let go of for another cosigner, or handed over. */
export function isClosed({ locked, retired, epochs }: KeyState): boolean {
  return locked || retired !== null || epochs.released !== null
}

/** The LIVE setup of a generation of shares. */
export function liveSetupOf({ setups }: KeyState, id: ShareId): LiveSetup | undefined {
  return setups.find((setup) => sameId(setup, id))
}

/** Reads and writes key states. */
export class KeyStates {
  /** Told of every key whose row is not what this node wrote last. */
  onTampered: ((keyId: Uint8Array) => void) | undefined
  /** Told of a key whose epoch or lock is about to change, before that is committed. */
  onEpoch: ((keyId: Uint8Array, state: KeyState) => void) | undefined
  readonly #tagger: Tagger
  readonly #newest = new Map<string, number>()

  constructor(tagger: Tagger) {
    this.#tagger = tagger
  }

  /** The key's state; undefined for a key that this node does not have. @throws Refusal `storage` for a tampered one */
  async read(db: Pick<Tx, 'selectFrom'>, keyId: Uint8Array): Promise<KeyState | undefined> {
    const row = await db.selectFrom('key_states').selectAll().where('key_id', '=', keyId).executeTakeFirst()
    // Somebody else's key and none at all take the same work, so that time tells them apart no better. (invariant I18)
    const { seq, state, tag } = row ?? DECOY
    const good = this.#tagger.verify(placeOf(keyId, seq), state, tag)
    const isNewest = await this.#isNewest(db, keyId, seq)
    const read = parseState(good || row === undefined ? state : DECOY.state)
    if (row === undefined) return undefined
    if (good && isNewest) return read
    this.onTampered?.(keyId)
    throw new Refusal('storage', { retryAfterSeconds: 60 })
  }

  /** Keys whose row does not verify: all of them are read, a page at a time. Whether a row is the newest is not asked. */
  async unverified(store: { read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T> }) {
    const found: Uint8Array[] = []
    let after: Uint8Array = new Uint8Array(0)
    for (;;) {
      const rows = await store.read((db) =>
        db
          .selectFrom('key_states')
          .selectAll()
          .where('key_id', '>', after)
          .orderBy('key_id')
          .limit(PAGE)
          .execute(),
      )
      for (const { key_id, seq, state, tag } of rows) {
        if (!this.#tagger.verify(placeOf(key_id, seq), state, tag)) found.push(key_id)
        after = key_id
      }
      if (rows.length < PAGE) return found
    }
  }

  /** @throws Refusal `not-found` where there is no such key */
  async require(db: Pick<Tx, 'selectFrom'>, keyId: Uint8Array): Promise<KeyState> {
    const state = await this.read(db, keyId)
    if (state === undefined) throw new Refusal('not-found')
    return state
  }

  /** The state of a new key. */
  async insert(tx: Tx, keyId: Uint8Array, state: KeyState, entries: readonly Entry[]): Promise<void> {
    const seq = await this.#log(tx, keyId, entries)
    await tx
      .insertInto('key_states')
      .values({ key_id: keyId, ...this.#sealed(keyId, seq, state) })
      .execute()
  }

  /**
   * Changes a key's state: what is there is verified, `work` changes rows and state, the entries are written, and the
   * new state is bound to the last of them.
   */
  async update<T>(tx: Tx, keyId: Uint8Array, work: (state: KeyState) => Promise<Change<T>>): Promise<T> {
    const before = await this.require(tx, keyId)
    const { state, entries, result } = await work(before)
    const seq = await this.#log(tx, keyId, entries)
    const isSame = sameId(before.epochs.act.id, state.epochs.act.id) && isClosed(before) === isClosed(state)
    if (!isSame) this.onEpoch?.(keyId, state)
    await tx
      .updateTable('key_states')
      .set(this.#sealed(keyId, seq, state))
      .where('key_id', '=', keyId)
      .execute()
    return result
  }

  async #log(tx: Tx, keyId: Uint8Array, entries: readonly Entry[]): Promise<number> {
    let seq = 0
    for (const entry of entries) ({ seq } = await append(tx, { ...entry, keyId }))
    const last = entries.at(-1)?.event
    if (last === undefined || !CHANGING_EVENTS.has(last)) throw new Misuse('a change without its entry')
    afterCommit(tx, () => this.#remember(keyId, seq))
    return seq
  }

  #sealed(keyId: Uint8Array, seq: number, state: KeyState) {
    const bytes = canonicalize(state as unknown as JsonObject, 'keyState')
    return { seq, state: bytes, tag: this.#tagger.tag(placeOf(keyId, seq), bytes) }
  }

  /** By memory, and, at a key's first use, by the log, which the generation record vouches for. */
  async #isNewest(db: Pick<Tx, 'selectFrom'>, keyId: Uint8Array, seq: number): Promise<boolean> {
    const newest = this.#newest.get(toBase64url(keyId))
    if (newest !== undefined) return seq >= newest
    const later = await db
      .selectFrom('audit')
      .select('seq')
      .where('key_id', '=', keyId)
      .where('event', 'in', [...CHANGING_EVENTS])
      .where('seq', '>', seq)
      .limit(1)
      .executeTakeFirst()
    return later === undefined
  }

  #remember(keyId: Uint8Array, seq: number): void {
    const name = toBase64url(keyId)
    const oldest = this.#newest.keys().next()
    if (this.#newest.size >= REMEMBERED && !oldest.done) this.#newest.delete(oldest.value)
    this.#newest.set(name, seq)
  }
}

/** A row like any other, for the work that it takes. */
const DECOY = {
  seq: Number.MAX_SAFE_INTEGER,
  state: canonicalize(
    firstState({
      device: new Uint8Array(34),
      transcript: new Uint8Array(32),
      recoveryKey: new Uint8Array(33),
      policyHash: new Uint8Array(32),
      otSetupA: new Uint8Array(32),
      created: 1_700_000_000,
    }) as unknown as JsonObject,
  ),
  tag: new Uint8Array(32),
}

function parseState(bytes: Uint8Array): KeyState {
  return parseCanonical(bytes, 'keyState') as JsonObject as unknown as KeyState
}

/** Where a state is valid: at this key, written with this audit entry. */
export function placeOf(keyId: Uint8Array, seq: number) {
  return { table: 'key_states', row: String(seq), keyId, epoch: 0, purpose: 'key state' }
}

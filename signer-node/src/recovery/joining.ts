// What does the node keep of a key that was handed to it and that it does not serve yet? (SPEC 5.3)

import { sha256 } from '@noble/hashes/sha2.js'
import { type JoiningEpochs, joining } from '@tercet/protocol/epochs'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { append } from '../audit/log.js'
import { Refusal } from '../refusal.js'
import type { Store, Tx } from '../store/open.js'

/** How long a share that was handed over waits for its COMMIT. */
const PENDING_SECONDS = 7 * 86_400

/** Who may speak of a hand-over: as base64url. */
export interface JoinState {
  readonly epochs: JoiningEpochs
  /** idD of the newest hand-over, and idV of its base. */
  readonly holder: string
  readonly recovery: string
  /** Unix seconds of the newest hand-over. */
  readonly since: number
  /** SHA-256 of the kit that is kept beside it. */
  readonly kit: string
}

/** The new share, sealed, and its kit; the device's signature in it is zero until COMMIT brings it. */
export interface HandedOver {
  readonly sealed: Uint8Array
  readonly kit: Uint8Array
}

/** What is there; an expired hand-over is to be written as such before anybody is told. */
export interface KnownJoin extends JoinState {
  readonly handed: HandedOver | undefined
  readonly isExpired: boolean
}

/** Events of entries that a joining state is written with. */
const EVENTS = ['handed-over', 'abandoned'] as const

/** The state of a hand-over; undefined where there was none. @throws Refusal `storage` for a row that this node did not write */
export async function readJoin(
  store: Store,
  db: Pick<Tx, 'selectFrom'>,
  keyId: Uint8Array,
  now: number,
): Promise<KnownJoin | undefined> {
  const row = await db.selectFrom('joining').selectAll().where('key_id', '=', keyId).executeTakeFirst()
  if (row === undefined) return undefined
  const later = await db
    .selectFrom('audit')
    .select('seq')
    .where('key_id', '=', keyId)
    .where('event', 'in', [...EVENTS])
    .where('seq', '>', row.seq)
    .limit(1)
    .executeTakeFirst()
  const state = parseCanonical(row.state, 'joining') as JsonObject as unknown as JoinState
  const { sealed, kit } = row
  const handed = sealed !== null && kit !== null ? { sealed, kit } : undefined
  const whole = handed === undefined || toBase64url(sha256(handed.kit)) === state.kit
  if (later !== undefined || !whole || !store.tagger.verify(placeOf(keyId, row.seq), row.state, row.tag)) {
    store.states.onTampered?.(keyId)
    throw new Refusal('storage', { retryAfterSeconds: 60 })
  }
  const isOver = state.since < now - PENDING_SECONDS
  if (!isOver || state.epochs.pend === null) return { ...state, handed, isExpired: false }
  return { ...state, epochs: joining.expire(state.epochs), handed: undefined, isExpired: true }
}

/** Writes the state, with its entry in the log. Without `handed` what was kept is erased. */
export async function writeJoin(
  store: Store,
  tx: Tx,
  keyId: Uint8Array,
  state: JoinState,
  about: { readonly event: (typeof EVENTS)[number]; readonly time: number },
  handed?: HandedOver,
): Promise<void> {
  const { seq } = await append(tx, { ...about, keyId })
  const { epochs, holder, recovery, since, kit } = state
  const bytes = canonicalize({ epochs, holder, recovery, since, kit } as unknown as JsonObject, 'joining')
  const row = {
    seq,
    state: bytes,
    tag: store.tagger.tag(placeOf(keyId, seq), bytes),
    sealed: handed?.sealed ?? null,
    kit: handed?.kit ?? null,
  }
  await tx
    .insertInto('joining')
    .values({ key_id: keyId, ...row })
    .onConflict((conflict) => conflict.column('key_id').doUpdateSet(row))
    .execute()
}

/**
 * An older database was put back: what was handed over goes, for the newer one may have said of it that it never will be
 * committed, or have served it. What was seen stays seen. @throws Refusal `storage` for a row that this node did not write
 */
export async function expireJoins(store: Store, tx: Tx, time: number): Promise<void> {
  const rows = await tx.selectFrom('joining').select('key_id').where('sealed', 'is not', null).execute()
  for (const { key_id: keyId } of rows) {
    const known = await readJoin(store, tx, keyId, time)
    if (known === undefined) continue
    const state = { ...known, epochs: joining.expire(known.epochs) }
    await writeJoin(store, tx, keyId, state, { event: 'abandoned', time })
  }
}

/** The key is served from now on: what was kept of the way here goes. */
export async function forgetJoin(tx: Tx, keyId: Uint8Array): Promise<void> {
  await tx.deleteFrom('joining').where('key_id', '=', keyId).execute()
}

function placeOf(keyId: Uint8Array, seq: number) {
  return { table: 'joining', row: String(seq), keyId, epoch: 0, purpose: 'joining' }
}

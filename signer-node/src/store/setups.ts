// When is an OT setup usable, burned, and its pair locked? (SPEC 2.4, 3.5; invariant I6)

import { type ShareId, sameId } from '@tercet/protocol/epochs'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import type { Generation } from '../engine/material.js'
import { Refusal } from '../refusal.js'
import { type KeyState, liveSetupOf } from './key-state.js'
import type { Store } from './open.js'
import type { Tx } from './transaction.js'

export interface NewSetup {
  readonly idA: Uint8Array
  readonly idB: Uint8Array
  readonly sealed: Uint8Array
}

/** The sealed seeds of a generation's LIVE setup. @throws Refusal `burned` where there is none */
export async function liveSetup(
  db: Pick<Tx, 'selectFrom'>,
  state: KeyState,
  id: ShareId,
): Promise<{ readonly idA: Uint8Array; readonly sealed: Uint8Array }> {
  const live = liveSetupOf(state, id)
  if (live === undefined) throw new Refusal('burned')
  const row = await db
    .selectFrom('ot_setups')
    .select(['id_a', 'sealed'])
    .where('id_a', '=', fromBase64url(live.otSetup, 'otSetup', 32))
    .where('state', '=', 'LIVE')
    .executeTakeFirst()
  if (!row?.sealed) throw new Refusal('burned')
  return { idA: row.id_a, sealed: row.sealed }
}

/** State of a named setup of this key: undefined when it never existed here. */
export async function setupState(
  store: Store,
  state: KeyState,
  keyId: Uint8Array,
  idA: Uint8Array,
  idB: Uint8Array,
): Promise<'LIVE' | 'BURNED' | undefined> {
  const row = await store.read((db) =>
    db
      .selectFrom('ot_setups')
      .select('id_a')
      .where('key_id', '=', keyId)
      .where('id_a', '=', idA)
      .where('id_b', '=', idB)
      .executeTakeFirst(),
  )
  if (row === undefined) return undefined
  const name = toBase64url(row.id_a)
  return state.setups.some(({ otSetup }) => otSetup === name) ? 'LIVE' : 'BURNED'
}

/** Marks a setup LIVE for the pair of device and cosigner. Returns the key's state with it. */
export async function insertSetup(
  tx: Tx,
  state: KeyState,
  { keyId, epoch, attempt }: Generation,
  setup: NewSetup,
  created: number,
): Promise<KeyState> {
  await insertSetupRow(tx, { keyId, epoch, attempt }, setup, created)
  const live = { epoch, attempt, otSetup: toBase64url(setup.idA) }
  return { ...state, setups: [...state.setups, live] }
}

export async function insertSetupRow(
  tx: Tx,
  { keyId, epoch, attempt }: Generation,
  setup: NewSetup,
  created: number,
): Promise<void> {
  await tx
    .insertInto('ot_setups')
    .values({
      id_a: setup.idA,
      id_b: setup.idB,
      key_id: keyId,
      epoch,
      attempt,
      initiator: 1,
      responder: 2,
      state: 'LIVE',
      sealed: setup.sealed,
      created,
    })
    .execute()
}

/** Burns the LIVE setup of one generation, or every one: both directions, for good; the seeds are erased. */
export async function burnSetups(
  tx: Tx,
  state: KeyState,
  keyId: Uint8Array,
  id?: ShareId,
): Promise<{ readonly state: KeyState; readonly burned: readonly Uint8Array[] }> {
  const isBurned = (setup: ShareId): boolean => id === undefined || sameId(setup, id)
  let rows = tx
    .updateTable('ot_setups')
    .set({ state: 'BURNED', sealed: null })
    .where('key_id', '=', keyId)
    .where('state', '=', 'LIVE')
  if (id !== undefined) rows = rows.where('epoch', '=', id.epoch).where('attempt', '=', id.attempt)
  await rows.execute()
  const burned = state.setups.filter(isBurned)
  return {
    state: { ...state, setups: state.setups.filter((setup) => !isBurned(setup)) },
    burned: burned.map(({ otSetup }) => fromBase64url(otSetup, 'otSetup', 32)),
  }
}

interface StrikeLimits {
  readonly strikeWindowSeconds: number
  readonly strikesToLock: number
}

/** Counts a proven cheat; locks the key at the last one allowed. */
export async function strike(
  tx: Tx,
  state: KeyState,
  keyId: Uint8Array,
  reason: string,
  now: number,
  limits: StrikeLimits,
): Promise<KeyState> {
  await tx.insertInto('strikes').values({ key_id: keyId, at: now, reason }).execute()
  const strikes = [...state.strikes.filter((at) => at > now - limits.strikeWindowSeconds), now]
  return { ...state, strikes, locked: state.locked || strikes.length >= limits.strikesToLock }
}

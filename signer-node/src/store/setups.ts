// When is an OT setup usable, burned, and its pair locked? (SPEC 2.4, 3.5; invariant I6)

import type { Generation } from '../engine/material.js'
import type { Store, Tx } from './open.js'

/** The one LIVE setup of a generation. */
export function liveSetup(db: Pick<Tx, 'selectFrom'>, { keyId, epoch, attempt }: Generation) {
  return db
    .selectFrom('ot_setups')
    .select(['id_a', 'id_b', 'sealed'])
    .where('key_id', '=', keyId)
    .where('epoch', '=', epoch)
    .where('attempt', '=', attempt)
    .where('state', '=', 'LIVE')
    .executeTakeFirst()
}

/** State of a named setup of this key: undefined when it never existed here. */
export async function setupState(
  store: Store,
  keyId: Uint8Array,
  idA: Uint8Array,
  idB: Uint8Array,
): Promise<'LIVE' | 'BURNED' | undefined> {
  const row = await store.read((db) =>
    db
      .selectFrom('ot_setups')
      .select('state')
      .where('key_id', '=', keyId)
      .where('id_a', '=', idA)
      .where('id_b', '=', idB)
      .executeTakeFirst(),
  )
  return row?.state
}

/** Marks a setup LIVE for the pair of device and cosigner. */
export async function insertSetup(
  tx: Tx,
  { keyId, epoch, attempt }: Generation,
  setup: { readonly idA: Uint8Array; readonly idB: Uint8Array; readonly sealed: Uint8Array },
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

/**
 * Burns the LIVE setup of a generation: both directions, for good; the seeds are erased. Returns its otSetupId_A, or
 * undefined when there was none.
 */
export async function burnSetups(tx: Tx, generation: Generation): Promise<Uint8Array | undefined> {
  const { keyId, epoch, attempt } = generation
  const before = await liveSetup(tx, generation)
  await tx
    .updateTable('ot_setups')
    .set({ state: 'BURNED', sealed: null })
    .where('key_id', '=', keyId)
    .where('epoch', '=', epoch)
    .where('attempt', '=', attempt)
    .where('state', '=', 'LIVE')
    .execute()
  return before?.id_a
}

/** Burns every LIVE setup of every key. Returns how many. */
export async function burnEverySetup(tx: Tx): Promise<number> {
  const result = await tx
    .updateTable('ot_setups')
    .set({ state: 'BURNED', sealed: null })
    .where('state', '=', 'LIVE')
    .executeTakeFirst()
  return Number(result.numUpdatedRows)
}

/** Counts a proven cheat; locks the key at the last one allowed. Returns the strikes inside the window. */
export async function strike(
  tx: Tx,
  keyId: Uint8Array,
  reason: string,
  now: number,
  limits: { readonly strikeWindowSeconds: number; readonly strikesToLock: number },
): Promise<{ readonly strikes: number; readonly locked: boolean }> {
  await tx.insertInto('strikes').values({ key_id: keyId, at: now, reason }).execute()
  const { count } = await tx
    .selectFrom('strikes')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('key_id', '=', keyId)
    .where('at', '>', now - limits.strikeWindowSeconds)
    .executeTakeFirstOrThrow()
  const locked = count >= limits.strikesToLock
  if (locked) await tx.updateTable('keys').set({ locked: 1 }).where('key_id', '=', keyId).execute()
  return { strikes: count, locked }
}

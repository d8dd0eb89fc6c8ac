// Where do shares lie, with the kit and the answer that belong to each? (SPEC 0.7, 5.2: rows by generation)

import type { Generation } from '../engine/material.js'
import { Refusal } from '../refusal.js'
import type { Store } from './open.js'
import type { Tx } from './transaction.js'

/** The sealed share of a generation. */
export async function sealedShare(store: Store, generation: Generation): Promise<Uint8Array> {
  const row = await rowOf(store, generation)
  if (row === undefined) throw new Refusal('mismatch', { field: 'epoch' })
  return row.sealed
}

/** The recovery kit of a wallet's generation. */
export async function kitOf(store: Store, generation: Generation): Promise<Uint8Array> {
  const row = await rowOf(store, generation)
  if (row === undefined) throw new Refusal('not-found')
  return row.kit
}

/** Stores a share of a generation with its kit. */
export async function insertShare(
  tx: Tx,
  { keyId, epoch, attempt }: Generation,
  share: { readonly sealedShare: Uint8Array; readonly kit: Uint8Array },
): Promise<void> {
  const { sealedShare: sealed, kit } = share
  await tx
    .insertInto('shares')
    .values({ key_id: keyId, epoch, attempt, sealed, kit, committed: null })
    .execute()
}

/** The share's kit is complete, and its COMMIT has an answer. */
export async function setCommitted(
  tx: Tx,
  { keyId, epoch, attempt }: Generation,
  columns: { readonly kit: Uint8Array; readonly committed: Uint8Array },
): Promise<void> {
  await tx
    .updateTable('shares')
    .set(columns)
    .where('key_id', '=', keyId)
    .where('epoch', '=', epoch)
    .where('attempt', '=', attempt)
    .execute()
}

/** The answer that the COMMIT of a share got. */
export async function committedShare(store: Store, generation: Generation): Promise<Uint8Array | undefined> {
  return (await rowOf(store, generation))?.committed ?? undefined
}

function rowOf(store: Store, { keyId, epoch, attempt }: Generation) {
  return store.read((db) =>
    db
      .selectFrom('shares')
      .select(['sealed', 'kit', 'committed'])
      .where('key_id', '=', keyId)
      .where('epoch', '=', epoch)
      .where('attempt', '=', attempt)
      .executeTakeFirst(),
  )
}

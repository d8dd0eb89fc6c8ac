// What does the node know of a wallet, and how does a key come to be? (SPEC 0.7, 1.2)

import { cosigner, type ShareId } from '@tercet/protocol/epochs'
import { toBase64url } from '@tercet/wire/base64url'
import { sql } from 'kysely'
import type { Generation, Material } from '../engine/material.js'
import { Refusal } from '../refusal.js'
import { firstState, isDevice, type KeyState, liveSetupOf } from './key-state.js'
import type { Store } from './open.js'
import { insertSetupRow, liveSetup, type NewSetup } from './setups.js'
import { insertShare, sealedShare } from './shares.js'
import type { Tx } from './transaction.js'

/** A key as an authenticated device sees it, with the generation of shares that it speaks of. */
export interface Wallet extends Generation {
  readonly state: KeyState
  /** The device credential that asks, 34 bytes. */
  readonly device: Uint8Array
}

/** The wallet of this device; absent, somebody else's and revoked look the same. @throws Refusal `not-found` */
export async function findWallet(
  store: Store,
  keyId: Uint8Array,
  device: Uint8Array,
  epoch?: number,
): Promise<Wallet> {
  return store.read((db) => walletIn(store, db, keyId, device, epoch))
}

async function walletIn(
  store: Store,
  db: Pick<Tx, 'selectFrom'>,
  keyId: Uint8Array,
  device: Uint8Array,
  epoch: number | undefined,
): Promise<Wallet> {
  const state = await store.states.read(db, keyId)
  // A key that was handed over is not here any more.
  if (state === undefined || state.retired !== null || !isDevice(state, toBase64url(device))) {
    throw new Refusal('not-found')
  }
  return { keyId, ...generationOf(state, device, epoch), state, device }
}

/** Act, or old where the device still speaks of its epoch and may. */
function generationOf({ epochs }: KeyState, device: Uint8Array, epoch: number | undefined): ShareId {
  const { act, old } = epochs
  const isOld = old !== null && old.id.epoch === epoch && cosigner.serves(epochs, old.id, toBase64url(device))
  return isOld ? old.id : act.id
}

/** Whether this identity is or was a device of any wallet. */
export async function isRegistered(store: Store, identity: Uint8Array): Promise<boolean> {
  const row = await store.read((db) =>
    db.selectFrom('devices').select('key_id').where('identity', '=', identity).limit(1).executeTakeFirst(),
  )
  return row !== undefined
}

/** Everything sealed that signing needs. @throws Refusal `burned` when the pair has no LIVE setup */
export async function materialOf(store: Store, wallet: Wallet): Promise<Material> {
  const share = await sealedShare(store, wallet)
  const { idA, sealed } = await store.read((db) => liveSetup(db, wallet.state, wallet))
  const { keyId, epoch, attempt } = wallet
  return { keyId, epoch, attempt, sealedShare: share, otSetupA: idA, sealedOtSetup: sealed }
}

/**
 * What 4.4 (3) re-reads inside the transaction: the key is served and not locked, the generation is served to this
 * device, the setup is LIVE, and the device that made the presignature is not revoked.
 * @throws Refusal `locked`, or `gone` when the session or presignature outlived what it belongs to
 */
export async function assertServed(
  store: Store,
  tx: Tx,
  held: Wallet,
  otSetupA: Uint8Array,
  gone: 'unknown-session' | 'unknown-presignature',
): Promise<void> {
  const state = await store.states.read(tx, held.keyId)
  if (state === undefined) throw new Refusal(gone)
  if (state.locked) throw new Refusal('locked')
  const device = toBase64url(held.device)
  const isLive = liveSetupOf(state, held)?.otSetup === toBase64url(otSetupA)
  const served = state.retired === null && cosigner.serves(state.epochs, held, device)
  if (!served || !isLive || !isDevice(state, device)) throw new Refusal(gone)
}

export interface NewWallet {
  readonly keyId: Uint8Array
  readonly device: Uint8Array
  readonly publicKey: Uint8Array
  readonly chainCode: Uint8Array
  readonly recoveryKey: Uint8Array
  readonly transcript: Uint8Array
  readonly policyHash: Uint8Array
  readonly sealedShare: Uint8Array
  readonly kit: Uint8Array
  readonly confirmation: Uint8Array
  readonly otSetup: NewSetup
  /** Unix seconds. */
  readonly created: number
}

/** Stores a key with its device, its LIVE OT setup and its entry in the log. */
export async function insertWallet(store: Store, tx: Tx, wallet: NewWallet): Promise<void> {
  const { keyId, created, otSetup, device, policyHash } = wallet
  const state = firstState({ ...wallet, otSetupA: otSetup.idA })
  const { id } = state.epochs.act
  await tx
    .insertInto('keys')
    .values({
      key_id: keyId,
      public_key: wallet.publicKey,
      chain_code: wallet.chainCode,
      transcript: wallet.transcript,
      confirmation: wallet.confirmation,
      created,
    })
    .execute()
  await insertShare(tx, { keyId, ...id }, wallet)
  await insertDevice(tx, keyId, device)
  await insertSetupRow(tx, { keyId, ...id }, otSetup, created)
  await store.states.insert(tx, keyId, state, [
    { event: 'keygen', time: created, policyHash, otSetup: otSetup.idA },
  ])
}

/** Notes that an identity belongs to a key. */
export async function insertDevice(tx: Tx, keyId: Uint8Array, identity: Uint8Array): Promise<void> {
  await tx
    .insertInto('devices')
    .values({ key_id: keyId, identity })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Reserves the spend of a request; the same request again is free of a second charge. */
export async function reserve(
  tx: Tx,
  keyId: Uint8Array,
  requestHash: Uint8Array,
  created: number,
): Promise<void> {
  await tx
    .insertInto('spends')
    .values({ key_id: keyId, request_hash: requestHash, created })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Res3 of a key that this device confirmed with this transcript. */
export async function confirmationOf(
  store: Store,
  device: Uint8Array,
  transcript: Uint8Array,
): Promise<Uint8Array | undefined> {
  const row = await store.read((db) =>
    db
      .selectFrom('keys')
      .innerJoin('devices', 'devices.key_id', 'keys.key_id')
      .select('keys.confirmation')
      .where('keys.transcript', '=', transcript)
      .where('devices.identity', '=', device)
      .executeTakeFirst(),
  )
  return row?.confirmation
}

/**
 * How many keys still keep their old share, and have since before a time: their device never said that it has the new one
 * in its backup. (SPEC 10: that delays what a refresh is for)
 */
export async function countUnconfirmed(store: Store, before: number): Promise<number> {
  const { rows } = await store.read((db) =>
    sql<{ count: number }>`
      SELECT count(*) AS count FROM key_states
        WHERE json_extract(CAST(state AS TEXT), '$.epochs.old') IS NOT NULL
          AND json_extract(CAST(state AS TEXT), '$.actSince') < ${before}`.execute(db),
  )
  return rows[0]?.count ?? 0
}

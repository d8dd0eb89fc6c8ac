// What does the node know of a wallet, and how does a key come to be? (SPEC 0.7, 1.2)

import type { Generation, Material } from '../engine/material.js'
import { Refusal } from '../refusal.js'
import { isDuplicate, type Store, type Tx } from './open.js'
import { insertSetup, liveSetup } from './setups.js'

/** A key as an authenticated device sees it. */
export interface Wallet extends Generation {
  readonly locked: boolean
  readonly policyHash: Uint8Array
  readonly transcript: Uint8Array
  /** The device credential that asks, 34 bytes. */
  readonly device: Uint8Array
}

/** The wallet of this device; absent, somebody else's and revoked look the same. @throws Refusal `not-found` */
export async function findWallet(store: Store, keyId: Uint8Array, device: Uint8Array): Promise<Wallet> {
  const row = await store.read((db) => walletRow(db, keyId, device))
  if (row === undefined) throw new Refusal('not-found')
  return row
}

async function walletRow(
  db: Pick<Tx, 'selectFrom'>,
  keyId: Uint8Array,
  device: Uint8Array,
): Promise<Wallet | undefined> {
  const row = await db
    .selectFrom('keys')
    .innerJoin('devices', 'devices.key_id', 'keys.key_id')
    .select(['keys.locked', 'keys.policy_hash', 'keys.transcript', 'keys.epoch', 'keys.attempt'])
    .where('keys.key_id', '=', keyId)
    .where('devices.identity', '=', device)
    .where('devices.revoked', 'is', null)
    .where('keys.state', '=', 'ACTIVE')
    .executeTakeFirst()
  if (row === undefined) return undefined
  const { locked, policy_hash: policyHash, transcript, epoch, attempt } = row
  return { keyId, epoch, attempt, locked: locked !== 0, policyHash, transcript, device }
}

/** Whether this identity is a device of any wallet. */
export async function isRegistered(store: Store, identity: Uint8Array): Promise<boolean> {
  const row = await store.read((db) =>
    db.selectFrom('devices').select('revoked').where('identity', '=', identity).limit(1).executeTakeFirst(),
  )
  return row !== undefined
}

/** The sealed share of a wallet's generation. */
export async function sealedShare(store: Store, generation: Generation): Promise<Uint8Array> {
  const row = await store.read((db) =>
    db
      .selectFrom('shares')
      .select('sealed')
      .where('key_id', '=', generation.keyId)
      .where('epoch', '=', generation.epoch)
      .where('attempt', '=', generation.attempt)
      .where('role', '=', 'act')
      .executeTakeFirst(),
  )
  if (row === undefined) throw new Refusal('mismatch', { field: 'epoch' })
  return row.sealed
}

/** Everything sealed that signing needs. @throws Refusal `burned` when the pair has no LIVE setup */
export async function materialOf(store: Store, wallet: Wallet): Promise<Material> {
  const share = await sealedShare(store, wallet)
  const setup = await store.read((db) => liveSetup(db, wallet))
  if (!setup?.sealed) throw new Refusal('burned')
  const { keyId, epoch, attempt } = wallet
  return { keyId, epoch, attempt, sealedShare: share, otSetupA: setup.id_a, sealedOtSetup: setup.sealed }
}

/**
 * What 4.4 (3) re-reads inside the transaction: the key is ACTIVE and not locked, the generation is served, the setup
 * is LIVE, and the device that made the presignature is not revoked.
 * @throws Refusal `locked`, or `gone` when the session or presignature outlived what it belongs to
 */
export async function assertServed(
  tx: Tx,
  held: Wallet,
  otSetupA: Uint8Array,
  gone: 'unknown-session' | 'unknown-presignature',
): Promise<void> {
  const now = await walletRow(tx, held.keyId, held.device)
  if (now?.locked) throw new Refusal('locked')
  const setup = now && (await liveSetup(tx, now))
  const same =
    now !== undefined &&
    now.epoch === held.epoch &&
    now.attempt === held.attempt &&
    setup !== undefined &&
    Buffer.compare(setup.id_a, otSetupA) === 0
  if (!same) throw new Refusal(gone)
}

export interface NewWallet extends Generation {
  readonly device: Uint8Array
  readonly publicKey: Uint8Array
  readonly chainCode: Uint8Array
  readonly recoveryKey: Uint8Array
  readonly transcript: Uint8Array
  readonly policyHash: Uint8Array
  readonly sealedShare: Uint8Array
  readonly kit: Uint8Array
  readonly confirmation: Uint8Array
  readonly otSetup: { readonly idA: Uint8Array; readonly idB: Uint8Array; readonly sealed: Uint8Array }
  /** Unix seconds. */
  readonly created: number
}

/** Stores a key, ACTIVE, with its device and its LIVE OT setup. */
export async function insertWallet(tx: Tx, wallet: NewWallet): Promise<void> {
  const { keyId, epoch, attempt, created, otSetup } = wallet
  await tx
    .insertInto('keys')
    .values({
      key_id: keyId,
      state: 'ACTIVE',
      locked: 0,
      public_key: wallet.publicKey,
      chain_code: wallet.chainCode,
      recovery_key: wallet.recoveryKey,
      transcript: wallet.transcript,
      policy_hash: wallet.policyHash,
      epoch,
      attempt,
      confirmation: wallet.confirmation,
      created,
    })
    .execute()
  await tx
    .insertInto('shares')
    .values({ key_id: keyId, epoch, attempt, role: 'act', sealed: wallet.sealedShare, kit: wallet.kit })
    .execute()
  await tx
    .insertInto('devices')
    .values({ key_id: keyId, identity: wallet.device, created, revoked: null })
    .execute()
  await insertSetup(tx, wallet, otSetup, created)
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

/** Makes a nonce of a state-changing request durable, in the transaction of its change. @throws Refusal `replayed` */
export async function recordNonce(
  tx: Tx,
  identity: Uint8Array,
  nonce: Uint8Array,
  created: number,
): Promise<void> {
  try {
    await tx.insertInto('nonces').values({ identity, nonce, created }).execute()
  } catch (error) {
    throw isDuplicate(error) ? new Refusal('replayed') : error
  }
}

/** Forgets nonces of requests made before a time. */
export async function forgetNonces(store: Store, before: number): Promise<void> {
  await store.write((tx) => tx.deleteFrom('nonces').where('created', '<', before).execute())
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

/** The recovery kit of a wallet's generation. */
export async function kitOf(store: Store, { keyId, epoch, attempt }: Generation): Promise<Uint8Array> {
  const row = await store.read((db) =>
    db
      .selectFrom('shares')
      .select('kit')
      .where('key_id', '=', keyId)
      .where('epoch', '=', epoch)
      .where('attempt', '=', attempt)
      .executeTakeFirst(),
  )
  if (row === undefined) throw new Refusal('not-found')
  return row.kit
}

// What does a device store of a wallet, under which keys? Share, OT setup, kit, and what is under way. (SPEC 1.2, 2.5)

import { Malformed } from '@tercet/protocol/errors'
import type { OtReason } from '@tercet/protocol/messages'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { TercetError } from './errors.js'
import {
  decodeKept,
  decodeTexts,
  encodeKept,
  encodeTexts,
  type KeptMessage,
  keyOf,
  ofStore,
  PARTS,
  PREFIX,
  read,
  reading,
  text,
  write,
} from './record-format.js'
import type { SetupAge } from './setup-age.js'
import type { DeviceStorage } from './storage/storage.js'

/** `confirm`: Req3 is to be sent, or sent again. `test`: the self-test is missing. `ready`: the wallet may be used. */
export type WalletStage = 'confirm' | 'test' | 'ready'

const RENEWALS = ['peer-fault', 'burned', 'rotation', 'mismatch'] as const satisfies readonly OtReason[]
/** Why a device asks for a new OT setup. */
export type Renewal = (typeof RENEWALS)[number]

export interface WalletMeta {
  readonly stage: WalletStage
  /** The node's address as this device reaches it. */
  readonly node: string
  /** idC, pinned at keygen, 34 bytes. */
  readonly cosigner: Uint8Array
  /** Why the OT setup must be made anew before anything else; absent while it is live. A burn is stored here. */
  readonly renew?: Renewal
  /** When the node was caught, unix seconds: those of one day, up to the number that locks the pair. */
  readonly strikes?: readonly number[]
  /** Of the OT setup; absent where nothing is known of it. */
  readonly age?: SetupAge
}

export interface WalletRecords {
  readonly meta: WalletMeta
  /** Secret encodings. */
  readonly share: Uint8Array
  readonly otSetup: Uint8Array
  readonly kit: Kit
}

/** The four records that every wallet has. */
export function encodeRecords({ meta, share, otSetup, kit }: WalletRecords) {
  return { meta: encodeMeta(meta), share, ot: otSetup, kit: encodeKit(kit) }
}

/** Stores a wallet that has come as far as Req3: all of it in one write. */
export async function storeNew(
  storage: DeviceStorage,
  walletId: string,
  records: WalletRecords,
  confirmation: KeptMessage,
): Promise<void> {
  await write(storage, walletId, { ...encodeRecords(records), confirm: encodeKept(confirmation) })
}

/** Stores that the node has confirmed the key, with the kit that is complete now. */
export async function storeConfirmed(
  storage: DeviceStorage,
  walletId: string,
  meta: WalletMeta,
  kit: Kit,
): Promise<void> {
  await write(storage, walletId, { meta: encodeMeta(meta), kit: encodeKit(kit) })
}

export async function storeMeta(storage: DeviceStorage, walletId: string, meta: WalletMeta): Promise<void> {
  await write(storage, walletId, { meta: encodeMeta(meta) })
}

/** Stores a burn: the setup's secrets are overwritten in the same write that says so. (I6) */
export async function storeBurn(storage: DeviceStorage, walletId: string, meta: WalletMeta): Promise<void> {
  await write(storage, walletId, { meta: encodeMeta(meta), ot: new Uint8Array(0) })
}

/** Stores a new OT setup in place of the old one. */
export async function storeSetup(
  storage: DeviceStorage,
  walletId: string,
  meta: WalletMeta,
  otSetup: Uint8Array,
): Promise<void> {
  await write(storage, walletId, { meta: encodeMeta(meta), ot: otSetup })
}

/** Everything of a wallet. @throws TercetError `not-found`, `damaged`, `storage` */
export async function loadWallet(storage: DeviceStorage, walletId: string): Promise<WalletRecords> {
  const meta = await ofStore(storage.get(keyOf(walletId, 'meta')))
  if (meta === undefined) throw new TercetError('not-found', { message: 'This device has no such wallet.' })
  const [share, otSetup, kit] = await ofStore(
    Promise.all([
      storage.get(keyOf(walletId, 'share')),
      storage.get(keyOf(walletId, 'ot')),
      storage.get(keyOf(walletId, 'kit')),
    ]),
  )
  if (share === undefined || otSetup === undefined || kit === undefined) throw new TercetError('damaged')
  return reading(() => ({ meta: decodeMeta(meta), share, otSetup, kit: decodeKit(kit) }))
}

/** What is needed to send Req3 again. @throws TercetError `damaged` */
export async function loadConfirmation(storage: DeviceStorage, walletId: string): Promise<KeptMessage> {
  const bytes = await read(storage, walletId, 'confirm')
  if (bytes === undefined) throw new TercetError('damaged')
  return reading(() => decodeKept(bytes, 'confirm'))
}

/** Deletes what was only needed until Res3. */
export async function forgetConfirmation(storage: DeviceStorage, walletId: string): Promise<void> {
  await ofStore(storage.delete([keyOf(walletId, 'confirm')]))
}

/** Deletes a wallet that never came into being at the node. */
export async function forgetWallet(storage: DeviceStorage, walletId: string): Promise<void> {
  await ofStore(storage.delete(PARTS.map((part) => keyOf(walletId, part))))
}

/** SHA-256 of the kit that was exported last, 32 bytes. */
export function loadExported(storage: DeviceStorage, walletId: string): Promise<Uint8Array | undefined> {
  return read(storage, walletId, 'exported')
}

/** Remembers the kit that is in the user's hands now. */
export async function storeExported(
  storage: DeviceStorage,
  walletId: string,
  hash: Uint8Array,
): Promise<void> {
  await write(storage, walletId, { exported: hash })
}

/** The wallets of a store, with how far each has come. */
export async function listWallets(storage: DeviceStorage): Promise<{ id: string; meta: WalletMeta }[]> {
  const keys = await ofStore(storage.list(PREFIX))
  const ids = keys
    .filter((key) => key.endsWith('/meta'))
    .map((key) => key.slice(PREFIX.length, -'/meta'.length))
  return Promise.all(
    ids.map(async (id) => {
      const meta = await ofStore(storage.get(keyOf(id, 'meta')))
      if (meta === undefined) throw new TercetError('damaged')
      return { id, meta: reading(() => decodeMeta(meta)) }
    }),
  )
}

function encodeMeta({ stage, node, cosigner, renew, strikes = [], age }: WalletMeta): Uint8Array {
  return encodeTexts({
    version: '1',
    stage,
    node,
    cosigner: toBase64url(cosigner),
    ...(renew === undefined ? {} : { renew }),
    ...(strikes.length === 0 ? {} : { strikes: strikes.join(' ') }),
    ...(age === undefined ? {} : { made: String(age.made), sessions: String(age.sessions) }),
  })
}

function decodeMeta(bytes: Uint8Array): WalletMeta {
  const { version, stage, node, cosigner, renew, strikes, made, sessions } = decodeTexts(bytes, 'meta')
  if (version !== '1') throw new Malformed('meta.version')
  const known = (['confirm', 'test', 'ready'] as const).find((name) => name === stage)
  if (known === undefined) throw new Malformed('meta.stage')
  const reason = RENEWALS.find((name) => name === renew)
  if (renew !== undefined && reason === undefined) throw new Malformed('meta.renew')
  return {
    stage: known,
    node: text(node, 'meta.node'),
    cosigner: fromBase64url(text(cosigner, 'meta.cosigner'), 'meta.cosigner', 34),
    ...(reason === undefined ? {} : { renew: reason }),
    ...(strikes === undefined ? {} : { strikes: decodeStrikes(strikes) }),
    ...(made === undefined ? {} : { age: { made: count(made), sessions: count(sessions) } }),
  }
}

function decodeStrikes(times: string): number[] {
  if (!/^\d{1,15}( \d{1,15}){0,9}$/.test(times)) throw new Malformed('meta.strikes')
  return times.split(' ').map(Number)
}

function count(value: string | undefined): number {
  if (value === undefined || !/^\d{1,15}$/.test(value)) throw new Malformed('meta.age')
  return Number(value)
}

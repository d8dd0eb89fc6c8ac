// Where does each part of a wallet stand in a device's store, and how are its small documents written and read?

import { Malformed } from '@tercet/protocol/errors'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type Json, parseCanonical } from '@tercet/wire/canonical-json'
import { TercetError } from './errors.js'
import type { DeviceStorage } from './storage/storage.js'

export const PREFIX = 'wallet/'
/** Everything that is stored of a wallet. The first four always exist. */
export const PARTS = [
  'meta',
  'share',
  'ot',
  'kit',
  'confirm',
  'exported',
  'condition',
  'drill',
  'claim',
  'epochs',
  'pend-share',
  'pend-ot',
  'pend-kit',
  'pend-commit',
  'retire',
  'move',
] as const
export type Part = (typeof PARTS)[number]

/** The key of a part's record. */
export function keyOf(walletId: string, part: Part): string {
  return `${PREFIX}${walletId}/${part}`
}

/** Writes all records or none. @throws TercetError `storage` */
export async function write(
  storage: DeviceStorage,
  walletId: string,
  parts: { readonly [P in Part]?: Uint8Array },
): Promise<void> {
  const records = Object.entries(parts).map(([part, bytes]) => [`${PREFIX}${walletId}/${part}`, bytes])
  await ofStore(storage.put(Object.fromEntries(records)))
}

/** What a store does for us: whatever it fails with, whoever wrote it, is a failure of the store. @throws TercetError `storage` */
export async function ofStore<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof TercetError ? error : new TercetError('storage', { cause: error })
  }
}

/** A part, or undefined where there is none or it was emptied. @throws TercetError `storage` */
export async function read(
  storage: DeviceStorage,
  walletId: string,
  part: Part,
): Promise<Uint8Array | undefined> {
  const bytes = await ofStore(storage.get(keyOf(walletId, part)))
  return bytes === undefined || bytes.length === 0 ? undefined : bytes
}

/** Runs a reader; whatever it refuses is damage. @throws TercetError `damaged` */
export function reading<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new TercetError('damaged', { cause: error })
  }
}

/** A document whose members are all texts. */
export interface Texts {
  readonly [key: string]: string | undefined
}

export function encodeTexts(members: { readonly [key: string]: string }): Uint8Array {
  return canonicalize(members)
}

/** @throws Malformed */
export function decodeTexts(bytes: Uint8Array, field: string): Texts {
  const value: Json = parseCanonical(bytes, field)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Malformed(field)
  for (const member of Object.values(value)) text(member, field)
  return value as { readonly [key: string]: string }
}

/** @throws Malformed */
export function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new Malformed(field)
  return value
}

/** A message that is repeated byte for byte until it is answered, and the session that it belongs to. */
export interface KeptMessage {
  readonly sessionId: Uint8Array
  /** SHA-256 of the answer before it. */
  readonly previous: Uint8Array
  readonly body: Uint8Array
}

export function encodeKept({ sessionId, previous, body }: KeptMessage): Uint8Array {
  return encodeTexts({
    sessionId: toBase64url(sessionId),
    previous: toBase64url(previous),
    body: toBase64url(body),
  })
}

/** @throws Malformed */
export function decodeKept(bytes: Uint8Array, field: string): KeptMessage {
  const { sessionId, previous, body } = decodeTexts(bytes, field)
  return {
    sessionId: fromBase64url(text(sessionId, field), field, 32),
    previous: fromBase64url(text(previous, field), field, 32),
    body: fromBase64url(text(body, field), field),
  }
}

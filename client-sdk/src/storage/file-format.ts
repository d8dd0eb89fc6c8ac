// What are the bytes of a device's encrypted file? magic, argon2id costs, salt, key check, nonce, ciphertext.

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concatBytes, randomBytes, utf8ToBytes } from '@noble/hashes/utils.js'
import { equalBytes } from '@tercet/protocol/bytes'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { TercetError } from '../errors.js'

export interface Contents {
  /** The device's private identity key, PKCS #8. */
  readonly identity?: Uint8Array
  readonly records: ReadonlyMap<string, Uint8Array>
}

/** The key that a passphrase gave, with what the header says of it. */
export interface FileKey {
  readonly key: Uint8Array
  /** magic || memory KiB || passes || salt || check: everything in front of the nonce. */
  readonly header: Uint8Array
}

const MAGIC = utf8ToBytes('TERCET\x00\x01')
const SALT_BYTES = 16
const CHECK_BYTES = 16
const NONCE_BYTES = 24
const TAG_BYTES = 16
const COSTS_AT = MAGIC.length
const SALT_AT = COSTS_AT + 5
const CHECK_AT = SALT_AT + SALT_BYTES
const NONCE_AT = CHECK_AT + CHECK_BYTES
const BODY_AT = NONCE_AT + NONCE_BYTES

/** 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19 * 1024
const PASSES = 2
/** A header that asks for more is not ours: it would only stall the reader. */
const MAX_MEMORY_KIB = 1024 * 1024
const MAX_PASSES = 16
const MAX_CONTENT_BYTES = 64 * 1024 * 1024

/** A fresh salt and the key of the passphrase under it. */
export async function newFileKey(passphrase: string): Promise<FileKey> {
  const costs = new Uint8Array(5)
  new DataView(costs.buffer).setUint32(0, MEMORY_KIB)
  costs[4] = PASSES
  const salt = randomBytes(SALT_BYTES)
  const key = await derive(passphrase, salt, MEMORY_KIB, PASSES)
  return { key, header: concatBytes(MAGIC, costs, salt, checkOf(key)) }
}

/**
 * Opens a file's bytes with a passphrase.
 * @throws TercetError `wrong-passphrase`, or `damaged` when it is not one of our files or its content was changed
 */
export async function openFile(
  file: Uint8Array,
  passphrase: string,
): Promise<{ key: FileKey; contents: Contents }> {
  if (file.length < BODY_AT + TAG_BYTES || !equalBytes(file.subarray(0, COSTS_AT), MAGIC)) {
    throw new TercetError('damaged', { message: 'This is not a file of device records of this version.' })
  }
  const memory = new DataView(file.buffer, file.byteOffset + COSTS_AT, 4).getUint32(0)
  const passes = file[COSTS_AT + 4] ?? 0
  if (memory < 8 || memory > MAX_MEMORY_KIB || passes < 1 || passes > MAX_PASSES)
    throw new TercetError('damaged')
  const key = await derive(passphrase, file.subarray(SALT_AT, CHECK_AT), memory, passes)
  if (!equalBytes(checkOf(key), file.subarray(CHECK_AT, NONCE_AT))) throw new TercetError('wrong-passphrase')
  const header = file.slice(0, NONCE_AT)
  try {
    const cipher = xchacha20poly1305(key, file.subarray(NONCE_AT, BODY_AT), header)
    return { key: { key, header }, contents: decodeContents(cipher.decrypt(file.subarray(BODY_AT))) }
  } catch (error) {
    throw new TercetError('damaged', { cause: error })
  }
}

/** The file's bytes for these contents, under a fresh nonce. */
export function sealFile({ key, header }: FileKey, contents: Contents): Uint8Array {
  const nonce = randomBytes(NONCE_BYTES)
  const sealed = xchacha20poly1305(key, nonce, header).encrypt(encodeContents(contents))
  return concatBytes(header, nonce, sealed)
}

/** Whether two reads of the file are of the same write: a write is known by its nonce. */
export function sameSeal(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && equalBytes(a.subarray(0, BODY_AT), b.subarray(0, BODY_AT))
}

function derive(passphrase: string, salt: Uint8Array, m: number, t: number): Promise<Uint8Array> {
  return argon2idAsync(utf8ToBytes(passphrase.normalize('NFKC')), salt, { m, t, p: 1, dkLen: 32 })
}

/** Tells a wrong passphrase from a damaged file; it helps no guesser, who has the ciphertext's tag already. */
function checkOf(key: Uint8Array): Uint8Array {
  return hkdf(sha256, key, undefined, utf8ToBytes('tercet/file/check'), CHECK_BYTES)
}

function encodeContents({ identity, records }: Contents): Uint8Array {
  return canonicalize({
    version: 1,
    ...(identity === undefined ? {} : { identity: toBase64url(identity) }),
    records: Object.fromEntries([...records].map(([key, bytes]) => [key, toBase64url(bytes)])),
  })
}

function decodeContents(bytes: Uint8Array): Contents {
  const document = asObject(parseCanonical(bytes, 'file', MAX_CONTENT_BYTES))
  if (document['version'] !== 1) throw new TercetError('damaged')
  const records = new Map<string, Uint8Array>()
  for (const [key, value] of Object.entries(asObject(document['records']))) {
    records.set(key, fromBase64url(asText(value), 'records'))
  }
  const { identity } = document
  return identity === undefined
    ? { records }
    : { records, identity: fromBase64url(asText(identity), 'identity') }
}

function asObject(value: unknown): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TercetError('damaged')
  return value as JsonObject
}

function asText(value: unknown): string {
  if (typeof value !== 'string') throw new TercetError('damaged')
  return value
}

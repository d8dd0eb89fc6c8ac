// How is a secret of 32 bytes kept under a passphrase? argon2id, XChaCha20-Poly1305, and a header that is authenticated with it.

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { concat, equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import type { Random } from '@tercet/protocol/random'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'

/** Length of the secret, in bytes. */
const SECRET_BYTES = 32
const MAX_FILE_BYTES = 4096
const SALT_BYTES = 16
const CHECK_BYTES = 16
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** 64 MiB, three passes, one lane: opened rarely, and worth a thief's while. */
const COSTS = { memoryKiB: 64 * 1024, passes: 3 } as const
/** A file that asks for more is not ours: it would only stall the reader. */
const MAX_COSTS = { memoryKiB: 1024 * 1024, passes: 16 } as const

/** The costs of the passphrase's derivation. */
export interface Costs {
  readonly memoryKiB: number
  readonly passes: number
}

/** Which file it is, and what anyone may read in it. */
export interface SealedHeader extends JsonObject {
  readonly version: 1
  readonly kind: string
}

/** The file's bytes (text, one line): the header, and the secret under the passphrase. */
export async function sealUnderPassphrase(
  header: SealedHeader,
  secret: Uint8Array,
  passphrase: string,
  random: Random,
  costs: Costs = COSTS,
): Promise<Uint8Array> {
  const salt = random(SALT_BYTES)
  const key = await derive(passphrase, salt, costs)
  const whole = {
    ...header,
    memoryKiB: costs.memoryKiB,
    passes: costs.passes,
    salt: toBase64url(salt),
    check: toBase64url(checkOf(key)),
  }
  const nonce = random(NONCE_BYTES)
  const sealed = concat(nonce, xchacha20poly1305(key, nonce, canonicalize(whole)).encrypt(secret))
  return concat(canonicalize({ ...whole, sealed: toBase64url(sealed) }), utf8ToBytes('\n'))
}

/** The document in a file, of this kind and version. @throws Malformed */
export function readSealed(file: Uint8Array, kind: string): JsonObject {
  const body = file.at(-1) === 0x0a ? file.subarray(0, -1) : file
  const document = parseCanonical(body, 'file', MAX_FILE_BYTES)
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new Malformed('file')
  const object = document as JsonObject
  if (object['version'] !== 1 || object['kind'] !== kind) throw new Malformed('file.kind')
  return object
}

/** The secret in a document of {@link readSealed}; undefined for a wrong passphrase. @throws Malformed when it is damaged */
export async function unsealWithPassphrase(
  document: JsonObject,
  passphrase: string,
): Promise<Uint8Array | undefined> {
  const { sealed: _, ...header } = document
  const costs = {
    memoryKiB: count(document, 'memoryKiB', MAX_COSTS.memoryKiB),
    passes: count(document, 'passes', MAX_COSTS.passes),
  }
  const salt = fromBase64url(textOf(document, 'salt'), 'file.salt', SALT_BYTES)
  const check = fromBase64url(textOf(document, 'check'), 'file.check', CHECK_BYTES)
  const length = NONCE_BYTES + SECRET_BYTES + TAG_BYTES
  const sealed = fromBase64url(textOf(document, 'sealed'), 'file.sealed', length)
  const key = await derive(passphrase, salt, costs)
  if (!equalBytes(checkOf(key), check)) return undefined
  try {
    const cipher = xchacha20poly1305(key, sealed.subarray(0, NONCE_BYTES), canonicalize(header))
    return cipher.decrypt(sealed.subarray(NONCE_BYTES))
  } catch {
    throw new Malformed('file.sealed')
  }
}

/** A member that is text. @throws Malformed */
export function textOf(document: JsonObject, name: string): string {
  const value = document[name]
  if (typeof value !== 'string') throw new Malformed(`file.${name}`)
  return value
}

function derive(passphrase: string, salt: Uint8Array, costs: Costs): Promise<Uint8Array> {
  const secret = utf8ToBytes(passphrase.normalize('NFKC'))
  return argon2idAsync(secret, salt, { m: costs.memoryKiB, t: costs.passes, p: 1, dkLen: 32 })
}

/** Tells a wrong passphrase from damage; it helps no guesser, who has the ciphertext's tag already. */
function checkOf(key: Uint8Array): Uint8Array {
  return hkdf(sha256, key, undefined, utf8ToBytes('tercet/recovery-key/check'), CHECK_BYTES)
}

function count(document: JsonObject, name: string, most: number): number {
  const value = document[name]
  if (typeof value !== 'number' || value < 1 || value > most) throw new Malformed(`file.${name}`)
  return value
}

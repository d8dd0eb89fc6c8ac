// How is a recovery key kept at rest? A seed of 32 bytes under a passphrase. (argon2id, XChaCha20-Poly1305)

import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { argon2idAsync } from '@noble/hashes/argon2.js'
import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { concat, equalBytes } from '@tercet/protocol/bytes'
import { encodePoint, POINT_BYTES } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'

/** Length of the seed that a recovery key is made of, in bytes. */
export const SEED_BYTES = 32

const KIND = 'tercet-recovery-key'
const MAX_FILE_BYTES = 4096
const SALT_BYTES = 16
const CHECK_BYTES = 16
const NONCE_BYTES = 24
const TAG_BYTES = 16
/** 64 MiB, three passes, one lane: opened rarely, and worth a thief's while. */
const COSTS = { memoryKiB: 64 * 1024, passes: 3 } as const
/** A file that asks for more is not ours: it would only stall the reader. */
const MAX_COSTS = { memoryKiB: 1024 * 1024, passes: 16 } as const

export type KeyFileCode = 'wrong-passphrase' | 'passphrase-needed' | 'damaged'

/** The key file cannot be opened; `code` says why. Nothing was changed. */
export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly code: KeyFileCode
  constructor(code: KeyFileCode) {
    super(TEXTS[code])
    this.code = code
  }
}

const TEXTS: Record<KeyFileCode, string> = {
  'wrong-passphrase': 'wrong passphrase',
  'passphrase-needed': 'the key file is encrypted: a passphrase is needed',
  damaged: 'not a recovery key file of this version, or damaged',
}

/** The costs of the passphrase's derivation. */
export interface Costs {
  readonly memoryKiB: number
  readonly passes: number
}

/** What anyone may read of a key file. */
export interface KeyFileHeader {
  /** K, 33 bytes. Believed only after the file was opened. */
  readonly publicKey: Uint8Array
  readonly encrypted: boolean
}

/** The file's bytes (text, one line) for a seed of 32 bytes. */
export async function encodeKeyFile(
  seed: Uint8Array,
  passphrase: string,
  random: Random,
  costs: Costs = COSTS,
): Promise<Uint8Array> {
  const publicKey = toBase64url(encodePoint(recoveryKeyFromSeed(seed).publicKey))
  const salt = random(SALT_BYTES)
  const key = await derive(passphrase, salt, costs)
  const header = {
    version: 1,
    kind: KIND,
    publicKey,
    memoryKiB: costs.memoryKiB,
    passes: costs.passes,
    salt: toBase64url(salt),
    check: toBase64url(checkOf(key)),
  }
  const nonce = random(NONCE_BYTES)
  const sealed = concat(nonce, xchacha20poly1305(key, nonce, canonicalize(header)).encrypt(seed))
  return line({ ...header, sealed: toBase64url(sealed) })
}

/** What the file says without a passphrase. @throws KeyFileError `damaged` */
export function readKeyFileHeader(file: Uint8Array): KeyFileHeader {
  return guarded(() => {
    const document = parse(file)
    return {
      publicKey: fromBase64url(text(document, 'publicKey'), 'publicKey', POINT_BYTES),
      encrypted: document['sealed'] !== undefined,
    }
  })
}

/**
 * The seed in the file. Files in clear are no longer made, but read: for them `passphrase` is not looked at.
 * @throws KeyFileError
 */
export async function openKeyFile(file: Uint8Array, passphrase: string | undefined): Promise<Uint8Array> {
  const header = readKeyFileHeader(file)
  const document = parse(file)
  const seed = header.encrypted
    ? await unseal(document, passphrase)
    : guarded(() => fromBase64url(text(document, 'seed'), 'seed', SEED_BYTES))
  if (!equalBytes(encodePoint(recoveryKeyFromSeed(seed).publicKey), header.publicKey))
    throw new KeyFileError('damaged')
  return seed
}

async function unseal(document: JsonObject, passphrase: string | undefined): Promise<Uint8Array> {
  if (passphrase === undefined) throw new KeyFileError('passphrase-needed')
  const { sealed: _, ...header } = document
  const { costs, salt, check, sealed } = guarded(() => ({
    costs: {
      memoryKiB: count(document, 'memoryKiB', MAX_COSTS.memoryKiB),
      passes: count(document, 'passes', MAX_COSTS.passes),
    },
    salt: fromBase64url(text(document, 'salt'), 'salt', SALT_BYTES),
    check: fromBase64url(text(document, 'check'), 'check', CHECK_BYTES),
    sealed: fromBase64url(text(document, 'sealed'), 'sealed', NONCE_BYTES + SEED_BYTES + TAG_BYTES),
  }))
  const key = await derive(passphrase, salt, costs)
  if (!equalBytes(checkOf(key), check)) throw new KeyFileError('wrong-passphrase')
  const cipher = xchacha20poly1305(key, sealed.subarray(0, NONCE_BYTES), canonicalize(header))
  return guarded(() => cipher.decrypt(sealed.subarray(NONCE_BYTES)))
}

function derive(passphrase: string, salt: Uint8Array, costs: Costs): Promise<Uint8Array> {
  const secret = utf8ToBytes(passphrase.normalize('NFKC'))
  return argon2idAsync(secret, salt, { m: costs.memoryKiB, t: costs.passes, p: 1, dkLen: 32 })
}

/** Tells a wrong passphrase from damage; it helps no guesser, who has the ciphertext's tag already. */
function checkOf(key: Uint8Array): Uint8Array {
  return hkdf(sha256, key, undefined, utf8ToBytes('tercet/recovery-key/check'), CHECK_BYTES)
}

function line(document: JsonObject): Uint8Array {
  return concat(canonicalize(document), utf8ToBytes('\n'))
}

function parse(file: Uint8Array): JsonObject {
  const body = file.at(-1) === 0x0a ? file.subarray(0, -1) : file
  const document = parseCanonical(body, 'keyFile', MAX_FILE_BYTES)
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw new KeyFileError('damaged')
  const object = document as JsonObject
  if (object['version'] !== 1 || object['kind'] !== KIND) throw new KeyFileError('damaged')
  return object
}

function text(document: JsonObject, name: string): string {
  const value = document[name]
  if (typeof value !== 'string') throw new KeyFileError('damaged')
  return value
}

function count(document: JsonObject, name: string, most: number): number {
  const value = document[name]
  if (typeof value !== 'number' || value < 1 || value > most) throw new KeyFileError('damaged')
  return value
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch {
    throw new KeyFileError('damaged')
  }
}

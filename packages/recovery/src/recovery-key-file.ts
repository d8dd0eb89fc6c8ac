// How is a recovery key kept at rest? A seed of 32 bytes under a passphrase. (argon2id, XChaCha20-Poly1305)

import { equalBytes } from '@tercet/protocol/bytes'
import { encodePoint, POINT_BYTES } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import {
  type Costs,
  readSealed,
  sealUnderPassphrase,
  textOf,
  unsealWithPassphrase,
} from './passphrase-seal.js'

/** Length of the seed that a recovery key is made of, in bytes. */
export const SEED_BYTES = 32

const KIND = 'tercet-recovery-key'

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

/** What anyone may read of a key file. */
export interface KeyFileHeader {
  /** K, 33 bytes. Believed only after the file was opened. */
  readonly publicKey: Uint8Array
  readonly encrypted: boolean
}

/** The file's bytes (text, one line) for a seed of 32 bytes. */
export function encodeKeyFile(
  seed: Uint8Array,
  passphrase: string,
  random: Random,
  costs?: Costs,
): Promise<Uint8Array> {
  const publicKey = toBase64url(encodePoint(recoveryKeyFromSeed(seed).publicKey))
  return sealUnderPassphrase({ version: 1, kind: KIND, publicKey }, seed, passphrase, random, costs)
}

/** What the file says without a passphrase. @throws KeyFileError `damaged` */
export function readKeyFileHeader(file: Uint8Array): KeyFileHeader {
  return guarded(() => {
    const document = readSealed(file, KIND)
    return {
      publicKey: fromBase64url(textOf(document, 'publicKey'), 'publicKey', POINT_BYTES),
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
  const seed = await (header.encrypted ? unseal(file, passphrase) : seedInClear(file))
  if (!equalBytes(encodePoint(recoveryKeyFromSeed(seed).publicKey), header.publicKey))
    throw new KeyFileError('damaged')
  return seed
}

async function unseal(file: Uint8Array, passphrase: string | undefined): Promise<Uint8Array> {
  if (passphrase === undefined) throw new KeyFileError('passphrase-needed')
  const seed = await unsealWithPassphrase(readSealed(file, KIND), passphrase).catch(() => {
    throw new KeyFileError('damaged')
  })
  if (seed === undefined) throw new KeyFileError('wrong-passphrase')
  return seed
}

function seedInClear(file: Uint8Array): Uint8Array {
  return guarded(() => fromBase64url(textOf(readSealed(file, KIND), 'seed'), 'seed', SEED_BYTES))
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch {
    throw new KeyFileError('damaged')
  }
}

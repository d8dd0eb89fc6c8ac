// Where does the recovery key come from? An encrypted file, 24 words, or 32 bytes that a passkey gave. (product, Recovery key)

import { equalBytes } from '@tercet/protocol/bytes'
import { encodePoint } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { fromBase64url } from '@tercet/wire/base64url'
import type { Command } from 'commander'
import { Refused } from './exit.js'
import { readInput } from './files.js'
import { parseDescriptor, readSecret } from './passphrase.js'
import { phraseToSeed } from './phrase.js'
import { KeyFileError, openKeyFile, readKeyFileHeader, SEED_BYTES } from './recovery-key-file.js'

/** The options that name a recovery key; exactly one of `key`, the phrase and the bytes is given. */
export interface KeyOptions {
  readonly key?: string
  readonly passphraseFd?: number
  /** Asks for the 24 words at the terminal. */
  readonly phrase?: boolean
  readonly phraseFd?: number
  readonly bytesFd?: number
}

/** kappa and K. */
export interface RecoveryKeyPair {
  readonly kappa: bigint
  /** 33 bytes */
  readonly publicKey: Uint8Array
}

/** Adds the options of {@link KeyOptions} to a command. */
export function withKeyOptions(command: Command): Command {
  return command
    .option('--key <file>', 'the encrypted key file')
    .option(
      '--passphrase-fd <n>',
      'read the passphrase of the key file from this descriptor',
      parseDescriptor,
    )
    .option('--phrase', 'type the 24 words at the terminal')
    .option('--phrase-fd <n>', 'read the 24 words from this descriptor', parseDescriptor)
    .option(
      '--bytes-fd <n>',
      "read 32 bytes, base64url (a passkey's PRF output), from this descriptor",
      parseDescriptor,
    )
}

/** Opens the recovery key; asks for what is missing. @throws Refused */
export async function openKey(options: KeyOptions): Promise<RecoveryKeyPair> {
  const seed = options.key === undefined ? await typedSeed(options) : await seedOfFile(options.key, options)
  return pairOf(seed)
}

/** K: of a key file, which needs no passphrase, or of words or bytes. @throws Refused */
export async function publicKeyOf(options: KeyOptions): Promise<Uint8Array> {
  return options.key === undefined ? (await openKey(options)).publicKey : readPublicKey(options.key)
}

/**
 * The pair for a known K: `mistaken` is what to say where the words, the bytes or the file give another key.
 * @throws Refused
 */
export async function openKeyFor(expected: Uint8Array, options: KeyOptions): Promise<RecoveryKeyPair> {
  if (options.key !== undefined && !equalBytes(readPublicKey(options.key), expected))
    throw otherKey('this key file')
  const pair = await openKey(options)
  if (!equalBytes(pair.publicKey, expected))
    throw otherKey(options.bytesFd === undefined ? 'this phrase' : 'these 32 bytes')
  return pair
}

function otherKey(what: string): Refused {
  return new Refused('failed', `${what} is another recovery key than that of the kit`, {
    reason: 'other-recovery-key',
  })
}

/** The seed from words or bytes that the user gives. @throws Refused */
export async function typedSeed(options: KeyOptions): Promise<Uint8Array> {
  if (options.bytesFd !== undefined) return seedOfBytes(await readSecret('32 bytes', options.bytesFd))
  if (options.phrase !== true && options.phraseFd === undefined)
    throw new Refused('usage', 'no recovery key given: --key FILE, --phrase, --phrase-fd N or --bytes-fd N')
  const seed = phraseToSeed(await readSecret('24 words', options.phraseFd))
  if (seed === undefined)
    throw new Refused('passphrase', 'these are not 24 words of BIP-39 with a right checksum', {
      reason: 'not-a-phrase',
    })
  return seed
}

/** K of a key file, which needs no passphrase. @throws Refused */
export function readPublicKey(path: string): Uint8Array {
  return refusing(path, () => readKeyFileHeader(readInput(path)).publicKey)
}

function seedOfBytes(text: string): Uint8Array {
  try {
    return fromBase64url(text.trim(), 'bytes', SEED_BYTES)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new Refused('passphrase', 'not 32 bytes in base64url', { reason: 'not-a-seed' })
  }
}

async function seedOfFile(path: string, options: KeyOptions): Promise<Uint8Array> {
  const file = readInput(path)
  const { encrypted } = refusing(path, () => readKeyFileHeader(file))
  const passphrase = encrypted ? await readSecret('passphrase', options.passphraseFd) : undefined
  try {
    return await openKeyFile(file, passphrase)
  } catch (error) {
    throw asRefused(path, error)
  }
}

function pairOf(seed: Uint8Array): RecoveryKeyPair {
  const { kappa, publicKey } = recoveryKeyFromSeed(seed)
  return { kappa, publicKey: encodePoint(publicKey) }
}

function refusing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw asRefused(path, error)
  }
}

function asRefused(path: string, error: unknown): unknown {
  if (!(error instanceof KeyFileError)) return error
  return new Refused(error.code === 'damaged' ? 'file' : 'passphrase', `${path}: ${error.message}`, {
    reason: error.code,
  })
}

// What does each command do? Each returns what it has to say, as lines for people and as a document for programs.

import { randomBytes } from 'node:crypto'
import { equalBytes } from '@tercet/protocol/bytes'
import { encodePoint } from '@tercet/protocol/curve'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeIdentity } from '@tercet/wire/identity'
import { Refused } from './exit.js'
import { openKey, readInput, readPublicKey, writeNew } from './files.js'
import {
  type ConsistentKit,
  compareKit,
  type Expected,
  KitRefused,
  kitAddress,
  verifyKit,
} from './kit-verification.js'
import { readNewSecret, readSecret } from './passphrase.js'
import { phraseToSeed, seedToPhrase } from './phrase.js'
import { encodeKeyFile, SEED_BYTES } from './recovery-key-file.js'

/** What a command says. */
export interface Report {
  readonly lines: readonly string[]
  readonly document: Readonly<Record<string, unknown>>
}

const random: Random = (length) => new Uint8Array(randomBytes(length))

export interface NewKeyOptions {
  readonly out: string
  readonly plain: boolean
  readonly showPhrase: boolean
  /** Reads the seed from 24 words instead of making a new one. */
  readonly fromPhrase: boolean
  readonly phraseFd?: number
  readonly passphraseFd?: number
}

/** Makes a key file from fresh bytes or from a phrase. */
export async function newKey(options: NewKeyOptions): Promise<Report> {
  const seed = options.fromPhrase ? await typedSeed(options.phraseFd) : random(SEED_BYTES)
  const passphrase = options.plain ? undefined : await readNewSecret('passphrase', options.passphraseFd)
  writeNew(options.out, await encodeKeyFile(seed, passphrase, random))
  const publicKey = toBase64url(encodePoint(recoveryKeyFromSeed(seed).publicKey))
  const phrase = options.showPhrase ? { phrase: seedToPhrase(seed) } : {}
  return {
    lines: [
      `recovery key   ${publicKey}`,
      `kept in        ${options.out}${options.plain ? ' (NOT encrypted)' : ''}`,
      ...Object.values(phrase).map((words) => `24 words       ${words}`),
    ],
    document: { publicKey, encrypted: !options.plain, ...phrase },
  }
}

/** K, for registration. */
export function showPublic(key: string): Report {
  const publicKey = toBase64url(readPublicKey(key))
  return { lines: [publicKey], document: { publicKey } }
}

/** The proof with which a device may register this recovery key, and no other device. */
export async function register(key: string, device: string, descriptor: number | undefined): Promise<Report> {
  const identity = option('--device', () => fromBase64url(device, 'device', 34))
  option('--device', () => decodeIdentity(identity, 'device'))
  const { kappa, publicKey } = await openKey(key, descriptor)
  const document = {
    publicKey: toBase64url(publicKey),
    proof: toBase64url(proveRecoveryKey(kappa, ownerOf(identity), random)),
  }
  return { lines: [`publicKey  ${document.publicKey}`, `proof      ${document.proof}`], document }
}

export interface VerifyOptions {
  readonly address?: string
  readonly path?: string
  readonly publicKey?: string
  readonly recoveryKey?: string
  readonly key?: string
  readonly device?: string
  readonly node?: string
  readonly fingerprint?: string
}

const VERDICTS = {
  valid: 'valid for this wallet',
  consistent: 'consistent',
  other: 'not the kit of this wallet',
} as const

/** Checks a kit and compares it with what is known from elsewhere. Needs no secret. */
export async function verify(kit: string, options: VerifyOptions): Promise<Report> {
  const expected = expectedOf(options)
  const found = await checked(kit)
  const { verdict, same, different } = compareKit(found, expected)
  const document = { verdict: VERDICTS[verdict], same, different, ...facts(found, options.path) }
  if (verdict === 'other')
    throw new Refused('failed', `${VERDICTS.other}: another ${different.join(', another ')}`, document)
  const compared = same.length === 0 ? 'nothing was compared' : `compared: ${same.join(', ')}`
  return { lines: [`${VERDICTS[verdict]} (${compared})`, ...factLines(found, options.path)], document }
}

/** Opens the recovery share, here and in memory only, and checks it against its public share. */
export async function drill(kit: string, key: string, descriptor: number | undefined): Promise<Report> {
  const found = await checked(kit)
  const publicKey = readPublicKey(key)
  if (!equalBytes(publicKey, found.kit.record.sidInputs.recoveryKey))
    throw new Refused('failed', 'this kit is for another recovery key', { reason: 'other-recovery-key' })
  const { kappa } = await openKey(key, descriptor)
  try {
    openRecoveryShare(found.kit.record, kappa)
  } catch (error) {
    if (!(error instanceof ProtocolAbort)) throw error
    throw new Refused('failed', 'the recovery share does not open', { reason: error.reason })
  }
  const document = { drill: 'passed', ...facts(found) }
  return { lines: ['the recovery key opens the recovery share of this kit', ...factLines(found)], document }
}

async function typedSeed(descriptor: number | undefined): Promise<Uint8Array> {
  const seed = phraseToSeed(await readSecret('24 words', descriptor))
  if (seed === undefined) throw new Refused('usage', 'these are not 24 words of BIP-39 with a right checksum')
  return seed
}

async function checked(path: string): Promise<ConsistentKit> {
  try {
    return await verifyKit(readInput(path))
  } catch (error) {
    if (!(error instanceof KitRefused)) throw error
    throw new Refused('failed', error.message, { reason: error.reason, field: error.field })
  }
}

function facts({ kit, walletId, epoch, node, fingerprint }: ConsistentKit, path?: string) {
  const address = option('--path', () => kitAddress(kit, path))
  return { walletId, epoch, address, node, fingerprint: toBase64url(fingerprint) }
}

function factLines(found: ConsistentKit, path?: string): string[] {
  return Object.entries(facts(found, path)).map(([name, value]) => `${name.padEnd(12)} ${value}`)
}

function expectedOf(options: VerifyOptions): Expected {
  const bytes = (name: string, text: string | undefined, length: number) =>
    text === undefined ? undefined : option(name, () => fromBase64url(text, name, length))
  const recoveryKey =
    options.key === undefined ? bytes('--recovery-key', options.recoveryKey, 33) : readPublicKey(options.key)
  const given = {
    address: options.address,
    path: options.path,
    publicKey: bytes('--public-key', options.publicKey, 33),
    recoveryKey,
    device: bytes('--device', options.device, 34),
    cosigner: bytes('--node', options.node, 34),
    fingerprint: bytes('--fingerprint', options.fingerprint, 32),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

function option<T>(name: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof Malformed) throw new Refused('usage', `${name}: not a value of the right form`)
    throw error
  }
}

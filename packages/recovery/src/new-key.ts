// How is a recovery key made? Shown once as 24 words, typed back in part, and written only where asked, encrypted. (product, Recovery key)

import { createHash, randomBytes, randomInt, timingSafeEqual } from 'node:crypto'
import { encodePoint } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeIdentity } from '@tercet/wire/identity'
import { Refused } from './exit.js'
import { writeNew } from './files.js'
import { type KeyOptions, openKey, publicKeyOf, typedSeed } from './key-source.js'
import { option } from './options.js'
import { readNewSecret } from './passphrase.js'
import { seedToPhrase } from './phrase.js'
import { encodeKeyFile, SEED_BYTES } from './recovery-key-file.js'
import type { Report } from './report.js'
import { askHidden, hasTerminal, tell } from './terminal.js'

const random: Random = (length) => new Uint8Array(randomBytes(length))

/** How many of the 24 words are asked for. */
const WORDS_ASKED = 3
const TRIES = 3

export interface NewKeyOptions {
  /** The encrypted key file, written only where asked for. */
  readonly out?: string
  readonly passphraseFd?: number
  /** From the 24 words or the 32 bytes of an existing key instead of a fresh one. */
  readonly phrase?: boolean
  readonly phraseFd?: number
  readonly bytesFd?: number
  /** Puts the words into the report, for a program that shows them itself. Nothing is typed back. */
  readonly showPhrase?: boolean
}

/**
 * Makes a recovery key. At a terminal a fresh key's 24 words are shown once and three of them typed back before
 * anything is written. @throws Refused `usage` where the key would be lost: no file, no terminal, no `--show-phrase`
 */
export async function newKey(options: NewKeyOptions): Promise<Report> {
  const given = options.phrase === true || options.phraseFd !== undefined || options.bytesFd !== undefined
  const shown = options.showPhrase === true
  if (!given && options.out === undefined && !shown && !hasTerminal())
    throw new Refused('usage', 'without a terminal give --out FILE, or --show-phrase: the key would be lost')
  const seed = given ? await typedSeed(options) : random(SEED_BYTES)
  const confirmed = !given && !shown && hasTerminal() ? await confirmPhrase(seedToPhrase(seed)) : false
  if (options.out !== undefined) {
    const passphrase = await readNewSecret('passphrase', options.passphraseFd)
    tell('encrypting')
    writeNew(options.out, await encodeKeyFile(seed, passphrase, random))
  }
  const publicKey = toBase64url(encodePoint(recoveryKeyFromSeed(seed).publicKey))
  const phrase = shown ? { phrase: seedToPhrase(seed) } : {}
  return {
    lines: [
      `recovery key   ${publicKey}`,
      `kept in        ${options.out ?? 'no file: the words are the key'}`,
      ...Object.values(phrase).map((words) => `24 words       ${words}`),
    ],
    document: { publicKey, encrypted: options.out !== undefined, confirmed, ...phrase },
  }
}

/** Shows the words and asks for some of them until they are right. @throws Refused after three wrong rounds */
async function confirmPhrase(phrase: string): Promise<true> {
  const words = phrase.split(' ')
  tell(
    'These 24 words are the recovery key. Write them on paper, in order. They are shown once, here, and nowhere else.',
    '',
    ...rows(words),
    '',
    `Now type ${WORDS_ASKED} of them back, from the paper.`,
  )
  for (let round = 0; round < TRIES; round++) {
    if (await typedBack(words)) {
      tell('Right. Keep the paper away from this machine and from the device.')
      return true
    }
    tell('That is not what was shown. Look at the paper again.')
  }
  throw new Refused('passphrase', 'the words were not typed back: nothing was kept, make another key', {
    reason: 'not-confirmed',
  })
}

/** Whether each of some words, chosen at random, is typed as it was shown. */
async function typedBack(words: readonly string[]): Promise<boolean> {
  let right = true
  for (const place of someOf(words.length)) {
    const typed = (await askHidden(`word ${place + 1}`)).trim().toLowerCase()
    if (!timingSafeEqual(hashOf(typed), hashOf(words[place] ?? ''))) right = false
  }
  return right
}

function hashOf(word: string): Uint8Array {
  return createHash('sha256').update(word).digest()
}

function someOf(count: number): number[] {
  const places = new Set<number>()
  while (places.size < WORDS_ASKED) places.add(randomInt(count))
  return [...places].sort((a, b) => a - b)
}

function rows(words: readonly string[]): string[] {
  const cell = (word: string, i: number) => `${String(i + 1).padStart(2)} ${word.padEnd(10)}`
  const cells = words.map(cell)
  return [0, 6, 12, 18].map((from) => cells.slice(from, from + 6).join(' '))
}

/** K, for registration: of a key file, without its passphrase, or of the words or bytes given. */
export async function showPublic(options: KeyOptions): Promise<Report> {
  const publicKey = toBase64url(await publicKeyOf(options))
  return { lines: [publicKey], document: { publicKey } }
}

/** The proof with which a device may register this recovery key, and no other device. */
export async function register(device: string, options: KeyOptions): Promise<Report> {
  const identity = option('--device', () => fromBase64url(device, 'device', 34))
  option('--device', () => decodeIdentity(identity, 'device'))
  tell('opening the recovery key')
  const { kappa, publicKey } = await openKey(options)
  const document = {
    publicKey: toBase64url(publicKey),
    proof: toBase64url(proveRecoveryKey(kappa, ownerOf(identity), random)),
  }
  return { lines: [`publicKey  ${document.publicKey}`, `proof      ${document.proof}`], document }
}

// What can be said of a recovery kit? verify, inspect and drill, offline. (SPEC 1.6; product, Recovery kit)

import { sha256 } from '@noble/hashes/sha2.js'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { encodeDrillReceipt } from '@tercet/wire/drill'
import { makeReceipt } from './drill-receipt.js'
import { Refused } from './exit.js'
import { readInput, writeNew } from './files.js'
import { type KeyOptions, openKeyFor, readPublicKey } from './key-source.js'
import {
  type ConsistentKit,
  compareKit,
  type Expected,
  KitRefused,
  kitAddress,
  type Verdict,
  verifyKit,
} from './kit-verification.js'
import { option } from './options.js'
import type { Report } from './report.js'
import { tell } from './terminal.js'

/** What the user knows of the wallet from elsewhere; each that is given is compared. */
export interface KnownOptions {
  readonly address?: string
  readonly path?: string
  readonly wallet?: string
  readonly publicKey?: string
  readonly recoveryKey?: string
  readonly key?: string
  readonly epoch?: number
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
export async function verify(path: string, options: KnownOptions): Promise<Report> {
  const expected = expectedOf(options)
  tell('checking the kit')
  const found = await readKit(path)
  const result = compareKit(found, expected)
  const { same, different, missing } = result
  const document = {
    verdict: VERDICTS[result.verdict],
    same,
    different,
    notCompared: missing,
    ...facts(found, options.path),
  }
  if (result.verdict === 'other') throw new Refused('failed', refusal(result, found, options), document)
  return { lines: [...verdictLines(result), ...factLines(found, options.path)], document }
}

/** Everything public that a kit says, for a person and for a program. Needs no secret and compares nothing. */
export async function inspect(path: string, options: { readonly path?: string }): Promise<Report> {
  const found = await readKit(path)
  const { record } = found.kit
  const more = {
    publicKey: toBase64url(record.publicKey),
    recoveryKey: toBase64url(record.sidInputs.recoveryKey),
    device: toBase64url(record.sidInputs.idD),
    cosigner: toBase64url(record.sidInputs.idC),
    dealers: record.dealers.map((dealer) => DEALERS[dealer]).join(', '),
    policyHash: toBase64url(record.sidInputs.policyHash),
    transcript: toBase64url(record.transcript),
    sha256: toBase64url(sha256(readInput(path))),
  }
  const lines = Object.entries(more).map(([name, value]) => line(name, value))
  return {
    lines: ['consistent: everything in this kit fits together', ...factLines(found, options.path), ...lines],
    document: {
      verdict: VERDICTS.consistent,
      ...facts(found, options.path),
      attempt: record.attempt,
      ...more,
    },
  }
}

export interface DrillOptions extends KeyOptions {
  /** Known from elsewhere, and compared before anything is opened. */
  readonly address?: string
  readonly path?: string
  readonly wallet?: string
  readonly epoch?: number
  /** The new file of the receipt. */
  readonly receipt?: string
}

/**
 * Rehearses recovery: this person can open this kit now. Opens the share here and in memory only, never assembles the
 * key, and signs a dated receipt for the device. @throws Refused, with a message of its own for a damaged kit, another
 * wallet, a stale epoch and a wrong phrase
 */
export async function drill(path: string, options: DrillOptions): Promise<Report> {
  const { key: _, ...known } = options
  tell('checking the kit')
  const found = await readKit(path)
  const result = compareKit(found, expectedOf(known))
  if (result.verdict === 'other')
    throw new Refused('failed', refusal(result, found, options), { reason: drillReason(result) })
  tell('opening the recovery key')
  const { kappa } = await openKeyFor(found.kit.record.sidInputs.recoveryKey, options)
  tell('opening the recovery share')
  const receipt = await makeReceipt(found.kit.record, openShare(found, kappa), kappa, new Date())
  if (options.receipt !== undefined) writeNew(options.receipt, encodeDrillReceipt(receipt))
  const text = new TextDecoder().decode(encodeDrillReceipt(receipt))
  const document = {
    drill: 'passed',
    ...facts(found, options.path),
    time: receipt.time,
    receipt: JSON.parse(text),
  }
  return {
    lines: [
      'the recovery key opens the recovery share of this kit; the key was not assembled',
      ...factLines(found, options.path),
      options.receipt === undefined
        ? line('receipt', text)
        : line('receipt', `in ${options.receipt}: give it to the device`),
    ],
    document,
  }
}

const DEALERS = { 1: 'device', 2: 'cosigner', 3: 'recovery' } as const

/** Reads and checks a kit. @throws Refused `failed` with the reason */
export async function readKit(path: string): Promise<ConsistentKit> {
  try {
    return await verifyKit(readInput(path))
  } catch (error) {
    if (!(error instanceof KitRefused)) throw error
    throw new Refused('failed', error.message, { reason: error.reason, field: error.field })
  }
}

export function openShare({ kit }: ConsistentKit, kappa: bigint): KeyShare {
  try {
    return openRecoveryShare(kit.record, kappa)
  } catch (error) {
    if (!(error instanceof ProtocolAbort)) throw error
    throw new Refused('failed', 'the recovery share does not open', { reason: error.reason })
  }
}

function drillReason({ different }: Verdict): string {
  return different.length === 1 && different[0] === 'epoch' ? 'stale-epoch' : 'other-wallet'
}

function refusal(
  { different }: Verdict,
  { epoch }: ConsistentKit,
  { epoch: now }: { epoch?: number },
): string {
  if (different.length === 1 && different[0] === 'epoch')
    return `this kit is of epoch ${epoch} and the wallet is at ${now}: export a new kit`
  return `${VERDICTS.other}: another ${different.join(', another ')}`
}

function verdictLines({ verdict, same, missing }: Verdict): string[] {
  const compared = same.length === 0 ? 'nothing was compared' : `compared: ${same.join(', ')}`
  const warning = `not compared: ${missing.join(', ')}. Whoever could choose these could have made the kit up.`
  return [`${VERDICTS[verdict]} (${compared})`, ...(missing.length === 0 ? [] : [warning])]
}

function facts({ kit, walletId, epoch, node, fingerprint }: ConsistentKit, path?: string) {
  const address = option('--path', () => kitAddress(kit, path))
  return { walletId, epoch, address, node, fingerprint: toBase64url(fingerprint) }
}

function factLines(found: ConsistentKit, path?: string): string[] {
  return Object.entries(facts(found, path)).map(([name, value]) => line(name, String(value)))
}

function line(name: string, value: string): string {
  return `${name.padEnd(12)} ${value}`
}

function expectedOf(options: KnownOptions): Expected {
  const bytes = (name: string, text: string | undefined, length: number) =>
    text === undefined ? undefined : option(name, () => fromBase64url(text, name, length))
  const recoveryKey =
    options.key === undefined ? bytes('--recovery-key', options.recoveryKey, 33) : readPublicKey(options.key)
  const given = {
    address: options.address,
    path: options.path,
    wallet: bytes('--wallet', options.wallet, 32),
    publicKey: bytes('--public-key', options.publicKey, 33),
    recoveryKey,
    epoch: options.epoch,
    device: bytes('--device', options.device, 34),
    cosigner: bytes('--node', options.node, 34),
    fingerprint: bytes('--fingerprint', options.fingerprint, 32),
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

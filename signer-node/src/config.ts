// Which settings does the node run with, and where do its files lie? (product, HTTP; security.md 5)

import { join } from 'node:path'
import type { Level } from './log.js'
import { StartRefused } from './refusal.js'

export const DEFAULT_PORT = 7420
export const DEFAULT_METRICS_PORT = 7421
export const DEFAULT_HOST = '127.0.0.1'
export const DEFAULT_DATA_DIR = './tercet-data'

/** Where a node lies. */
export interface Place {
  readonly dataDir: string
  /** Of the wrapping key; by default in the data folder. */
  readonly wrappingKeyFile?: string
  /** The record that notices an older database; best on another disk than the database. */
  readonly generationFile?: string
}

export interface Config extends Place {
  readonly host: string
  /** 0 picks a free port. */
  readonly port: number
  readonly metricsPort: number
  /** Origins that a browser may call from. */
  readonly origins: readonly string[]
  /** Whether the last hop of X-Forwarded-For is a proxy's word: only where every connection comes from that proxy. */
  readonly trustProxy: boolean
  /** What stands in recovery kits as the node's address. */
  readonly publicAddress?: string
  readonly logLevel: Level
  /** Where notices of claims are posted, signed with the node's identity. */
  readonly noticeUrl?: string
}

/**
 * The files of a node. What notices a restore lies beside the wrapping key, if that lies elsewhere: put back together with
 * the database it notices nothing.
 */
export function filesOf({ dataDir, wrappingKeyFile, generationFile }: Place) {
  const outside = wrappingKeyFile && `${wrappingKeyFile}.generation`
  const generation = generationFile ?? outside ?? join(dataDir, 'generation')
  return {
    database: join(dataDir, 'node.sqlite'),
    serving: join(dataDir, 'serving.lock'),
    wrappingKey: wrappingKeyFile ?? join(dataDir, 'wrapping.key'),
    generation,
    /** Which epochs began; beside the record, for the same reason. */
    journal: `${generation}.epochs`,
    successors: join(dataDir, 'successors.json'),
  }
}

/** Bounds on what callers can make the node hold or do. Times are in seconds. */
export const LIMITS = {
  /** How old a request may be by the node's clock. */
  clockSkewSeconds: 60,
  /**
   * How far its `created` may lie in the future. A node that starts waits for so long: it has forgotten the nonces of its
   * predecessor, and takes nothing that the predecessor can have taken.
   */
  clockAheadSeconds: 1,
  openKeygens: 256,
  openKeygensPerDevice: 4,
  /** Key generations that one network may start: no more than the node can make, so that nobody can keep it busy alone. */
  keygenStartsPerMinute: 60,
  openSessions: 256,
  openSessionsPerKey: 4,
  /** Sessions that hold state or kept answers, finished ones included. */
  keptSessions: 4096,
  keygenSeconds: 600,
  keygenSafeSeconds: 120,
  /** How long a key generation of one message keeps its place when all are taken. */
  keygenUnstartedSeconds: 15,
  openReshares: 64,
  /** A device, whoever holds the recovery key, and a device that is moved to. */
  openResharesPerKey: 4,
  reshareSeconds: 600,
  /** After which a device that has not confirmed its new share is reported. */
  unconfirmedSeconds: 3 * 86_400,
  /** Of one who may start them. */
  resharesPerHour: 60,
  sessionSeconds: 120,
  /** How long the answer of a pool signature is kept for retries. */
  answerSeconds: 600,
  presignaturesPerKey: 32,
  presignatures: 65_536,
  presignatureSeconds: 24 * 3600,
  nonces: 200_000,
  /** Nonces of identities that own no wallet: anyone can make those. */
  strangerNonces: 20_000,
  /** Of one identity with a wallet, whatever they ask; far above what signing takes. */
  requestsPerMinute: 12_000,
  otSetupsPerHour: 20,
  /** Presign and fresh sessions of one key. */
  startsPerMinute: 3000,
  /** Signatures that one key asks for, with or without a presignature, and denials that it is told. */
  signaturesPerMinute: 3000,
  denialsPerMinute: 60,
  strikeWindowSeconds: 24 * 3600,
  strikesToLock: 3,
  connections: 1024,
  /** Bytes of all request bodies in memory at once. */
  bodyBytes: 128 * 1024 * 1024,
  drainSeconds: 10,
} as const

/** Reads a port. @throws StartRefused */
export function parsePort(text: string, option: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65535) throw new StartRefused(`${option}: not a port: ${text}`, 2)
  return port
}

/** Reads an origin as browsers send it. @throws StartRefused */
export function parseOrigin(text: string): string {
  try {
    if (new URL(text).origin === text && /^https?:/.test(text)) return text
  } catch {}
  throw new StartRefused(`--origin: not an origin such as https://wallet.example: ${text}`, 2)
}

/** Reads the webhook's address: an http(s) URL without a fragment or a password. @throws StartRefused */
export function parseNoticeUrl(text: string): string {
  try {
    const url = new URL(text)
    if (/^https?:$/.test(url.protocol) && !url.hash && !url.username && !url.password) return url.href
  } catch {}
  throw new StartRefused(`--notice-url: not an http(s) URL: ${text}`, 2)
}

/** Reads the public address: an http(s) URL without query or fragment. @throws StartRefused */
export function parsePublicAddress(text: string): string {
  try {
    const url = new URL(text)
    if (/^https?:$/.test(url.protocol) && !url.search && !url.hash && text.length <= 512) {
      return text.replace(/\/+$/, '')
    }
  } catch {}
  throw new StartRefused(`--public-address: not an http(s) URL: ${text}`, 2)
}

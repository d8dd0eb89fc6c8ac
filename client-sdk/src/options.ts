// What can an application give a wallet, and what does it get where it gives nothing?

import type { Hex } from '@tercet/chains/facts'
import type { Summary } from '@tercet/chains/summary'
import type { Random } from '@tercet/protocol/random'
import type { Signature } from '@tercet/protocol/sign'
import type { RecoveryDelay } from '@tercet/wire/policy'
import { Channel } from './channel.js'
import { platformRandom } from './engine/platform-random.js'
import { TercetError } from './errors.js'
import type { Creation, Recovery } from './keygen.js'
import { DEFAULT_POOL, MAX_POOL } from './presigner.js'
import type { Progress } from './progress.js'
import type { DeviceStorage } from './storage/storage.js'
import { fetchTransport, type Transport } from './transport.js'

/** What a wallet stands on; everything but the storage has a default. */
export interface WalletOptions {
  readonly storage: DeviceStorage
  readonly onProgress?: (progress: Progress) => void
  /** Ends the creation or the opening; what was stored is finished by `Wallet.open`. */
  readonly signal?: AbortSignal
  readonly transport?: Transport
  /** Unix milliseconds. */
  readonly clock?: () => number
  /** Milliseconds since some moment, never set: `performance.now`. Where it and the clock part, the machine slept. */
  readonly monotonic?: () => number
  /** For tests: with a source of its own, everything runs in the caller's thread. */
  readonly random?: Random
  /** Presignatures kept ready: 4 where left out, 0 to 16. */
  readonly pool?: { readonly size: number }
  /** For one answer of the node; a minute where left out. */
  readonly timeoutMilliseconds?: number
}

export interface CreateOptions extends WalletOptions {
  /** Where the node is reached. */
  readonly node: string
  readonly recovery: Recovery
  /** The node's identity in base64url, where it is known from elsewhere; any other is refused. */
  readonly expectedIdentity?: string
  /**
   * How long a recovery is announced to this device before it is obeyed, seconds: a day where left out. It cannot be changed
   * later. None at all lets whoever holds kit and recovery key take over at once.
   */
  readonly recoveryDelaySeconds?: RecoveryDelay
}

export interface OpenOptions extends WalletOptions {
  readonly walletId: string
  /** Where the node is reached now, if it has moved. */
  readonly node?: string
}

export interface SignOptions {
  readonly path?: string
  /** CAIP-2: `eip155:1` */
  readonly chain?: string
  readonly signal?: AbortSignal
}

export interface Signed {
  /** s is low; with the recovery id the signature gives the public key. */
  readonly signature: Signature
  /** The 32 bytes that were signed. */
  readonly digest: Uint8Array
  /** Of the key that signed. */
  readonly address: Hex
  /** What was signed, for people. */
  readonly summary: Summary
  /** The canonical request that device and node both interpreted. */
  readonly requestBytes: Uint8Array
  /** One round trip, or two. */
  readonly mode: 'pool' | 'fresh'
}

const TIMEOUT_MILLISECONDS = 60_000

/** How requests leave, and how long an answer may take. */
export function connection(options: WalletOptions): { transport: Transport; timeoutMilliseconds: number } {
  const { transport = fetchTransport, timeoutMilliseconds = TIMEOUT_MILLISECONDS } = options
  return { transport, timeoutMilliseconds }
}

/** The signed channel to a node, with the cosigner pinned. */
export async function channelOf(
  options: WalletOptions,
  node: string,
  cosigner: Uint8Array,
): Promise<Channel> {
  return new Channel({
    node,
    cosigner,
    identity: await options.storage.identity(),
    clock: options.clock ?? Date.now,
    random: options.random ?? platformRandom,
    ...connection(options),
  })
}

/** The parts of a creation that come from the options as they are. */
export function given({ storage, signal }: WalletOptions): Pick<Creation, 'storage' | 'signal'> {
  return { storage, ...(signal === undefined ? {} : { signal }) }
}

/** @throws TercetError `malformed` */
export function poolSize({ pool }: WalletOptions): number {
  const size = pool?.size ?? DEFAULT_POOL
  if (!Number.isInteger(size) || size < 0 || size > MAX_POOL)
    throw new TercetError('malformed', { field: 'pool.size' })
  return size
}

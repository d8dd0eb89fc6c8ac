// What does every part of the running node share? (security.md 5: clock, store and randomness are injected)

import type { KeptIdentity } from '@tercet/wire/identity'
import type { Engine } from './engine/engine.js'
import type { Exclusively } from './lock.js'
import type { Log } from './log.js'
import type { Metrics } from './metrics.js'
import type { Store } from './store/open.js'

export interface Clock {
  /** Unix seconds, by the wall clock. */
  now(): number
  /** Milliseconds that only ever grow. */
  monotonic(): number
}

export interface Node {
  readonly identity: KeptIdentity
  readonly store: Store
  readonly engine: Engine
  readonly log: Log
  readonly metrics: Metrics
  readonly clock: Clock
  readonly random: (length: number) => Uint8Array
  readonly exclusively: Exclusively
  /** Of the policy that a new wallet starts with unless it asks for another delay, 32 bytes. */
  readonly policyHash: Uint8Array
  /** Unix seconds when the node started. */
  readonly started: number
  /** What stands in recovery kits; known once the node listens. */
  address: string
  /** Why the node is not ready to serve, if it is not. */
  notReady: 'starting' | 'draining' | 'storage' | undefined
}

export function systemClock(): Clock {
  return { now: () => Math.floor(Date.now() / 1000), monotonic: () => performance.now() }
}

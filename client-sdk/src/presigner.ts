// Which presignature signs the next request, and when are new ones made? (SPEC 4.5; held in memory alone)

import type { Signature, SigningInput } from '@tercet/protocol/sign'
import type { Kind } from '@tercet/wire/request'
import type { Engine, PresignatureHandle } from './engine/contract.js'
import { codeOf, TercetError, throwIfAborted } from './errors.js'
import type { Pair } from './pair.js'
import { needsSetup } from './pair-faults.js'
import { unlessAborted } from './waiting.js'

export interface PresignerOptions {
  readonly pair: Pair
  readonly engine: Engine
  /** Presignatures to keep ready: 0 to 16. */
  readonly size: number
  /** Unix milliseconds. */
  readonly clock: () => number
  /** Milliseconds since some moment, never set. */
  readonly monotonic: () => number
}

export interface PresignedSignature {
  readonly signature: Signature
  /** `pool`: one round trip. `fresh`: two. */
  readonly mode: 'pool' | 'fresh'
}

export const DEFAULT_POOL = 4
export const MAX_POOL = 16
const LIFETIME_MILLISECONDS = 24 * 60 * 60 * 1000
/** Wall clock against monotonic clock: more than this and the machine slept, or is a copy of another. (SPEC 0.5) */
const MAX_DRIFT_MILLISECONDS = 5_000

interface Ready extends PresignatureHandle {
  readonly until: number
}

export class Presigner {
  readonly #options: PresignerOptions
  #pool: Ready[] = []
  #refill: Promise<void> | undefined
  /** Counts the drops, so that a batch under way does not fill a pool that was dropped meanwhile. */
  #generation = 0
  readonly #stopped = new AbortController()
  #clockBase: number

  constructor(options: PresignerOptions) {
    this.#options = options
    this.#clockBase = options.clock() - options.monotonic()
  }

  /** Presignatures that are ready now. */
  get ready(): number {
    return this.#pool.length
  }

  /**
   * Signs, quietly by another way where the first is closed. A bare digest is never bound to a presignature: who
   * chooses a digest freely must not know the nonce point before. @throws TercetError
   */
  async sign(kind: Kind, input: SigningInput, signal?: AbortSignal): Promise<PresignedSignature> {
    try {
      return await twice(() => this.#attempt(kind, input, signal))
    } finally {
      this.refill()
    }
  }

  /** One fresh signature and nothing else: for the self-test. */
  signFresh(input: SigningInput, signal?: AbortSignal): Promise<Signature> {
    return twice(() => this.#options.pair.signFresh(input, signal))
  }

  /** Fills the pool in the background once it is half empty; a failure shows at the next signature, if at all. */
  refill(): void {
    if (2 * this.#pool.length <= this.#options.size) this.#fill().catch(() => undefined)
  }

  /** Resolves when the pool is full; the signal ends the wait alone. @throws TercetError what keeps it from filling */
  full(signal?: AbortSignal): Promise<void> {
    return twice(async () => {
      while (this.#pool.length < this.#options.size) {
        throwIfAborted(signal)
        await unlessAborted(signal, this.#fill())
      }
    })
  }

  /** Forgets every presignature: the setup behind them is gone. */
  drop(): void {
    this.#generation++
    const handles = this.#pool.map(({ handle }) => handle)
    this.#pool = []
    if (handles.length > 0) this.#options.engine.run('drop', handles).catch(() => undefined)
  }

  close(): void {
    this.#stopped.abort()
    this.drop()
  }

  async #attempt(
    kind: Kind,
    input: SigningInput,
    signal: AbortSignal | undefined,
  ): Promise<PresignedSignature> {
    const { pair } = this.#options
    const presignature = kind === 'raw-digest' ? undefined : this.#take()
    if (presignature !== undefined) {
      try {
        return { signature: await pair.signPooled(presignature, input, signal), mode: 'pool' }
      } catch (error) {
        if (codeOf(error) !== 'unknown-presignature') throw error
        // The node has forgotten this one, and with it most likely all of them.
        this.drop()
      }
    }
    return { signature: await pair.signFresh(input, signal), mode: 'fresh' }
  }

  #take(): Ready | undefined {
    const now = this.#options.clock()
    const base = now - this.#options.monotonic()
    if (Math.abs(base - this.#clockBase) > MAX_DRIFT_MILLISECONDS) {
      this.#clockBase = base
      this.drop()
    }
    const expired = this.#pool.filter(({ until }) => until <= now).map(({ handle }) => handle)
    if (expired.length > 0) {
      this.#pool = this.#pool.filter(({ until }) => until > now)
      this.#options.engine.run('drop', expired).catch(() => undefined)
    }
    return this.#pool.shift()
  }

  #fill(): Promise<void> {
    this.#refill ??= this.#batch().finally(() => {
      this.#refill = undefined
    })
    return this.#refill
  }

  async #batch(): Promise<void> {
    if (this.#stopped.signal.aborted) throw new TercetError('closed')
    const { pair, size, clock } = this.#options
    const batch = Math.min(size - this.#pool.length, MAX_POOL)
    if (batch <= 0) return
    const generation = this.#generation
    const until = clock() + LIFETIME_MILLISECONDS
    const made = await pair.presign(batch, this.#stopped.signal)
    if (generation === this.#generation) this.#pool.push(...made.map((one) => ({ ...one, until })))
    else
      await this.#options.engine.run(
        'drop',
        made.map(({ handle }) => handle),
      )
  }
}

/** Once more where what was in the way is gone by then: a setup is made anew, a session begins again. */
async function twice<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(needsSetup(error) || begunInVain(error))) throw error
    return work()
  }
}

/** The session went under before anything was signed in it; the same request may begin another. */
function begunInVain(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'unknown-session' || code === 'conflict'
}

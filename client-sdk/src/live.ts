// What of a wallet lives in this process? The present epoch's records, and the pair and the pool that work under them.

import { interpret, type WalletKey } from '@tercet/chains/interpret'
import { equalBytes } from '@tercet/protocol/bytes'
import { decodePoint } from '@tercet/protocol/curve'
import type { SigningInput } from '@tercet/protocol/sign'
import type { Kit } from '@tercet/wire/kit'
import { encodeRequest } from '@tercet/wire/request'
import { Channel } from './channel.js'
import { assertUsable } from './condition.js'
import type { Engine } from './engine/contract.js'
import { codeOf, type ErrorCode, type RequestName, TercetError, withRequest } from './errors.js'
import { Events } from './events.js'
import type { Signed } from './options.js'
import { Pair } from './pair.js'
import { Presigner } from './presigner.js'
import { loadWallet, type WalletRecords } from './records.js'
import { completeDraft, type RequestDraft } from './requests.js'
import type { DeviceStorage } from './storage/storage.js'

export interface LiveOptions {
  readonly walletId: string
  readonly storage: DeviceStorage
  readonly channel: Channel
  readonly engine: Engine
  readonly poolSize: number
  /** Milliseconds, never set. */
  readonly monotonic: () => number
  /** Called when a claim on the wallet may have been announced. */
  readonly onNotice: (live: Live) => void
}

/** What a draft asks for, and the input of the protocol that follows from it. */
export interface Interpreted {
  readonly input: SigningInput
  readonly name: RequestName
  readonly seen: Omit<Signed, 'signature' | 'mode'>
}

/** One epoch at work. */
interface Present {
  readonly records: WalletRecords
  readonly key: WalletKey
  readonly channel: Channel
  readonly pair: Pair
  readonly presigner: Presigner
}

/** Whoever is in between can set a notice, so that it is asked about no more often than this. */
const NOTICE_MILLISECONDS = 60_000

/** What a session under shares that are gone may end with: another tab, or a reshare, has put newer ones in their place. */
export const OUTDATED: ReadonlySet<ErrorCode | undefined> = new Set([
  'mismatch',
  'unknown-session',
  'unknown-presignature',
  'not-found',
  'closed',
] as const)

export class Live {
  readonly walletId: string
  readonly storage: DeviceStorage
  readonly engine: Engine
  readonly events = new Events()
  readonly #options: LiveOptions
  #present: Present
  /** When a notice was last asked about. */
  #heeded = Number.NEGATIVE_INFINITY
  readonly #stopped = new AbortController()

  constructor(options: LiveOptions, records: WalletRecords) {
    this.walletId = options.walletId
    this.storage = options.storage
    this.engine = options.engine
    this.#options = options
    this.#present = this.#start(records, options.channel)
  }

  get records(): WalletRecords {
    return this.#present.records
  }

  get key(): WalletKey {
    return this.#present.key
  }

  get channel(): Channel {
    return this.#present.channel
  }

  get pair(): Pair {
    return this.#present.pair
  }

  get presigner(): Presigner {
    return this.#present.presigner
  }

  get closed(): boolean {
    return this.#stopped.signal.aborted
  }

  /** Fires when the wallet is closed. */
  get stopped(): AbortSignal {
    return this.#stopped.signal
  }

  /** The request of a draft, and what follows from it. @throws Malformed */
  interpret(draft: RequestDraft): Interpreted {
    const { clock, random } = this.channel.options
    const request = completeDraft(draft, this.walletId, clock(), random)
    const requestBytes = encodeRequest(request)
    const { digest, tweak, address, summary } = interpret(request, this.key)
    return {
      input: { digest, tweak, request: requestBytes },
      name: { id: request.id, expiresAt: Number(request.expiresAt) },
      seen: { digest: digest.bytes, address, summary, requestBytes },
    }
  }

  /** Signs a request; an error names it. @throws TercetError */
  async sign(draft: RequestDraft, signal?: AbortSignal): Promise<Signed> {
    if (this.closed) throw new TercetError('closed')
    const { input, name, seen } = this.interpret(draft)
    await assertUsable(this.storage, this.walletId)
    try {
      const signed = await this.#underPresent(({ presigner }) => presigner.sign(draft.kind, input, signal))
      return { ...seen, ...signed }
    } catch (error) {
      throw withRequest(error, name)
    }
  }

  /** Goes on with these records, which the store has: presignatures and OT setup of the epoch before are dropped. */
  adopt(records: WalletRecords): void {
    if (this.closed) return
    const before = this.#present
    before.presigner.close()
    before.pair.end()
    const { node, cosigner } = records.meta
    const { options } = before.channel
    const same = options.node === node && equalBytes(options.cosigner, cosigner)
    const channel = same ? before.channel : new Channel({ ...options, node, cosigner })
    this.#present = this.#start(records, channel)
    this.presigner.refill()
  }

  /** Drops every presignature and ends the engine. */
  async close(): Promise<void> {
    if (this.closed) return
    this.#stopped.abort()
    this.presigner.close()
    await this.engine.close()
  }

  async #underPresent<T>(work: (present: Present) => Promise<T>): Promise<T> {
    const present = this.#present
    try {
      return await work(present)
    } catch (error) {
      const outdated = OUTDATED.has(codeOf(error)) && !this.closed
      if (!outdated || !(this.#present !== present || (await this.catchUp()))) throw error
      return work(this.#present)
    }
  }

  /** Goes on with what the store has, where another tab has put newer shares into it. Whether it did. */
  async catchUp(): Promise<boolean> {
    const stored = await loadWallet(this.storage, this.walletId).catch(() => undefined)
    if (stored === undefined || isSameEpoch(stored, this.records)) return false
    this.adopt(stored)
    return true
  }

  /** A claim on the wallet may be announced: asks, in the background. */
  #heed(): void {
    const now = this.#options.monotonic()
    if (now - this.#heeded < NOTICE_MILLISECONDS) return
    this.#heeded = now
    this.#options.onNotice(this)
  }

  #start(records: WalletRecords, channel: Channel): Present {
    channel.onNotice = () => this.#heed()
    const { walletId, storage, engine, poolSize, monotonic } = this.#options
    const pair = new Pair({
      walletId,
      record: records.kit.record,
      meta: records.meta,
      share: records.share,
      otSetup: records.otSetup,
      storage,
      channel,
      engine,
      onDrop: () => presigner.drop(),
    })
    const { clock } = channel.options
    const presigner = new Presigner({ pair, engine, clock, monotonic, size: poolSize })
    return { records, key: keyOf(records.kit), channel, pair, presigner }
  }
}

/** The public values that a request is interpreted with. */
export function keyOf({ record }: Kit): WalletKey {
  const { keyId, publicKey, chainCode, transcript } = record
  return { keyId, publicKey: decodePoint(publicKey, 'kit.X'), chainCode, transcript }
}

function isSameEpoch(a: WalletRecords, b: WalletRecords): boolean {
  return equalBytes(a.kit.record.transcript, b.kit.record.transcript)
}

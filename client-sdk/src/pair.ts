// How does the device work with its cosigner: OT setups, presignatures, signatures, and what follows when a check fails?
// (SPEC 2.5, 4.3, 4.4; security.md abort classes)

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { type OpType, sessionId } from '@tercet/protocol/session'
import type { Signature, SigningInput } from '@tercet/protocol/sign'
import type { Channel, Session } from './channel.js'
import type { Engine, Handle, PresignatureHandle } from './engine/contract.js'
import { codeOf, TercetError } from './errors.js'
import { type Held, orDrop, sendHeld } from './held.js'
import { asPeerFault, isProof, needsSetup, startsAgain } from './pair-faults.js'
import {
  loadWallet,
  type Renewal,
  storeBurn,
  storeMeta,
  storeSetup,
  type WalletMeta,
  type WalletRecords,
} from './records.js'
import { isWornOut, newAge, STORED_EVERY } from './setup-age.js'
import type { DeviceStorage } from './storage/storage.js'
import { isLocked, withStrikes } from './strikes.js'
import { Turnstile } from './waiting.js'

export interface PairOptions {
  readonly walletId: string
  readonly record: KeyRecord
  readonly meta: WalletMeta
  /** Secret encodings; the setup is empty when it was burned. */
  readonly share: Uint8Array
  readonly otSetup: Uint8Array
  readonly storage: DeviceStorage
  readonly channel: Channel
  readonly engine: Engine
  /** Called when presignatures of the old setup are worthless. */
  readonly onDrop: () => void
}

/** Starts of a setup exchange before it is given up: a lost answer shows only at the next start. */
const SETUP_TRIES = 3

export class Pair {
  readonly #options: PairOptions
  readonly #setups = new Turnstile()
  #meta: WalletMeta
  #otSetup: Uint8Array
  #key: Promise<Handle> | undefined
  /** Counts the setups that were given up. */
  #generation = 0
  /** The setup that was given up, and the strikes, that are not in the store yet. */
  #givenUp: Uint8Array | undefined
  #strikes: readonly number[] = []
  #ended = false
  /** Generations in which the node was caught. */
  readonly #struck = new Set<number>()

  constructor(options: PairOptions) {
    this.#options = options
    this.#meta = options.meta
    this.#otSetup = options.otSetup
  }

  /** Stores how far the wallet has come. */
  async setStage(stage: WalletMeta['stage']): Promise<void> {
    const { storage, walletId } = this.#options
    this.#meta = { ...this.#meta, stage }
    await storeMeta(storage, walletId, this.#meta)
  }

  /**
   * Runs the write that puts another epoch in the place of this one: no write of this pair comes between, and none after
   * it touches the setup. Sessions under way end by themselves.
   */
  replace(write: () => Promise<void>): Promise<void> {
    return this.#setups.run(async () => {
      await write()
      this.end()
    })
  }

  /** Forgets the key: another epoch has taken its place. */
  end(): void {
    this.#ended = true
    const key = this.#key
    this.#key = undefined
    key?.then((handle) => this.#options.engine.run('drop', [handle])).catch(() => undefined)
  }

  /** Makes `batch` (1 to 16) presignatures in two round trips. @throws TercetError */
  presign(batch: number, signal?: AbortSignal): Promise<readonly PresignatureHandle[]> {
    return this.#checked(signal, async (key) => {
      const { engine } = this.#options
      const first = await engine.run('presignStart', { key, batch })
      const session = this.#session('presign', first.nonce)
      const response1 = await sendHeld(engine, session, 'presign.start', first, signal)
      const second = await engine.run('presignFinish', { handle: first.handle, response: response1, batch })
      const response2 = await sendHeld(engine, session, 'presign.open', second, signal)
      return engine.run('presignAccept', { handle: second.handle, response: response2, batch })
    })
  }

  /** One signature in two round trips. @throws TercetError */
  signFresh(input: SigningInput, signal?: AbortSignal): Promise<Signature> {
    return this.#checked(signal, async (key) => {
      const { engine } = this.#options
      const first = await engine.run('freshStart', { key, request: input.request })
      const session = this.#session('fresh', first.nonce)
      const response1 = await sendHeld(engine, session, 'fresh.start', first, signal)
      const second = await engine.run('freshFinish', { handle: first.handle, response: response1, input })
      return this.#conclude(session, 'fresh.open', second, signal)
    })
  }

  /** One signature in one round trip, with a presignature that is spent by it whatever happens. @throws TercetError */
  signPooled(
    presignature: PresignatureHandle,
    input: SigningInput,
    signal?: AbortSignal,
  ): Promise<Signature> {
    const { engine } = this.#options
    const { handle, presigId } = presignature
    const work = async (): Promise<Signature> => {
      const bound = await engine.run('request', { handle, input })
      return this.#conclude(this.#session('sign', presigId), 'sign', bound, signal)
    }
    return orDrop(engine, handle, () => this.#checked(signal, work))
  }

  /** The last message: the first authenticated 200 takes the presignature, any failure to get one drops it. */
  async #conclude(
    session: Session,
    name: 'sign' | 'fresh.open',
    bound: Held,
    signal?: AbortSignal,
  ): Promise<Signature> {
    const { engine } = this.#options
    const response = await sendHeld(engine, session, name, bound, signal)
    return engine.run('combine', { handle: bound.handle, response })
  }

  /** Runs a session under a live setup, and draws the consequences of its failure. */
  async #checked<T>(signal: AbortSignal | undefined, work: (key: Handle) => Promise<T>): Promise<T> {
    const key = await this.#liveKey(signal)
    const generation = this.#generation
    try {
      return await work(key)
    } catch (error) {
      // The fault itself is what the caller is told; a store that failed shows at the next call.
      await this.#judge(error, generation).catch(() => undefined)
      throw asPeerFault(error)
    }
  }

  #judge(error: unknown, generation: number): Promise<void> {
    const present = generation === this.#generation
    if (isProof(error)) {
      // The sessions beside the one that was caught end by the same abort: one strike for all of them.
      if (!this.#struck.has(generation)) this.#strikes = [...this.#strikes, this.#seconds()]
      this.#struck.add(generation)
      if (present) this.#giveUp('peer-fault')
    } else if (present && !(error instanceof ProtocolAbort)) {
      // A session that began under a setup that is gone meanwhile says nothing about the present one.
      const code = codeOf(error)
      if (code === 'peer-fault' || code === 'burned') this.#giveUp('burned')
      else if (needsSetup(error)) this.#giveUp('mismatch')
    }
    return this.#setups.run(() => this.#record())
  }

  /** The setup is worthless from here on: in memory at once, and in the store before the next session begins. */
  #giveUp(reason: Renewal): void {
    this.#givenUp = this.#otSetup
    this.#otSetup = new Uint8Array(0)
    this.#meta = { ...this.#meta, renew: reason }
    this.#forgetSetup()
  }

  /** Stores what was given up and counted. Where that fails, it is tried again before anything else is done. */
  async #record(): Promise<void> {
    const { storage, walletId } = this.#options
    const [givenUp, added, { renew }] = [this.#givenUp, this.#strikes, this.#meta]
    if (givenUp === undefined && added.length === 0) return
    // A store that cannot be read keeps no setup alive.
    const stored = await loadWallet(storage, walletId).catch(() => undefined)
    const known = stored?.meta ?? this.#meta
    const strikes = withStrikes(known.strikes, added)
    let meta: WalletMeta
    if (this.#isOutlived(stored)) {
      // The setup is gone with its epoch; strikes stay.
      this.#ended = true
      meta = { ...known, strikes }
      if (added.length > 0) await storeMeta(storage, walletId, meta)
    } else if (stored !== undefined && givenUp !== undefined && isNewer(stored, givenUp)) {
      // Another tab or process has put a newer setup into the store: then it is ours as well.
      meta = { ...known, strikes }
      if (added.length > 0) await storeMeta(storage, walletId, meta)
      this.#otSetup = stored.otSetup
    } else {
      meta = { ...known, ...(renew === undefined ? {} : { renew }), strikes }
      const burns = givenUp !== undefined && (renew === 'peer-fault' || renew === 'burned')
      await (burns ? storeBurn : storeMeta)(storage, walletId, meta)
    }
    this.#meta = meta
    this.#givenUp = undefined
    this.#strikes = this.#strikes.slice(added.length)
  }

  /** Whether another epoch has taken the place of this one. */
  #isOutlived(stored: WalletRecords | undefined): boolean {
    const { transcript } = this.#options.record
    return this.#ended || (stored !== undefined && !equalBytes(stored.kit.record.transcript, transcript))
  }

  #forgetSetup(): void {
    const { engine, onDrop } = this.#options
    const key = this.#key
    this.#key = undefined
    this.#generation++
    key?.then((handle) => engine.run('drop', [handle])).catch(() => undefined)
    onDrop()
  }

  /** The key with a live setup, made anew where that is due; never two exchanges at once. */
  #liveKey(signal: AbortSignal | undefined): Promise<Handle> {
    return this.#setups.run(async () => {
      await this.#record()
      if (this.#ended) throw new TercetError('mismatch')
      if (isLocked(this.#meta.strikes)) throw new TercetError('locked')
      if (this.#meta.renew === undefined) await this.#count()
      for (let tried = 1; this.#meta.renew !== undefined; tried++) {
        try {
          await this.#renew(this.#meta.renew, signal)
        } catch (error) {
          if (tried >= SETUP_TRIES || !startsAgain(error)) throw asPeerFault(error)
        }
      }
      const { engine, share, channel } = this.#options
      const { identity, cosigner } = channel.options
      this.#key ??= engine.run('loadKey', {
        share,
        otSetup: this.#otSetup,
        idDevice: identity.publicIdentity,
        idCosigner: cosigner,
      })
      try {
        return await this.#key
      } catch (error) {
        this.#key = undefined
        throw error instanceof Malformed ? new TercetError('damaged', { cause: error }) : error
      }
    })
  }

  /** Counts the session that is about to begin. A setup that has served long enough gives way to a new one. (SPEC 2.4) */
  async #count(): Promise<void> {
    const { storage, walletId } = this.#options
    const now = this.#seconds()
    const { age = newAge(now) } = this.#meta
    if (isWornOut(age, now)) {
      this.#giveUp('rotation')
      return this.#record()
    }
    const counted = { ...age, sessions: age.sessions + 1 }
    const isKnown = this.#meta.age !== undefined
    this.#meta = { ...this.#meta, age: counted }
    if (isKnown && counted.sessions % STORED_EVERY !== 0) return
    const { meta } = await loadWallet(storage, walletId)
    // Another tab may have made another setup meanwhile, which has an age of its own.
    if (meta.age === undefined || meta.age.made === age.made)
      await storeMeta(storage, walletId, { ...meta, age: counted })
  }

  async #renew(reason: Renewal, signal: AbortSignal | undefined): Promise<void> {
    const { engine, share, storage, walletId } = this.#options
    const first = await engine.run('otStart', { share, reason })
    const session = this.#session('ot', first.nonce)
    const response1 = await sendHeld(engine, session, 'ot.start', first, signal)
    const second = await engine.run('otOpen', { handle: first.handle, response: response1 })
    const response2 = await sendHeld(engine, session, 'ot.finish', second, signal)
    const otSetup = await engine.run('otFinish', { handle: second.handle, response: response2 })
    // Another tab or process may have caught the node meanwhile.
    const stored = await loadWallet(storage, walletId)
    if (this.#isOutlived(stored)) throw new TercetError('mismatch')
    const { renew: _, ...kept } = stored.meta
    const meta = { ...kept, age: newAge(this.#seconds()) }
    if (isLocked(meta.strikes)) throw new TercetError('locked')
    await storeSetup(storage, walletId, meta, otSetup)
    this.#meta = meta
    this.#otSetup = otSetup
  }

  #seconds(): number {
    return Math.floor(this.#options.channel.options.clock() / 1000)
  }

  #session(opType: OpType, nonce: Uint8Array): Session {
    const { channel, record, walletId } = this.#options
    const { identity, cosigner } = channel.options
    return channel.session({
      opType,
      keyId: record.keyId,
      epoch: record.epoch,
      sessionId: sessionId(opType, nonce, identity.publicIdentity, cosigner),
      walletId,
    })
  }
}

function isNewer({ meta, otSetup }: WalletRecords, old: Uint8Array): boolean {
  return meta.renew === undefined && !equalBytes(otSetup, old)
}

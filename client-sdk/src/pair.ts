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
import { loadWallet, type Renewal, storeBurn, storeMeta, storeSetup, type WalletMeta } from './records.js'
import type { DeviceStorage } from './storage/storage.js'
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

  /** Makes `batch` (1 to 16) presignatures in two round trips. @throws TercetError */
  presign(batch: number, signal?: AbortSignal): Promise<readonly PresignatureHandle[]> {
    return this.#checked(signal, async (key) => {
      const { engine } = this.#options
      const first = await engine.run('presignStart', { key, batch })
      const session = this.#session('presign', first.nonce)
      const response1 = await session.send('presign.start', first.send, signal)
      const second = await engine.run('presignFinish', { handle: first.handle, response: response1, batch })
      const response2 = await session.send('presign.open', second.send, signal)
      return engine.run('presignAccept', { handle: second.handle, response: response2, batch })
    })
  }

  /** One signature in two round trips. @throws TercetError */
  signFresh(input: SigningInput, signal?: AbortSignal): Promise<Signature> {
    return this.#checked(signal, async (key) => {
      const { engine } = this.#options
      const first = await engine.run('freshStart', { key, request: input.request })
      const session = this.#session('fresh', first.nonce)
      const response1 = await session.send('fresh.start', first.send, signal)
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
    return this.#checked(signal, async () => {
      const { engine } = this.#options
      const bound = await engine.run('request', { handle: presignature.handle, input })
      return this.#conclude(this.#session('sign', presignature.presigId), 'sign', bound, signal)
    })
  }

  /** The last message: the first authenticated 200 takes the presignature, any failure to get one drops it. */
  async #conclude(
    session: Session,
    name: 'sign' | 'fresh.open',
    bound: { handle: Handle; send: Uint8Array },
    signal?: AbortSignal,
  ): Promise<Signature> {
    const { engine } = this.#options
    let response: Uint8Array
    try {
      response = await session.send(name, bound.send, signal)
    } catch (error) {
      await engine.run('drop', [bound.handle])
      throw error
    }
    return engine.run('combine', { handle: bound.handle, response })
  }

  /** Runs a session under a live setup, and draws the consequences of its failure. */
  async #checked<T>(signal: AbortSignal | undefined, work: (key: Handle) => Promise<T>): Promise<T> {
    const key = await this.#liveKey(signal)
    const generation = this.#generation
    try {
      return await work(key)
    } catch (error) {
      // A session that began under a setup that is gone meanwhile says nothing about the present one.
      if (generation === this.#generation) await this.#judge(error)
      throw asPeerFault(error)
    }
  }

  async #judge(error: unknown): Promise<void> {
    if (error instanceof ProtocolAbort) {
      const proved = error.consequence === 'cheat' || error.consequence === 'bad-signature'
      if (proved) await this.#burn('peer-fault')
      return
    }
    const code = codeOf(error)
    if (code === 'peer-fault' || code === 'burned') await this.#burn('burned')
    else if (needsSetup(error)) await this.#retire()
  }

  /** The setup is worthless from here on, durably, before anything else happens. */
  async #burn(reason: Renewal): Promise<void> {
    // A store that cannot be read keeps no setup alive: it is given up in memory first of all.
    if (await this.#adopt().catch(() => false)) return
    const { storage, walletId } = this.#options
    this.#forgetSetup()
    this.#otSetup = new Uint8Array(0)
    this.#meta = { ...this.#meta, renew: reason }
    await storeBurn(storage, walletId, this.#meta)
  }

  /** The node has another setup, or none: not a fault, but this one is of no use. */
  async #retire(): Promise<void> {
    if (await this.#adopt()) return
    const { storage, walletId } = this.#options
    this.#forgetSetup()
    this.#meta = { ...this.#meta, renew: 'mismatch' }
    await storeMeta(storage, walletId, this.#meta)
  }

  /** Whether another tab or process has put a newer setup into the store: then it is ours as well. */
  async #adopt(): Promise<boolean> {
    const { storage, walletId } = this.#options
    const generation = this.#generation
    const { meta, otSetup } = await loadWallet(storage, walletId)
    // Another session of this process was faster.
    if (generation !== this.#generation) return true
    if (meta.renew !== undefined || equalBytes(otSetup, this.#otSetup)) return false
    this.#forgetSetup()
    this.#meta = meta
    this.#otSetup = otSetup
    return true
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

  async #renew(reason: Renewal, signal: AbortSignal | undefined): Promise<void> {
    const { engine, share, storage, walletId } = this.#options
    const first = await engine.run('otStart', { share, reason })
    const session = this.#session('ot', first.nonce)
    const response1 = await session.send('ot.start', first.send, signal)
    const second = await engine.run('otOpen', { handle: first.handle, response: response1 })
    const response2 = await session.send('ot.finish', second.send, signal)
    const otSetup = await engine.run('otFinish', { handle: second.handle, response: response2 })
    const { renew: _, ...meta } = this.#meta
    await storeSetup(storage, walletId, meta, otSetup)
    this.#meta = meta
    this.#otSetup = otSetup
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

/** Whether the node says that another setup is needed; a difference about the request is not of that kind. */
export function needsSetup(error: unknown): boolean {
  if (!(error instanceof TercetError) || error.cause instanceof ProtocolAbort) return false
  if (error.code === 'mismatch') return error.field === undefined || /^(otSetup|context$)/.test(error.field)
  return error.code === 'burned' || error.code === 'peer-fault'
}

function startsAgain(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'unknown-session' || code === 'conflict' || code === 'mismatch' || code === 'expired'
}

function asPeerFault(error: unknown): unknown {
  if (error instanceof Malformed)
    return new TercetError('peer-fault', { incident: `malformed ${error.field}`, cause: error })
  if (error instanceof ProtocolAbort)
    return new TercetError('peer-fault', { incident: error.reason, cause: error })
  return error
}

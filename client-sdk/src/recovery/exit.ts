// How does a device sign without the node: together with the recovery machine, over a link, with no network? (SPEC 2.5, 4.3)

import { joinSignature, serializeSigned, transactionHash } from '@tercet/chains/evm'
import type { Hex } from '@tercet/chains/facts'
import { interpret, type WalletKey } from '@tercet/chains/interpret'
import type { Random } from '@tercet/protocol/random'
import { toBase64url } from '@tercet/wire/base64url'
import { Conversation, type Link } from '@tercet/wire/conversation'
import { encodeExitRequest } from '@tercet/wire/exit'
import { type Identity, recoveryIdentity } from '@tercet/wire/identity'
import { SESSION_BYTES } from '@tercet/wire/link'
import { encodeRequest } from '@tercet/wire/request'
import { assertNotExposed } from '../condition.js'
import type { Engine, Handle } from '../engine/contract.js'
import { startEngine } from '../engine/engine.js'
import { platformRandom } from '../engine/platform-random.js'
import { TercetError } from '../errors.js'
import { fromHex } from '../hex.js'
import { keyOf } from '../live.js'
import type { Signed, SignOptions } from '../options.js'
import { loadWallet, type WalletRecords } from '../records.js'
import { chainOf, completeDraft, DEFAULT_PATH, type RequestDraft } from '../requests.js'
import type { DeviceStorage } from '../storage/storage.js'
import { Turnstile } from '../waiting.js'
import { giveShare } from './assemble.js'
import { asLinkFailure } from './link-errors.js'

/** What the device is doing, or waiting for. */
export type ExitStage = 'confirmation' | 'setup' | 'signature'

export interface ExitOptions {
  readonly storage: DeviceStorage
  readonly walletId: string
  readonly link: Link
  readonly onProgress?: (stage: ExitStage) => void
  /** Ends the session. */
  readonly signal?: AbortSignal
  /** For one answer of the recovery machine, where a person confirms: ten minutes where left out. */
  readonly timeoutMilliseconds?: number
  /** Unix milliseconds. */
  readonly clock?: () => number
  /** For tests: with a source of its own, everything runs in the caller's thread. */
  readonly random?: Random
}

const TIMEOUT_MILLISECONDS = 600_000
/** A request may have to be carried to another machine and read there. */
const LIFETIME_SECONDS = 3600

/** A session with the recovery machine. Once a signature failed in it, another session is begun over another link. */
export class Exit {
  readonly #options: ExitOptions
  readonly #records: WalletRecords
  readonly #key: WalletKey
  readonly #identity: Identity
  /** idV */
  readonly #recovery: Uint8Array
  readonly #conversation: Conversation
  readonly #engine: Engine
  readonly #turns = new Turnstile()
  /** The share under the OT setup of this session. */
  #loaded: Handle | undefined
  #closed = false

  private constructor(options: ExitOptions, records: WalletRecords, identity: Identity, engine: Engine) {
    const { link, signal, random = platformRandom, timeoutMilliseconds = TIMEOUT_MILLISECONDS } = options
    this.#options = options
    this.#records = records
    this.#key = keyOf(records.kit)
    this.#identity = identity
    this.#engine = engine
    this.#recovery = recoveryIdentity(records.kit.record.sidInputs.recoveryKey)
    this.#conversation = new Conversation({
      link,
      identity,
      peer: this.#recovery,
      session: random(SESSION_BYTES),
      timeoutMilliseconds,
      ...(signal === undefined ? {} : { signal }),
    })
  }

  /** Opens the wallet for signatures with the recovery machine. No node is asked, and no network is used. @throws TercetError */
  static open(options: ExitOptions): Promise<Exit> {
    return translated(async () => {
      const records = await loadWallet(options.storage, options.walletId)
      if (records.meta.stage === 'confirm')
        throw new TercetError('not-found', { message: 'The creation of this wallet was not finished.' })
      // A device that has handed the wallet over has erased its share.
      if (records.share.length === 0) throw new TercetError('replaced')
      const identity = await options.storage.identity()
      return new Exit(options, records, identity, await startEngine(options.random))
    })
  }

  /** Signs a request together with the recovery machine, where a person confirms it. @throws TercetError */
  sign(draft: RequestDraft): Promise<Signed> {
    return translated(() => this.#turns.run(() => this.#sign(draft)))
  }

  /** Signs an unsigned serialized transaction: legacy with EIP-155, 2930 or 1559. @throws TercetError */
  signTransaction(
    unsigned: Uint8Array | Hex,
    options: Omit<SignOptions, 'signal'> = {},
  ): Promise<Signed & { serialized: Hex; hash: Hex }> {
    return translated(async () => {
      const bytes = typeof unsigned === 'string' ? fromHex(unsigned, 'payload') : unsigned.slice()
      const { chain = chainOf(bytes), path = DEFAULT_PATH } = options
      const signed = await this.sign({ kind: 'evm-transaction', chain, path, payload: toBase64url(bytes) })
      const serialized = serializeSigned(bytes, signed.signature)
      return { ...signed, serialized, hash: transactionHash(serialized) }
    })
  }

  /** Signs a message (EIP-191); text is taken as UTF-8. `serialized` is r || s || v. @throws TercetError */
  signMessage(
    message: string | Uint8Array,
    options: Omit<SignOptions, 'signal'> = {},
  ): Promise<Signed & { serialized: Hex }> {
    return translated(async () => {
      const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
      const { chain = 'eip155:1', path = DEFAULT_PATH } = options
      const signed = await this.sign({ kind: 'evm-message', chain, path, payload: toBase64url(bytes) })
      return { ...signed, serialized: joinSignature(signed.signature) }
    })
  }

  /**
   * Last resort, for a user who must move the key to other software: gives this device's share to the recovery machine,
   * which puts the key together. From here on the key exists outside, and this device signs nothing more until
   * {@link acknowledgeExposure}. `understood` is {@link ASSEMBLE_SENTENCE}, typed by the user. @throws TercetError
   */
  assemble(understood: string): Promise<void> {
    return translated(() =>
      this.#turns.run(async () => {
        if (this.#closed) throw new TercetError('closed')
        this.#closed = true
        try {
          const { storage, walletId, random = platformRandom } = this.#options
          const parts = { storage, walletId, random, records: this.#records, identity: this.#identity }
          await giveShare(
            { ...parts, conversation: this.#conversation, recovery: this.#recovery },
            understood,
          )
        } catch (error) {
          await this.#conversation.stop('aborted')
          throw error
        } finally {
          await this.#engine.close()
        }
      }),
    )
  }

  /** Tells the recovery machine that this device is done, and ends the engine. Storage and link are their owner's to close. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#conversation.stop('done')
    await this.#engine.close()
  }

  async #sign(draft: RequestDraft): Promise<Signed> {
    if (this.#closed) throw new TercetError('closed')
    await assertNotExposed(this.#options.storage, this.#options.walletId)
    const { clock = Date.now, random = platformRandom, walletId } = this.#options
    const { expiresAt = Math.floor(clock() / 1000) + LIFETIME_SECONDS } = draft
    const request = completeDraft({ ...draft, expiresAt }, walletId, clock(), random)
    const requestBytes = encodeRequest(request)
    const { digest, tweak, address, summary } = interpret(request, this.#key)
    const input = { digest, tweak, request: requestBytes }
    try {
      this.#loaded ??= await this.#setUp(requestBytes)
      this.#report('confirmation')
      const first = await this.#engine.run('freshStart', { key: this.#loaded, request: requestBytes })
      const response1 = await this.#conversation.ask('fresh.req1', first.send, 'fresh.res1')
      this.#report('signature')
      const second = await this.#engine.run('freshFinish', {
        handle: first.handle,
        response: response1,
        input,
      })
      const response2 = await this.#conversation.ask('fresh.req2', second.send, 'fresh.res2')
      const signature = await this.#engine.run('combine', { handle: second.handle, response: response2 })
      return { signature, digest: digest.bytes, address, summary, requestBytes, mode: 'fresh' }
    } catch (error) {
      // Nothing of this session is used again: its setup lived here alone, and another session makes another.
      this.#closed = true
      await this.#conversation.stop('fault')
      await this.#engine.close()
      throw error
    }
  }

  /** The OT setup of the pair (1,3), asked for together with the first request: the person confirms that first. */
  async #setUp(request: Uint8Array): Promise<Handle> {
    const { share, kit } = this.#records
    this.#report('confirmation')
    const first = await this.#engine.run('otStart', { share, reason: 'pair' })
    const { keyId, epoch, attempt, transcript } = kit.record
    const body = encodeExitRequest({ keyId, epoch, attempt, transcript, request, message: first.send })
    const response1 = await this.#conversation.ask('request', body, 'ot.res1')
    this.#report('setup')
    const second = await this.#engine.run('otOpen', { handle: first.handle, response: response1 })
    const response2 = await this.#conversation.ask('ot.req2', second.send, 'ot.res2')
    const otSetup = await this.#engine.run('otFinish', { handle: second.handle, response: response2 })
    const parties = { idDevice: this.#identity.publicIdentity, idCosigner: this.#recovery }
    return this.#engine.run('loadKey', { share, otSetup, ...parties })
  }

  #report(stage: ExitStage): void {
    try {
      this.#options.onProgress?.(stage)
    } catch {
      // A faulty listener must not end a signature half-way.
    }
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asLinkFailure(error)
  }
}

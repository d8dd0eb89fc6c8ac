// What is a wallet to the application that uses it? Create, open, list, addresses, signatures, the kit, close.

import { evmAddress, joinSignature, serializeSigned, transactionHash } from '@tercet/chains/evm'
import type { Hex } from '@tercet/chains/facts'
import { interpret, type WalletKey } from '@tercet/chains/interpret'
import { decodePoint } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import type { Random } from '@tercet/protocol/random'
import type { SigningInput } from '@tercet/protocol/sign'
import { toBase64url } from '@tercet/wire/base64url'
import type { JsonObject } from '@tercet/wire/canonical-json'
import { encodeKit, type Kit } from '@tercet/wire/kit'
import { encodeRequest } from '@tercet/wire/request'
import type { Engine } from './engine/contract.js'
import { startEngine } from './engine/engine.js'
import { asTercetError, codeOf, TercetError, throwIfAborted } from './errors.js'
import { fromHex } from './hex.js'
import { fetchNodeIdentity } from './identity.js'
import {
  type Creation,
  checkExpected,
  confirmKey,
  makeKey,
  type Registered,
  registerRecovery,
} from './keygen.js'
import {
  type CreateOptions,
  channelOf,
  connection,
  given,
  type OpenOptions,
  poolSize,
  type Signed,
  type SignOptions,
  type WalletOptions,
} from './options.js'
import { Pair } from './pair.js'
import { Presigner } from './presigner.js'
import { reporter } from './progress.js'
import { listWallets, loadWallet, storeMeta, type WalletRecords } from './records.js'
import { chainOf, chainOfDomain, completeDraft, DEFAULT_PATH, type RequestDraft } from './requests.js'
import type { DeviceStorage } from './storage/storage.js'
import { unlessAborted } from './waiting.js'

/** Keygens begun anew because the node forgot the session: each with fresh secrets. */
const CREATE_TRIES = 2

export class Wallet {
  /** base64url of keyId. */
  readonly id: string
  /** The node's address. */
  readonly node: string
  readonly #key: WalletKey
  readonly #kit: Kit
  readonly #engine: Engine
  readonly #presigner: Presigner
  readonly #clock: () => number
  readonly #random: Random
  #closed = false

  private constructor(parts: Parts) {
    this.id = parts.walletId
    this.node = parts.records.meta.node
    this.#kit = parts.records.kit
    this.#key = keyOf(parts.records.kit)
    this.#engine = parts.engine
    this.#presigner = parts.presigner
    this.#clock = parts.clock
    this.#random = parts.random
  }

  /**
   * Makes a key together with a node. Three exchanges; the share is stored before the node learns that it was made,
   * and the wallet is returned only after it has signed once. @throws TercetError
   */
  static create(options: CreateOptions): Promise<Wallet> {
    return translated(async () => {
      const report = reporter(options.onProgress)
      report('identity')
      const identity = await options.storage.identity()
      const { transport, timeoutMilliseconds } = connection(options)
      const found = await fetchNodeIdentity(options.node, transport, timeoutMilliseconds, options.signal)
      checkExpected(found, options.expectedIdentity)
      report('recovery')
      const recovery = await registerRecovery(options.recovery, identity)
      throwIfAborted(options.signal)
      return withEngine(options, async (engine) => {
        const channel = await channelOf(options, options.node, found)
        const creation: Creation = { ...given(options), channel, engine, report }
        const { walletId, records } = await newKey(creation, recovery)
        return Wallet.#finish(options, creation, walletId, records)
      })
    })
  }

  /** Opens a wallet of this device, and finishes its creation where that was cut off. @throws TercetError */
  static open(options: OpenOptions): Promise<Wallet> {
    return translated(async () => {
      const { walletId, storage } = options
      const records = await loadWallet(storage, walletId)
      const meta = options.node === undefined ? records.meta : { ...records.meta, node: options.node }
      if (meta.node !== records.meta.node) await storeMeta(storage, walletId, meta)
      return withEngine(options, async (engine) => {
        const channel = await channelOf(options, meta.node, meta.cosigner)
        const creation: Creation = {
          ...given(options),
          channel,
          engine,
          report: reporter(options.onProgress),
        }
        const moved = { ...records, meta }
        const confirmed = meta.stage === 'confirm' ? await confirmKey(creation, walletId, moved) : moved
        return Wallet.#finish(options, creation, walletId, confirmed)
      })
    })
  }

  /** The wallets of a store. An unfinished one is finished by opening it. */
  static async list(
    storage: DeviceStorage,
    { signal }: Stoppable = {},
  ): Promise<{ id: string; state: 'ready' | 'unfinished'; node: string }[]> {
    throwIfAborted(signal)
    const wallets = await unlessAborted(signal, listWallets(storage))
    return wallets.map(({ id, meta }) => ({
      id,
      state: meta.stage === 'ready' ? 'ready' : 'unfinished',
      node: meta.node,
    }))
  }

  static async #finish(
    options: WalletOptions,
    creation: Creation,
    walletId: string,
    records: WalletRecords,
  ): Promise<Wallet> {
    const { storage, channel, engine, report, signal } = creation
    const untested = records.meta.stage !== 'ready'
    const meta = { ...records.meta, stage: 'ready' as const }
    let presigner: Presigner | undefined
    const pair = new Pair({
      walletId,
      record: records.kit.record,
      meta: records.meta,
      share: records.share,
      otSetup: records.otSetup,
      storage,
      channel,
      engine,
      onDrop: () => presigner?.drop(),
    })
    const { clock, random } = channel.options
    presigner = new Presigner({ pair, engine, clock, size: poolSize(options) })
    const wallet = new Wallet({ walletId, records: { ...records, meta }, engine, presigner, clock, random })
    if (untested) {
      report('self-test')
      const { input } = wallet.#interpret({ kind: 'self-test' })
      await presigner.signFresh(input, signal)
      await pair.setStage('ready')
    }
    report('ready')
    presigner.refill()
    return wallet
  }

  /** X, 33 bytes: the account-level public key. */
  get publicKey(): Uint8Array {
    return this.#kit.record.publicKey.slice()
  }

  /** The EVM address at a path: `m`, or up to five levels such as `m/0/7`. @throws TercetError `malformed` */
  address(path: string = DEFAULT_PATH): Hex {
    try {
      return evmAddress(derive(this.#key, parsePath(path)).publicKey)
    } catch (error) {
      throw asTercetError(error)
    }
  }

  /** Signs a request together with the node. @throws TercetError */
  sign(draft: RequestDraft, options: { readonly signal?: AbortSignal } = {}): Promise<Signed> {
    return translated(async () => {
      if (this.#closed) throw new TercetError('closed')
      const { input, ...seen } = this.#interpret(draft)
      const { signature, mode } = await this.#presigner.sign(draft.kind, input, options.signal)
      return { ...seen, signature, mode }
    })
  }

  /** Signs an unsigned serialized transaction: legacy with EIP-155, 2930 or 1559. @throws TercetError */
  signTransaction(
    unsigned: Uint8Array | Hex,
    options: SignOptions = {},
  ): Promise<Signed & { serialized: Hex; hash: Hex }> {
    return translated(async () => {
      const bytes = typeof unsigned === 'string' ? fromHex(unsigned, 'payload') : unsigned.slice()
      const { chain = chainOf(bytes), path = DEFAULT_PATH } = options
      const signed = await this.sign(
        { kind: 'evm-transaction', chain, path, payload: toBase64url(bytes) },
        options,
      )
      const serialized = serializeSigned(bytes, signed.signature)
      return { ...signed, serialized, hash: transactionHash(serialized) }
    })
  }

  /** Signs a message (EIP-191); text is taken as UTF-8. `serialized` is r || s || v. @throws TercetError */
  signMessage(
    message: string | Uint8Array,
    options: SignOptions = {},
  ): Promise<Signed & { serialized: Hex }> {
    const bytes = typeof message === 'string' ? new TextEncoder().encode(message) : message
    const { chain = 'eip155:1', path = DEFAULT_PATH } = options
    return this.#signJoined({ kind: 'evm-message', chain, path, payload: toBase64url(bytes) }, options)
  }

  /** Signs typed data (EIP-712); integers beyond the safe range are decimal strings. @throws TercetError */
  signTypedData(typedData: JsonObject, options: SignOptions = {}): Promise<Signed & { serialized: Hex }> {
    const { chain = chainOfDomain(typedData), path = DEFAULT_PATH } = options
    return this.#signJoined({ kind: 'evm-typed-data', chain, path, payload: typedData }, options)
  }

  /** The recovery kit: canonical JSON, no secret in it. The recovery key opens it. */
  async recoveryKit({ signal }: Stoppable = {}): Promise<Uint8Array> {
    throwIfAborted(signal)
    return encodeKit(this.#kit)
  }

  /** Presignatures that are ready now: signatures of one round trip. */
  get presignatures(): number {
    return this.#presigner.ready
  }

  /** Resolves when the pool is full. @throws TercetError */
  ready({ signal }: Stoppable = {}): Promise<void> {
    return translated(async () => {
      throwIfAborted(signal)
      await this.#presigner.full(signal)
    })
  }

  /** Drops every presignature and ends the engine. The storage is its owner's to close. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#presigner.close()
    await this.#engine.close()
  }

  #signJoined(draft: RequestDraft, options: SignOptions): Promise<Signed & { serialized: Hex }> {
    return translated(async () => {
      const signed = await this.sign(draft, options)
      return { ...signed, serialized: joinSignature(signed.signature) }
    })
  }

  #interpret(draft: RequestDraft): Omit<Signed, 'signature' | 'mode'> & { input: SigningInput } {
    const request = completeDraft(draft, this.id, this.#clock(), this.#random)
    const requestBytes = encodeRequest(request)
    const { digest, tweak, address, summary } = interpret(request, this.#key)
    return {
      input: { digest, tweak, request: requestBytes },
      digest: digest.bytes,
      address,
      summary,
      requestBytes,
    }
  }
}

interface Stoppable {
  /** Ends the wait. */
  readonly signal?: AbortSignal
}

interface Parts {
  readonly walletId: string
  readonly records: WalletRecords
  readonly engine: Engine
  readonly presigner: Presigner
  readonly clock: () => number
  readonly random: Random
}

/**
 * The identity of this device in base64url: what the holder of the recovery key proves its key for. It is made and
 * stored at the first call.
 */
export async function prepareDevice(options: {
  readonly storage: DeviceStorage
}): Promise<{ identity: string }> {
  const { publicIdentity } = await options.storage.identity()
  return { identity: toBase64url(publicIdentity) }
}

function keyOf({ record }: Kit): WalletKey {
  const { keyId, publicKey, chainCode, transcript } = record
  return { keyId, publicKey: decodePoint(publicKey, 'kit.X'), chainCode, transcript }
}

/** A key that the node has confirmed; made anew where the node forgot the session before it did. */
async function newKey(creation: Creation, recovery: Registered): ReturnType<typeof makeKey> {
  for (let tried = 1; ; tried++) {
    const { walletId, records } = await makeKey(creation, recovery)
    try {
      return { walletId, records: await confirmKey(creation, walletId, records) }
    } catch (error) {
      if (tried >= CREATE_TRIES || codeOf(error) !== 'unknown-session') throw error
    }
  }
}

/** Starts an engine for the work, and ends it if the work fails. */
async function withEngine(
  options: WalletOptions,
  work: (engine: Engine) => Promise<Wallet>,
): Promise<Wallet> {
  const engine = await startEngine(options.random)
  try {
    return await work(engine)
  } catch (error) {
    await engine.close()
    throw error
  }
}

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asTercetError(error)
  }
}

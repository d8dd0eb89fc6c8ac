// What is a wallet to the application that uses it? Create, open, list, addresses, signatures, the kit, close.

import { evmAddress, joinSignature, serializeSigned, transactionHash } from '@tercet/chains/evm'
import type { Hex } from '@tercet/chains/facts'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { toBase64url } from '@tercet/wire/base64url'
import type { JsonObject } from '@tercet/wire/canonical-json'
import type { Claimed } from './claimed.js'
import { acknowledgeExposure } from './condition.js'
import type { Drill } from './drills.js'
import { asTercetError, throwIfAborted } from './errors.js'
import type { Listener, WalletEvent } from './events.js'
import { fromHex } from './hex.js'
import type { KitCheck } from './kits.js'
import type { Live } from './live.js'
import { openLive } from './opening.js'
import type { CreateOptions, OpenOptions, Signed, SignOptions } from './options.js'
import { listWallets } from './records.js'
import type { JoinOptions } from './recovery/join-options.js'
import type { MoveOptions } from './recovery/move.js'
import type { ChangeOperatorOptions } from './recovery/operator.js'
import { chainOf, chainOfDomain, DEFAULT_PATH, type RequestDraft } from './requests.js'
import type { RecoveryKeyChanged, RecoveryKeyOptions } from './reshare/recovery-key.js'
import type { RefreshOptions } from './reshare/refresh.js'
import { sign } from './signing.js'
import type { DeviceStorage } from './storage/storage.js'
import { unlessAborted } from './waiting.js'

export class Wallet {
  /** base64url of keyId. */
  readonly id: string
  readonly #live: Live

  private constructor(live: Live) {
    this.id = live.walletId
    this.#live = live
  }

  /**
   * Makes a key together with a node. Three exchanges; the share is stored before the node learns that it was made,
   * and the wallet is returned only after it has signed once. @throws TercetError
   */
  static create(options: CreateOptions): Promise<Wallet> {
    return translated(async () => {
      const { createLive } = await import('./creating.js')
      return new Wallet(await createLive(options))
    })
  }

  /** Opens a wallet of this device, and finishes its creation where that was cut off. @throws TercetError */
  static open(options: OpenOptions): Promise<Wallet> {
    return translated(async () => new Wallet(await openLive(options)))
  }

  /**
   * Joins a wallet from a new device: the recovery machine, or the old device, hands it a share over a link. The share is
   * stored before anybody is told; when the rest is cut off, the same call goes on where it stopped. @throws TercetError
   */
  static join(options: JoinOptions): Promise<Wallet> {
    return translated(async () => {
      const { joinLive } = await import('./recovery/join.js')
      return new Wallet(await joinLive(options))
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

  /** The node's address. */
  get node(): string {
    return this.#live.records.meta.node
  }

  /** X, 33 bytes: the account-level public key. */
  get publicKey(): Uint8Array {
    return this.#live.records.kit.record.publicKey.slice()
  }

  /** The EVM address at a path: `m`, or up to five levels such as `m/0/7`. @throws TercetError `malformed` */
  address(path: string = DEFAULT_PATH): Hex {
    try {
      return evmAddress(derive(this.#live.key, parsePath(path)).publicKey)
    } catch (error) {
      throw asTercetError(error)
    }
  }

  /** Signs a request together with the node. @throws TercetError */
  sign(draft: RequestDraft, options: { readonly signal?: AbortSignal } = {}): Promise<Signed> {
    return translated(() => sign(this.#live, draft, options.signal))
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

  /**
   * The recovery kit: canonical JSON, no secret in it. The recovery key opens it. When it is replaced by a newer one,
   * the event `kit-changed` says so.
   */
  recoveryKit({ signal }: Stoppable = {}): Promise<Uint8Array> {
    return translated(async () => {
      throwIfAborted(signal)
      return (await import('./kits.js')).exportKit(this.#live)
    })
  }

  /**
   * Gives device and node new shares of the same key: the address stays, what was stolen before is worthless, the
   * recovery kit changes. A refresh that was cut off is finished by the next one, or when the wallet is opened.
   * @throws TercetError
   */
  refresh(options: RefreshOptions = {}): Promise<void> {
    return translated(async () => (await import('./reshare/refresh.js')).refresh(this.#live, options))
  }

  /**
   * Moves the wallet to another recovery key, in a refresh; the old one opens nothing of it any more. Where the present
   * key does not agree, this is a claim that waits for the wallet's delay: call again, with the same key, when it is
   * ready. @throws TercetError
   */
  changeRecoveryKey(options: RecoveryKeyOptions): Promise<RecoveryKeyChanged> {
    return translated(async () =>
      (await import('./reshare/recovery-key.js')).changeRecoveryKey(this.#live, options),
    )
  }

  /** Who asked to take over this wallet, or to change its recovery key; the newest first. @throws TercetError */
  claims({ signal }: Stoppable = {}): Promise<Claimed[]> {
    return translated(async () => (await import('./claims.js')).listClaims(this.#live, signal))
  }

  /** Stops a claim; a device can do so once in 30 days. @throws TercetError */
  veto(claimId: string, { signal }: Stoppable = {}): Promise<Claimed> {
    return translated(async () => (await import('./claims.js')).vetoClaim(this.#live, claimId, signal))
  }

  /**
   * Checks the receipt of a recovery drill, keeps it, and hands it to the node for its log.
   * @throws TercetError `drill`, whose message says what is wrong with it
   */
  recordDrill(receipt: Uint8Array, { signal }: Stoppable = {}): Promise<Drill> {
    return translated(async () => (await import('./drills.js')).recordDrill(this.#live, receipt, signal))
  }

  /** The last recovery drill that this device has a receipt of. @throws TercetError */
  lastDrill(): Promise<Drill | undefined> {
    return translated(async () => (await import('./drills.js')).lastDrill(this.#live))
  }

  /**
   * The user knows that the key was put together outside, where whoever saw it can spend, and signs nevertheless: to
   * move what the wallet holds. @throws TercetError
   */
  acknowledgeExposure(): Promise<void> {
    return translated(() => acknowledgeExposure(this.#live.storage, this.id))
  }

  /** Compares the device's kit with the node's. @throws TercetError */
  checkKit({ signal }: Stoppable = {}): Promise<KitCheck> {
    return translated(async () => (await import('./kits.js')).checkKit(this.#live, signal))
  }

  /**
   * Tells the listener of what happens from now on, and of what happened before and still stands. The function that is
   * returned ends the subscription.
   */
  on<E extends WalletEvent>(event: E, listener: Listener<E>): () => void {
    const before = import('./standing.js').then(({ standing }) => standing(this.#live, event))
    return this.#live.events.on(event, listener, before)
  }

  /**
   * Takes the wallet to another operator: together with the old node, or with the recovery machine where that is gone.
   * Address and key stay; the old node's share signs nothing any more. @throws TercetError
   */
  changeOperator(options: ChangeOperatorOptions): Promise<void> {
    return translated(async () => {
      const { changeOperator } = await import('./recovery/operator.js')
      return changeOperator(this.#live, options)
    })
  }

  /** What a new device is told by hand before this one hands the wallet over to it. */
  invitation(): Promise<string> {
    return translated(async () => (await import('./recovery/move.js')).invitationOf(this.#live))
  }

  /** Hands the wallet over to a new device, which joins it; this one is refused from then on. @throws TercetError */
  moveTo(options: MoveOptions): Promise<void> {
    return translated(async () => (await import('./recovery/move.js')).moveTo(this.#live, options))
  }

  /** Presignatures that are ready now: signatures of one round trip. */
  get presignatures(): number {
    return this.#live.presigner.ready
  }

  /** Resolves when the pool is full. @throws TercetError */
  ready({ signal }: Stoppable = {}): Promise<void> {
    return translated(async () => {
      throwIfAborted(signal)
      await this.#live.presigner.full(signal)
    })
  }

  /** Drops every presignature and ends the engine. The storage is its owner's to close. */
  close(): Promise<void> {
    return this.#live.close()
  }

  #signJoined(draft: RequestDraft, options: SignOptions): Promise<Signed & { serialized: Hex }> {
    return translated(async () => {
      const signed = await this.sign(draft, options)
      return { ...signed, serialized: joinSignature(signed.signature) }
    })
  }
}

interface Stoppable {
  /** Ends the wait. */
  readonly signal?: AbortSignal
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

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw asTercetError(error)
  }
}

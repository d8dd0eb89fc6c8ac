// What of a wallet lives in this process? Its records, and the pair and the pool that work under them.

import { interpret, type WalletKey } from '@tercet/chains/interpret'
import { decodePoint } from '@tercet/protocol/curve'
import type { SigningInput } from '@tercet/protocol/sign'
import type { Kit } from '@tercet/wire/kit'
import { encodeRequest } from '@tercet/wire/request'
import type { Channel } from './channel.js'
import type { Engine } from './engine/contract.js'
import type { RequestName } from './errors.js'
import { Events } from './events.js'
import type { Signed } from './options.js'
import { Pair } from './pair.js'
import { Presigner } from './presigner.js'
import type { WalletRecords } from './records.js'
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
}

/** What a draft asks for, and the input of the protocol that follows from it. */
export interface Interpreted {
  readonly input: SigningInput
  readonly name: RequestName
  readonly seen: Omit<Signed, 'signature' | 'mode'>
}

export class Live {
  readonly options: LiveOptions
  readonly records: WalletRecords
  readonly key: WalletKey
  readonly pair: Pair
  readonly presigner: Presigner
  readonly events = new Events()
  #closed = false

  constructor(options: LiveOptions, records: WalletRecords) {
    const { walletId, storage, channel, engine, poolSize, monotonic } = options
    this.options = options
    this.records = records
    this.key = keyOf(records.kit)
    this.pair = new Pair({
      walletId,
      record: records.kit.record,
      meta: records.meta,
      share: records.share,
      otSetup: records.otSetup,
      storage,
      channel,
      engine,
      onDrop: () => this.presigner.drop(),
    })
    const { clock } = channel.options
    this.presigner = new Presigner({ pair: this.pair, engine, clock, monotonic, size: poolSize })
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The request of a draft, and what follows from it. @throws Malformed */
  interpret(draft: RequestDraft): Interpreted {
    const { walletId, channel } = this.options
    const { clock, random } = channel.options
    const request = completeDraft(draft, walletId, clock(), random)
    const requestBytes = encodeRequest(request)
    const { digest, tweak, address, summary } = interpret(request, this.key)
    return {
      input: { digest, tweak, request: requestBytes },
      name: { id: request.id, expiresAt: Number(request.expiresAt) },
      seen: { digest: digest.bytes, address, summary, requestBytes },
    }
  }

  /** Drops every presignature and ends the engine. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.presigner.close()
    await this.options.engine.close()
  }
}

/** The public values that an interpretation depends on. */
export function keyOf({ record }: Kit): WalletKey {
  const { keyId, publicKey, chainCode, transcript } = record
  return { keyId, publicKey: decodePoint(publicKey, 'kit.X'), chainCode, transcript }
}

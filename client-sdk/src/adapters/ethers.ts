// How does a wallet look to ethers? As a signer whose signatures are made by two of three shares.

import {
  AbstractSigner,
  type Provider,
  resolveAddress,
  resolveProperties,
  Transaction,
  type TransactionLike,
  type TransactionRequest,
  type TypedDataDomain,
  TypedDataEncoder,
  type TypedDataField,
} from 'ethers'
import { TercetError } from '../errors.js'
import type { Wallet } from '../wallet.js'
import { typedDataRequest } from './typed-data.js'

export interface SignerOptions {
  /** The key's path; `m/0/0` where left out. */
  readonly path?: string
}

/** An ethers signer. Every signature may throw TercetError. */
export class TercetSigner extends AbstractSigner {
  readonly #wallet: Wallet
  readonly #options: SignerOptions

  constructor(wallet: Wallet, options: SignerOptions = {}, provider: Provider | null = null) {
    super(provider)
    this.#wallet = wallet
    this.#options = options
  }

  override async getAddress(): Promise<string> {
    return this.#wallet.address(this.#options.path)
  }

  override connect(provider: Provider | null): TercetSigner {
    return new TercetSigner(this.#wallet, this.#options, provider)
  }

  override async signTransaction(request: TransactionRequest): Promise<string> {
    const { to, from, ...rest } = await resolveProperties({
      ...request,
      to: request.to ? resolveAddress(request.to, this.provider) : undefined,
      from: request.from ? resolveAddress(request.from, this.provider) : undefined,
    })
    if (from !== undefined && from !== (await this.getAddress())) {
      throw new TercetError('malformed', { field: 'from' })
    }
    const fields = { ...rest, ...(to === undefined ? {} : { to }) }
    const transaction = Transaction.from(fields as TransactionLike<string>)
    const { serialized } = await this.#wallet.signTransaction(
      hexOf(transaction.unsignedSerialized),
      this.#options,
    )
    return serialized
  }

  override async signMessage(message: string | Uint8Array): Promise<string> {
    return (await this.#wallet.signMessage(message, this.#options)).serialized
  }

  override async signTypedData(
    domain: TypedDataDomain,
    types: Record<string, TypedDataField[]>,
    value: Record<string, unknown>,
  ): Promise<string> {
    const resolved = await TypedDataEncoder.resolveNames(domain, types, value, async (name) => {
      const address = await this.provider?.resolveName(name)
      if (!address) throw new TercetError('malformed', { field: 'payload' })
      return address
    })
    const { primaryType } = TypedDataEncoder.from(types)
    const request = typedDataRequest({ types, primaryType, domain: resolved.domain, message: resolved.value })
    return (await this.#wallet.signTypedData(request, this.#options)).serialized
  }
}

function hexOf(text: string): `0x${string}` {
  return `0x${text.slice(2)}`
}

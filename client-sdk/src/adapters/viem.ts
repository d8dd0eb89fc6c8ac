// How does a wallet look to viem? As a local account whose signatures are made by two of three shares.

import { hexToBytes, type LocalAccount, type SerializeTransactionFn, serializeTransaction } from 'viem'
import { toAccount } from 'viem/accounts'
import { toHex } from '../hex.js'
import type { Wallet } from '../wallet.js'
import { typedDataRequest } from './typed-data.js'

export interface AccountOptions {
  /** The key's path; `m/0/0` where left out. */
  readonly path?: string
}

/**
 * A viem account for `createWalletClient` and contract calls. Transactions, messages and typed data are signed
 * together with the node; raw hashes are not signed. Every call may throw TercetError.
 */
export function viemAccount(wallet: Wallet, options: AccountOptions = {}): LocalAccount<'tercet'> {
  const at = options.path === undefined ? {} : { path: options.path }
  const account = toAccount({
    address: wallet.address(options.path),
    async signMessage({ message }) {
      const text = typeof message === 'string' ? message : bytesOf(message.raw)
      return (await wallet.signMessage(text, at)).serialized
    },
    async signTransaction(transaction, given) {
      const serializer: SerializeTransactionFn = given?.serializer ?? serializeTransaction
      const unsigned = await serializer(transaction)
      return (await wallet.signTransaction(unsigned, at)).serialized
    },
    async signTypedData(typedData) {
      const { types, primaryType, domain, message } = typedData
      const request = typedDataRequest({ types, primaryType, domain: domain ?? {}, message })
      return (await wallet.signTypedData(request, at)).serialized
    },
  })
  return { ...account, source: 'tercet', publicKey: toHex(wallet.publicKey) }
}

function bytesOf(raw: `0x${string}` | Uint8Array): Uint8Array {
  return typeof raw === 'string' ? hexToBytes(raw) : raw
}

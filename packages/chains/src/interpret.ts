// What does a request sign, under which child key, and what do policy and the person get to see of it?
// (product.md 5; SPEC 1.2, 4.6). Device, node and recovery program derive all of it with this code.

import { sha256 } from '@noble/hashes/sha2.js'
import { concat } from '@tercet/protocol/bytes'
import type { Point } from '@tercet/protocol/curve'
import { derive, parsePath, type Tweak } from '@tercet/protocol/derivation'
import { Malformed } from '@tercet/protocol/errors'
import { type Digest, digest } from '@tercet/protocol/sign'
import { stringToBytes } from 'viem/utils'
import { readBase64url, writeBase64url } from './encoding.js'
import { evmAddress } from './evm/address.js'
import { readChainId } from './evm/chain.js'
import { readMessage } from './evm/message.js'
import { readTransaction } from './evm/transaction.js'
import { readTypedData } from './evm/typed-data.js'
import type { Facts, Hex } from './facts.js'
import { type Summary, summarize } from './summary.js'

/** The members of a signing request that determine what is signed; a decoded request of the wire is one. */
export interface ChainRequest {
  /** base64url of keyId */
  readonly walletId: string
  /** `m` or `m/0/7` */
  readonly path: string
  /** CAIP-2: `eip155:1`; of no importance to a self-test or a raw digest. */
  readonly chain: string
  readonly kind: string
  /**
   * evm-transaction: base64url of the unsigned serialized transaction. evm-message: base64url of the bytes.
   * evm-typed-data: the object. self-test: the empty string. raw-digest: base64url of 32 bytes.
   */
  readonly payload: unknown
}

/** The public values of a wallet that an interpretation depends on. */
export interface WalletKey {
  /** 32 bytes */
  readonly keyId: Uint8Array
  readonly publicKey: Point
  /** 32 bytes */
  readonly chainCode: Uint8Array
  /** Tr, 32 bytes: what the self-test signs. */
  readonly transcript: Uint8Array
}

export interface Interpretation {
  /** What ECDSA signs; always computed from the request (but for `raw-digest`, which says so in its facts). */
  readonly digest: Digest
  readonly tweak: Tweak
  readonly childKey: Point
  /** The child key's address, EIP-55. */
  readonly address: Hex
  /** For policy. */
  readonly facts: Facts
  /** For people. */
  readonly summary: Summary
}

/**
 * Everything that follows from a request. Pure: both sides get the same or both refuse.
 * @throws Malformed naming the field (`request.payload.nonce`), never its value
 */
export function interpret(request: ChainRequest, wallet: WalletKey): Interpretation {
  try {
    if (request.walletId !== writeBase64url(wallet.keyId)) throw new Malformed('walletId')
    const path = parsePath(request.path)
    const { hash, facts } = read(request, wallet)
    const { tweak, publicKey } = derive(wallet, path)
    const address = evmAddress(publicKey)
    return {
      digest: digest(hash),
      tweak,
      childKey: publicKey,
      address,
      facts,
      summary: summarize(facts, address),
    }
  } catch (error) {
    throw error instanceof Malformed ? new Malformed(`request.${error.field}`) : error
  }
}

function read(
  request: ChainRequest,
  wallet: WalletKey,
): { readonly hash: Uint8Array; readonly facts: Facts } {
  const { kind, chain, payload } = request
  switch (kind) {
    case 'evm-transaction': {
      const { digest, facts } = readTransaction(readBase64url(payload, 'payload'), readChainId(chain))
      return { hash: digest, facts }
    }
    case 'evm-message': {
      const { digest, facts } = readMessage(readBase64url(payload, 'payload'), readChainId(chain))
      return { hash: digest, facts }
    }
    case 'evm-typed-data': {
      const { digest, facts } = readTypedData(payload, readChainId(chain))
      return { hash: digest, facts }
    }
    case 'self-test':
      if (request.path !== 'm') throw new Malformed('path')
      if (payload !== '') throw new Malformed('payload')
      return { hash: selfTestDigest(wallet), facts: { kind } }
    case 'raw-digest': {
      const hash = readBase64url(payload, 'payload')
      if (hash.length !== 32) throw new Malformed('payload')
      return { hash, facts: { kind } }
    }
    default:
      throw new Malformed('kind')
  }
}

/** SHA256("mpc/v1/selftest" || keyId || Tr). (SPEC 1.2) */
function selfTestDigest({ keyId, transcript }: WalletKey): Uint8Array {
  // Of the library that the protocol hashes with: viem's would bring a second SHA-256 into every page.
  return sha256(concat(stringToBytes('mpc/v1/selftest'), keyId, transcript))
}

// How does what a caller wants signed become the request document that device and node both interpret?

import { Malformed } from '@tercet/protocol/errors'
import type { Random } from '@tercet/protocol/random'
import { toBase64url } from '@tercet/wire/base64url'
import type { JsonObject } from '@tercet/wire/canonical-json'
import type { Kind, SigningRequest } from '@tercet/wire/request'

interface DraftCommon {
  /** `m/0/0` where left out. */
  readonly path?: string
  /**
   * Names the request; random where left out. To try again what may already have been counted against a limit,
   * repeat `id` and `expiresAt`.
   */
  readonly id?: string
  /** Unix seconds; five minutes from now where left out. */
  readonly expiresAt?: number
}

/** What to sign. The payload's form follows from the kind. */
export type RequestDraft = DraftCommon &
  (
    | {
        /** Payload: base64url of the unsigned serialized transaction, of the message, or of a digest. */
        readonly kind: Exclude<Kind, 'evm-typed-data' | 'self-test'>
        /** CAIP-2: `eip155:1` */
        readonly chain: string
        readonly payload: string
      }
    | { readonly kind: 'evm-typed-data'; readonly chain: string; readonly payload: JsonObject }
    | { readonly kind: 'self-test' }
  )

export const DEFAULT_PATH = 'm/0/0'
const LIFETIME_SECONDS = 300
const ID_BYTES = 16

/** The request of a draft, with what was left out filled in. */
export function completeDraft(
  draft: RequestDraft,
  walletId: string,
  now: number,
  random: Random,
): SigningRequest {
  const common = {
    id: draft.id ?? toBase64url(random(ID_BYTES)),
    walletId,
    expiresAt: String(draft.expiresAt ?? Math.floor(now / 1000) + LIFETIME_SECONDS),
  }
  if (draft.kind === 'self-test')
    return { ...common, path: 'm', chain: 'none', kind: 'self-test', payload: '' }
  const path = draft.path ?? DEFAULT_PATH
  if (draft.kind === 'evm-typed-data') {
    return { ...common, path, chain: draft.chain, kind: draft.kind, payload: draft.payload }
  }
  return { ...common, path, chain: draft.chain, kind: draft.kind, payload: draft.payload }
}

/** The chain that an unsigned transaction names, as CAIP-2. Everything else in it is checked where it is interpreted. */
export function chainOf(unsigned: Uint8Array): string {
  const typed = unsigned[0] === 1 || unsigned[0] === 2
  // Typed transactions begin with the chain id; a legacy one has it in the seventh place. (EIP-2718, EIP-155)
  const field = rlpItem(typed ? unsigned.subarray(1) : unsigned, typed ? 0 : 6)
  if (field.length === 0 || field.length > 8) throw new Malformed('payload.chainId')
  return `eip155:${field.reduce((n, byte) => n * 256n + BigInt(byte), 0n)}`
}

/** The chain that typed data names in its domain; the Ethereum main net where it names none. */
export function chainOfDomain(typedData: JsonObject): string {
  const { domain } = typedData
  if (typeof domain !== 'object' || domain === null || !('chainId' in domain)) return 'eip155:1'
  return `eip155:${String(domain['chainId'])}`
}

/** The content of the n-th item of an RLP list. */
function rlpItem(list: Uint8Array, n: number): Uint8Array {
  let rest = rlpHead(list, 0xc0).content
  for (let i = 0; i < n; i++) rest = rlpHead(rest, 0x80).after
  return rlpHead(rest, 0x80).content
}

function rlpHead(bytes: Uint8Array, base: 0x80 | 0xc0): { content: Uint8Array; after: Uint8Array } {
  const first = bytes[0]
  if (first === undefined || (base === 0xc0 && first < 0xc0)) throw new Malformed('payload')
  if (first < 0x80) return { content: bytes.subarray(0, 1), after: bytes.subarray(1) }
  const kind = first < 0xc0 ? 0x80 : 0xc0
  const size = first - kind
  const lengthBytes = size > 55 ? size - 55 : 0
  const length = bytes.subarray(1, 1 + lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0)
  const start = 1 + lengthBytes
  const end = start + (size > 55 ? length : size)
  if (end > bytes.length) throw new Malformed('payload')
  return { content: bytes.subarray(start, end), after: bytes.subarray(end) }
}

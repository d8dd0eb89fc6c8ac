// What does a user ask to have signed, in the one encoding whose hash both sides use? (SPEC 4.3, 4.4)

import { parsePath } from '@tercet/protocol/derivation'
import { Malformed } from '@tercet/protocol/errors'
import { TH } from '@tercet/protocol/transcript'
import * as z from 'zod/mini'
import { fromBase64url } from './base64url.js'
import { canonicalize, type JsonObject, parseCanonical } from './canonical-json.js'
import { parseWith } from './schema.js'

/** Every kind of request of this version. `raw-digest` exists so that a policy can refuse it by name. */
export const KINDS = ['evm-transaction', 'evm-message', 'evm-typed-data', 'self-test', 'raw-digest'] as const
export type Kind = (typeof KINDS)[number]

/** Largest encoding of a request, in bytes. */
export const MAX_REQUEST_BYTES = 65_536

interface Common {
  /** Chosen by the caller: 1 to 64 letters, digits, `-` or `_`. A denial is final for it. */
  readonly id: string
  /** base64url of keyId. */
  readonly walletId: string
  /** `m` or `m/0/7`: non-hardened, at most 5 levels, relative to the wallet's public key. */
  readonly path: string
  /** CAIP-2, `eip155:1`; `none` for a self-test or a digest of no chain. */
  readonly chain: string
  /** Unix seconds, decimal. */
  readonly expiresAt: string
}

/** The unsigned serialized transaction, base64url. */
export interface EvmTransactionRequest extends Common {
  readonly kind: 'evm-transaction'
  readonly payload: string
}
/** The message of EIP-191, base64url of its bytes. */
export interface EvmMessageRequest extends Common {
  readonly kind: 'evm-message'
  readonly payload: string
}
/** The typed data of EIP-712 as an object; integers beyond the safe range are decimal strings. */
export interface EvmTypedDataRequest extends Common {
  readonly kind: 'evm-typed-data'
  readonly payload: JsonObject
}
/** The signature that proves a new key; it has no payload and no path. */
export interface SelfTestRequest extends Common {
  readonly kind: 'self-test'
  readonly payload: ''
}
/** 32 bytes, base64url. */
export interface RawDigestRequest extends Common {
  readonly kind: 'raw-digest'
  readonly payload: string
}

export type SigningRequest =
  | EvmTransactionRequest
  | EvmMessageRequest
  | EvmTypedDataRequest
  | SelfTestRequest
  | RawDigestRequest

const EIP155 = /^eip155:[1-9][0-9]{0,31}$/
const CAIP2_OR_NONE = /^(none|[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32})$/

const common = {
  id: z.string().check(z.regex(/^[A-Za-z0-9_-]{1,64}$/)),
  walletId: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  path: z.string().check(z.regex(/^m(\/(0|[1-9][0-9]{0,9})){0,5}$/)),
  expiresAt: z.string().check(z.regex(/^(0|[1-9][0-9]{0,14})$/)),
}
const evmChain = z.string().check(z.regex(EIP155))
const text = z.string().check(z.regex(/^[A-Za-z0-9_-]*$/))

const schema = z.discriminatedUnion('kind', [
  z.strictObject({ ...common, chain: evmChain, kind: z.literal('evm-transaction'), payload: text }),
  z.strictObject({ ...common, chain: evmChain, kind: z.literal('evm-message'), payload: text }),
  z.strictObject({
    ...common,
    chain: evmChain,
    kind: z.literal('evm-typed-data'),
    payload: z.custom<JsonObject>((v) => typeof v === 'object' && v !== null && !Array.isArray(v)),
  }),
  z.strictObject({
    ...common,
    path: z.literal('m'),
    chain: z.literal('none'),
    kind: z.literal('self-test'),
    payload: z.literal(''),
  }),
  z.strictObject({
    ...common,
    chain: z.string().check(z.regex(CAIP2_OR_NONE)),
    kind: z.literal('raw-digest'),
    payload: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  }),
])

/** The request's canonical bytes. Throws Malformed (with the field) if it is not a request {@link decodeRequest} accepts. */
export function encodeRequest(request: SigningRequest): Uint8Array {
  const bytes = canonicalize({ ...request }, 'request')
  decodeRequest(bytes)
  return bytes
}

/** Reads a request from its canonical bytes; every other spelling is Malformed, with the field named. */
export function decodeRequest(bytes: Uint8Array): SigningRequest {
  const request = parseWith(schema, parseCanonical(bytes, 'request', MAX_REQUEST_BYTES), 'request')
  fromBase64url(request.walletId, 'request.walletId', 32)
  try {
    parsePath(request.path)
  } catch {
    throw new Malformed('request.path')
  }
  if (request.kind === 'raw-digest') fromBase64url(request.payload, 'request.payload', 32)
  else if (request.kind !== 'evm-typed-data') fromBase64url(request.payload, 'request.payload')
  if (request.kind === 'evm-transaction' && request.payload === '') throw new Malformed('request.payload')
  return request
}

/** `TH("request", bytes)` over the canonical bytes, 32 bytes. */
export function requestHash(bytes: Uint8Array): Uint8Array {
  return TH('request', bytes)
}

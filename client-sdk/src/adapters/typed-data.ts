// How does typed data of an application become the JSON of a request? Big integers as decimal strings, bytes as hex.

import { Malformed } from '@tercet/protocol/errors'
import type { Json, JsonObject } from '@tercet/wire/canonical-json'
import { toHex } from '../hex.js'

export interface TypedDataInput {
  readonly types: unknown
  readonly primaryType: unknown
  readonly domain: unknown
  readonly message: unknown
}

/** The payload of an `evm-typed-data` request. A domain type that the application gives stays as it is. @throws Malformed */
export function typedDataRequest({ types, primaryType, domain, message }: TypedDataInput): JsonObject {
  return {
    types: toJson(types),
    primaryType: toJson(primaryType),
    domain: toJson(domain),
    message: toJson(message),
  }
}

function toJson(value: unknown): Json {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : String(value)
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value
  if (value instanceof Uint8Array) return toHex(value)
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value !== 'object' || value === undefined) throw new Malformed('payload')
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([key, member]) => [key, toJson(member)]))
}

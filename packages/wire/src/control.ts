// What do the node's plain JSON answers say? Who the node is, and whether it lives. (product, HTTP)

import * as z from 'zod/mini'
import { toBase64url } from './base64url.js'
import { canonicalize, parseCanonical } from './canonical-json.js'
import { bytesOf, decimal, parseWith } from './schema.js'

/** The answer to `GET /v1/identity`. */
export interface IdentityDocument {
  readonly version: 1
  readonly suite: 'secp256k1'
  readonly protocolVersion: 1
  /** The node's identity, 34 bytes. A client pins it at keygen. */
  readonly identity: Uint8Array
  /** The node's public address, as it will stand in recovery kits. */
  readonly address: string
  /** Hash of the policy that a new wallet starts with, 32 bytes. */
  readonly policyHash: Uint8Array
  /** The node's clock, unix seconds. */
  readonly time: number
}

const identitySchema = z.strictObject({
  version: z.literal(1),
  suite: z.literal('secp256k1'),
  protocolVersion: z.literal(1),
  identity: bytesOf(34),
  address: z.string().check(z.maxLength(512)),
  policyHash: bytesOf(32),
  time: decimal(),
})

export function encodeIdentityDocument(value: IdentityDocument): Uint8Array {
  return canonicalize(
    {
      ...value,
      identity: toBase64url(value.identity),
      policyHash: toBase64url(value.policyHash),
      time: String(value.time),
    },
    'identity',
  )
}

/** Throws Malformed with the field named. */
export function decodeIdentityDocument(bytes: Uint8Array): IdentityDocument {
  return parseWith(identitySchema, parseCanonical(bytes, 'identity', 4096), 'identity')
}

/** The answer to `/health` and `/ready`. */
export interface Health {
  readonly status: 'ok' | 'draining' | 'unavailable'
}

const healthSchema = z.strictObject({ status: z.enum(['ok', 'draining', 'unavailable']) })

export function encodeHealth(value: Health): Uint8Array {
  return canonicalize({ status: value.status }, 'health')
}

/** Throws Malformed with the field named. */
export function decodeHealth(bytes: Uint8Array): Health {
  return parseWith(healthSchema, parseCanonical(bytes, 'health', 4096), 'health')
}

// What does a device ask of the recovery machine when it leaves the node out? A request, and for which generation of shares.

import * as z from 'zod/mini'
import { fromBase64url, toBase64url } from './base64url.js'
import { canonicalize, parseCanonical } from './canonical-json.js'
import { MAX_FRAME_BYTES } from './link.js'
import { bytesOf, decimal, parseWith } from './schema.js'

/** The generation of shares that a device holds: compared before any work is done. */
export interface Generation {
  /** keyId, 32 bytes */
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly attempt: number
  /** Tr, 32 bytes */
  readonly transcript: Uint8Array
}

/** The body of a `request` frame: what is to be signed, and the first message of the OT setup that this takes. */
export interface ExitRequest extends Generation {
  /** The canonical signing request. */
  readonly request: Uint8Array
  /** `ot.req1` */
  readonly message: Uint8Array
}

const generation = { walletId: bytesOf(32), epoch: decimal(), attempt: decimal(), Tr: bytesOf(32) }
const text = z.string().check(z.maxLength(MAX_FRAME_BYTES))
const requestSchema = z.strictObject({ version: z.literal(1), ...generation, request: text, message: text })
const generationSchema = z.strictObject({ version: z.literal(1), ...generation })

export function encodeExitRequest(value: ExitRequest): Uint8Array {
  const { request, message } = value
  return canonicalize(
    { ...members(value), request: toBase64url(request), message: toBase64url(message) },
    'exit',
  )
}

/** Throws Malformed with the field named. */
export function decodeExitRequest(bytes: Uint8Array): ExitRequest {
  const fields = parseWith(requestSchema, parseCanonical(bytes, 'exit', MAX_FRAME_BYTES), 'exit')
  return {
    ...generationOf(fields),
    request: fromBase64url(fields.request, 'exit.request'),
    message: fromBase64url(fields.message, 'exit.message'),
  }
}

/** The body of an `assemble` frame. */
export function encodeGeneration(value: Generation): Uint8Array {
  return canonicalize(members(value), 'exit')
}

/** Throws Malformed with the field named. */
export function decodeGeneration(bytes: Uint8Array): Generation {
  return generationOf(parseWith(generationSchema, parseCanonical(bytes, 'exit', 4096), 'exit'))
}

function members({ keyId, epoch, attempt, transcript }: Generation) {
  return {
    version: 1,
    walletId: toBase64url(keyId),
    epoch: String(epoch),
    attempt: String(attempt),
    Tr: toBase64url(transcript),
  }
}

function generationOf(fields: z.output<typeof generationSchema>): Generation {
  const { walletId, epoch, attempt, Tr } = fields
  return { keyId: walletId, epoch, attempt, transcript: Tr }
}

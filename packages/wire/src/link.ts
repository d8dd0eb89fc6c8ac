// What does one message between a device and a recovery machine look like? A signed frame, chained to the one before it.

import { IDENTITY_BYTES } from '@tercet/protocol/session'
import * as z from 'zod/mini'
import { fromBase64url, toBase64url } from './base64url.js'
import { canonicalize, type JsonObject, parseCanonical } from './canonical-json.js'
import { type Identity, signTagged, verifyTagged } from './identity.js'
import { bytesOf, parseWith } from './schema.js'

/** Largest frame, in bytes: a handover with its kit fits. */
export const MAX_FRAME_BYTES = 262_144
/** Length of a session's name, drawn by the party that sends the first frame. */
export const SESSION_BYTES = 16

/** Every frame there is; a message of the protocol travels under its own name. */
export const FRAME_TYPES = [
  // a signature without the node
  'request',
  'ot.req1',
  'ot.res1',
  'ot.req2',
  'ot.res2',
  'fresh.req1',
  'fresh.res1',
  'fresh.req2',
  'fresh.res2',
  // the key put together
  'assemble',
  'assemble.key',
  'assemble.share',
  'assemble.done',
  // a newcomer, and a reshare between device and recovery machine
  'join',
  'invitation',
  'offer',
  'handover',
  'ack',
  'committed',
  'replace.req1',
  'replace.res1',
  'replace.req2',
  'replace.res2',
  // the end, with its reason; whoever sends it sends nothing more
  'stopped',
] as const
export type FrameType = (typeof FRAME_TYPES)[number]

/** Why one side ended a session; the other side's program has the words. */
export const STOP_REASONS = [
  'done',
  'refused',
  'malformed',
  'expired',
  'other-wallet',
  'other-epoch',
  'raw-digest',
  'unexpected',
  'fault',
  'aborted',
  'vetoed',
  'waiting',
] as const
export type StopReason = (typeof STOP_REASONS)[number]

/** What a frame says, but for its signature. */
export interface FrameFields {
  /** 16 bytes */
  readonly session: Uint8Array
  /** Identity of the sender, 34 bytes. */
  readonly from: Uint8Array
  /** Identity of the receiver, 34 bytes. */
  readonly to: Uint8Array
  /** Counts the frames of both sides together, from 1. */
  readonly step: number
  readonly type: FrameType
  /** SHA-256 of the frame before it, 32 zero bytes at first. */
  readonly previous: Uint8Array
  readonly body: Uint8Array
}

/** A frame that was read; its signature is not checked yet. */
export interface Frame extends FrameFields {
  readonly signature: Uint8Array
}

const schema = z.strictObject({
  version: z.literal(1),
  session: bytesOf(SESSION_BYTES),
  from: bytesOf(IDENTITY_BYTES),
  to: bytesOf(IDENTITY_BYTES),
  step: z.int().check(z.minimum(1), z.maximum(9999)),
  type: z.enum(FRAME_TYPES),
  previous: bytesOf(32),
  body: z.string().check(z.maxLength(MAX_FRAME_BYTES)),
  signature: bytesOf(64),
})

/** Signs a frame and gives its canonical bytes. `from` is the signer's own identity. @throws Malformed when it is too large */
export async function encodeFrame(
  identity: Identity,
  fields: Omit<FrameFields, 'from'>,
): Promise<Uint8Array> {
  const document = documentOf({ ...fields, from: identity.publicIdentity })
  const signature = await signTagged(identity, 'sig/link', canonicalize(document, 'frame'))
  const bytes = canonicalize({ ...document, signature: toBase64url(signature) }, 'frame')
  decodeFrame(bytes)
  return bytes
}

/** Reads a frame: canonical bytes only, exact fields. @throws Malformed naming the field */
export function decodeFrame(bytes: Uint8Array): Frame {
  const {
    version: _,
    body,
    ...fields
  } = parseWith(schema, parseCanonical(bytes, 'frame', MAX_FRAME_BYTES), 'frame')
  return { ...fields, body: fromBase64url(body, 'frame.body') }
}

/** Whether the frame's signature is its sender's. */
export function verifyFrame({ signature, ...fields }: Frame): Promise<boolean> {
  return verifyTagged(fields.from, signature, 'sig/link', canonicalize(documentOf(fields), 'frame'))
}

/** SHA-256 of a frame's bytes, to which the next frame is chained. */
export async function hashOfFrame(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
}

/** The name of the frame's file where frames are carried as files: `07-handover.json`. @throws Malformed */
export function frameFileName(bytes: Uint8Array): string {
  const { step, type } = decodeFrame(bytes)
  return `${String(step).padStart(2, '0')}-${type}.json`
}

/** The step that a frame's file is named after; undefined for every other file. */
export function stepOfFileName(name: string): number | undefined {
  const [, step, type] = /^(\d{2,4})-([a-z0-9.]+)\.json$/.exec(name) ?? []
  return FRAME_TYPES.some((known) => known === type) ? Number(step) : undefined
}

/** The body of a `stopped` frame. */
export function encodeStop(reason: StopReason): Uint8Array {
  return new TextEncoder().encode(reason)
}

/** The reason in a `stopped` frame; undefined where this version knows none of that name. */
export function decodeStop(body: Uint8Array): StopReason | undefined {
  const text = new TextDecoder().decode(body)
  return STOP_REASONS.find((known) => known === text)
}

function documentOf({ session, from, to, step, type, previous, body }: FrameFields): JsonObject {
  const b = toBase64url
  return {
    version: 1,
    session: b(session),
    from: b(from),
    to: b(to),
    step,
    type,
    previous: b(previous),
    body: b(body),
  }
}

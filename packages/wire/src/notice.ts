// What does the node tell the world about a claim? The body of its signed webhook. (SPEC 5.4)

import * as z from 'zod/mini'
import { toBase64url } from './base64url.js'
import { canonicalize, parseCanonical } from './canonical-json.js'
import { CLAIM_KINDS, type ClaimKind } from './claim.js'
import { bytesOf, decimal, parseWith } from './schema.js'

export const NOTICE_EVENTS = [
  'recovery-claimed',
  'recovery-vetoed',
  'recovery-superseded',
  'recovery-expired',
  'recovery-done',
] as const
export type NoticeEvent = (typeof NOTICE_EVENTS)[number]

export interface Notice {
  readonly version: 1
  readonly event: NoticeEvent
  /** base64url of keyId */
  readonly walletId: string
  /** 32 bytes */
  readonly claimHash: Uint8Array
  readonly kind: ClaimKind
  /** id'_1, 34 bytes */
  readonly newDevice: Uint8Array | null
  readonly delaySeconds: number
  /** Unix seconds of the event. */
  readonly time: number
}

const schema = z.strictObject({
  version: z.literal(1),
  event: z.enum(NOTICE_EVENTS),
  walletId: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  claimHash: bytesOf(32),
  kind: z.enum(CLAIM_KINDS),
  newDevice: z.nullable(bytesOf(34)),
  delaySeconds: decimal(),
  time: decimal(),
})

export function encodeNotice(notice: Notice): Uint8Array {
  const document = {
    ...notice,
    claimHash: toBase64url(notice.claimHash),
    newDevice: notice.newDevice === null ? null : toBase64url(notice.newDevice),
    delaySeconds: String(notice.delaySeconds),
    time: String(notice.time),
  }
  return canonicalize(document, 'notice')
}

/** Throws Malformed with the field named. Whose signature the request must carry is the receiver's to know. */
export function decodeNotice(bytes: Uint8Array): Notice {
  return parseWith(schema, parseCanonical(bytes, 'notice', 4096), 'notice')
}

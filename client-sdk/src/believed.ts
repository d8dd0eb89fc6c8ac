// Which answers of a node are believed, and after which is the same message sent again? (SPEC 0.4, 0.5, 4.4)

import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '@tercet/protocol/bytes'
import type { Code } from '@tercet/wire/codes'
import type { Context } from '@tercet/wire/context'
import type { EndpointName } from '@tercet/wire/endpoints'
import type { Authenticated } from '@tercet/wire/http-signature'
import type { Identity } from '@tercet/wire/identity'
import type { Problem } from '@tercet/wire/problem'
import { TercetError } from './errors.js'

/** A node that asks for a longer pause than this is answered with an error instead. */
const MAX_ASKED_PAUSE_SECONDS = 10
const REPEATED: ReadonlySet<Code> = new Set(['busy', 'storage', 'replayed', 'rate-limited'])
/** What a node says to whom it does not know, and no more. */
export const AT_THE_GATE: ReadonlySet<Code> = new Set(['unauthenticated', 'too-large'])

/** Whether an authenticated message is the pinned cosigner's answer to this very message. */
export function isAnswerTo(
  message: Authenticated,
  sent: Context,
  cosigner: Uint8Array,
  own: Identity,
  body: Uint8Array,
): boolean {
  const { context } = message
  return (
    equalBytes(message.identity, cosigner) &&
    equalBytes(context.idTo, own.publicIdentity) &&
    equalBytes(context.keyId, sent.keyId) &&
    context.epoch === sent.epoch &&
    context.opType === sent.opType &&
    equalBytes(context.sessionId, sent.sessionId) &&
    context.step === sent.step + 1 &&
    equalBytes(context.prevMsgHash, sha256(body))
  )
}

/**
 * Whether a problem may come under another nonce than the message's: the node gives it before it knows the sender, so
 * anyone who has seen the message can have provoked it. It makes the device send the same bytes again and no more.
 */
export function mayBeUntied({ code }: Problem): boolean {
  return code === 'clock' || REPEATED.has(code)
}

/**
 * Whether the same bytes may be sent again after this problem: the node has not acted on them. What asks for a signature
 * share is not among them after `storage`: the presignature behind it is spent. (SPEC 4.4)
 */
export function repeats(name: EndpointName, { code, retryAfterSeconds = 0 }: Problem): boolean {
  if (code === 'storage' && (name === 'sign' || name === 'fresh.open')) return false
  return REPEATED.has(code) && retryAfterSeconds <= MAX_ASKED_PAUSE_SECONDS
}

export function problemError({ code, field, id }: Problem): TercetError {
  return new TercetError(code, {
    ...(field === undefined ? {} : { field }),
    ...(id === undefined ? {} : { incident: id }),
  })
}

// How does a message become a step of its session, exactly once? (SPEC 0.5; invariant I23)

import { sha256 } from '@noble/hashes/sha2.js'
import { concat, equalBytes, isZero } from '@tercet/protocol/bytes'
import type { OpType } from '@tercet/protocol/session'
import { sessionId } from '@tercet/protocol/session'
import { toBase64url } from '@tercet/wire/base64url'
import { MESSAGE_CONTENT_TYPE } from '@tercet/wire/endpoints'
import type { Authenticated } from '@tercet/wire/http-signature'
import { isPassing, problemReply, tell } from './http/problems.js'
import type { Node } from './node.js'
import { Refusal } from './refusal.js'
import type { Kept, Reply, Session, Sessions } from './sessions.js'

/** An authenticated message to one endpoint. */
export interface Incoming {
  readonly auth: Authenticated
  readonly body: Uint8Array
  /** The network that it came from; empty where nobody knows. */
  readonly source: string
}

/** `SHA256(sessionId, step, body)`: never over transport headers, so that a retry may carry a new signature. */
export function repeatHash({ auth, body }: Incoming): string {
  const { sessionId, step } = auth.context
  return toBase64url(sha256(concat(sessionId, Uint8Array.of(step), body)))
}

/** The session's name must follow from the first message. @throws Refusal `mismatch` */
export function assertSessionId(
  node: Node,
  { auth }: Incoming,
  opType: OpType | 'control',
  nonce: Uint8Array,
): void {
  const { context, identity } = auth
  const expected = sessionId(opType, nonce, identity, node.identity.publicIdentity)
  if (!equalBytes(context.sessionId, expected)) throw new Refusal('mismatch', { field: 'context.session-id' })
  if (!isZero(context.prevMsgHash)) throw new Refusal('mismatch', { field: 'context.prev-msg-hash' })
}

export interface Opening<Data> {
  readonly opType: OpType
  /** The initiator's nonce in Req1. */
  readonly nonce: Uint8Array
  /** base64url of keyId, or empty for keygen */
  readonly wallet: string
  readonly data: Data
  readonly seconds: number
}

/** Step 1: opens a session and answers, or repeats the answer. */
export async function firstStep<Data>(
  node: Node,
  sessions: Sessions<Data>,
  incoming: Incoming,
  { opType, nonce, wallet, data, seconds }: Opening<Data>,
  work: (session: Session<Data>) => Promise<Uint8Array>,
): Promise<Reply> {
  assertSessionId(node, incoming, opType, nonce)
  const id = toBase64url(incoming.auth.context.sessionId)
  const device = toBase64url(incoming.auth.identity)
  const known = sessions.find(id, device)
  if (known !== undefined) return repeat(sessions, known, 1, repeatHash(incoming))
  const session = sessions.create({ id, opType, device, wallet, data }, seconds)
  return run(node, sessions, session, incoming, false, work)
}

/** A later step of a known session, or a repeat of its answer. */
export async function nextStep<Data>(
  node: Node,
  sessions: Sessions<Data>,
  incoming: Incoming,
  wallet: string,
  last: boolean,
  work: (session: Session<Data>) => Promise<Uint8Array>,
): Promise<Reply> {
  const { context, identity } = incoming.auth
  const session = sessions.find(toBase64url(context.sessionId), toBase64url(identity))
  if (session === undefined || session.opType !== context.opType || session.wallet !== wallet) {
    throw new Refusal('unknown-session')
  }
  if (session.kept.has(context.step)) return repeat(sessions, session, context.step, repeatHash(incoming))
  if (!session.open) throw new Refusal(session.ended)
  if (session.next !== context.step) throw new Refusal('mismatch', { field: 'context.step' })
  if (!equalBytes(session.previous, context.prevMsgHash)) {
    throw new Refusal('mismatch', { field: 'context.prev-msg-hash' })
  }
  return run(node, sessions, session, incoming, last, work)
}

function repeat<Data>(
  sessions: Sessions<Data>,
  session: Session<Data>,
  step: number,
  hash: string,
): Promise<Reply> {
  const kept = session.kept.get(step)
  if (kept?.requestHash !== hash) {
    // A conflicting body kills an unfinished session, never an answer that was given.
    sessions.end(session)
    throw new Refusal('conflict')
  }
  if (kept.reply === undefined) throw new Refusal('unknown-session')
  return kept.reply
}

async function run<Data>(
  node: Node,
  sessions: Sessions<Data>,
  session: Session<Data>,
  incoming: Incoming,
  last: boolean,
  work: (session: Session<Data>) => Promise<Uint8Array>,
): Promise<Reply> {
  const { step } = incoming.auth.context
  session.next = 0
  const reply = answer(node, sessions, session, step, last, work)
  const kept: Kept = { requestHash: repeatHash(incoming), reply, bytes: 0 }
  session.kept.set(step, kept)
  const { body } = await reply
  kept.bytes = body.length
  return reply
}

async function answer<Data>(
  node: Node,
  sessions: Sessions<Data>,
  session: Session<Data>,
  step: number,
  last: boolean,
  work: (session: Session<Data>) => Promise<Uint8Array>,
): Promise<Reply> {
  let body: Uint8Array
  try {
    body = await work(session)
    // Ended meanwhile, by a burn or a conflicting message: what was computed must not leave.
    assertOpen(session)
  } catch (error) {
    const problem = tell(node, error)
    if (problem.code === 'busy' && session.open && step > 1) {
      // Said before a step takes its state: the same message may come again.
      session.kept.delete(step)
      session.next = step
      return problemReply(problem)
    }
    // Ended while a read was waited for: the state that was made afterwards would stay for ever.
    sessions.dropLate(session)
    // A first message that failed leaves nothing behind; a later one spent the state, and its answer is kept.
    if (step === 1) sessions.remove(session)
    else sessions.end(session)
    if (isPassing(problem)) session.kept.delete(step)
    return problemReply(problem)
  }
  session.previous = sha256(body)
  if (last) sessions.end(session)
  else session.next = step + 2
  const before = session.kept.get(step - 2)
  if (before !== undefined) before.reply = undefined
  return ok(body)
}

/**
 * Stands before every call of a worker that follows a wait: the session may have ended meanwhile and its state be gone.
 * Calls run in order, so what is asked for right after this check meets its state.
 * @throws Refusal with the code that the session ended with
 */
export function assertOpen<Data>(session: Session<Data>): void {
  if (!session.open) throw new Refusal(session.ended)
}

export function ok(body: Uint8Array): Reply {
  return { status: 200, contentType: MESSAGE_CONTENT_TYPE, body }
}

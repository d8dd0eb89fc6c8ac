// Which answer does a failure get? The one place where errors become HTTP. (architecture, Errors; RFC 9457)

import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { toBase64url } from '@tercet/wire/base64url'
import { CODES } from '@tercet/wire/codes'
import { SignatureInvalid } from '@tercet/wire/http-signature'
import { encodeProblem, PROBLEM_CONTENT_TYPE, type Problem, problem } from '@tercet/wire/problem'
import { EngineFault } from '../engine/engine.js'
import { type Log, whereOf } from '../log.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'

/** The problem that a failure is told as. Anything unexpected is `bug` with an incident that the log explains. */
export function problemOf(error: unknown, log: Log, incident: () => string): Problem {
  if (error instanceof Refusal) return problem(error.code, error.extra)
  if (error instanceof Malformed) return problem('malformed', { field: error.field.slice(0, 200) })
  if (error instanceof SignatureInvalid) {
    log.debug({ event: 'unauthenticated', reason: error.reason })
    return problem('unauthenticated')
  }
  if (error instanceof ProtocolAbort) return abortProblem(error)
  const id = incident()
  const where = error instanceof EngineFault ? error.where : whereOf(error)
  log.error({ event: 'bug', incident: id, where })
  return problem('bug', { id })
}

/** Tells a failure as the node's answer, and counts what a peer's checks failed at. */
export function tell(node: Pick<Node, 'log' | 'metrics' | 'random'>, error: unknown): Problem {
  if (error instanceof ProtocolAbort) node.metrics.aborts.inc({ consequence: error.consequence })
  return problemOf(error, node.log, () => toBase64url(node.random(9)))
}

/** A cheat gets a constant body: which check failed is the peer's to guess. */
function abortProblem({ reason, consequence }: ProtocolAbort): Problem {
  switch (consequence) {
    case 'context':
      return problem('mismatch', { field: reason })
    case 'malformed':
      return problem('malformed', { field: reason })
    default:
      return problem('peer-fault')
  }
}

/** Whether the same request may succeed later, so that this answer is not kept for a repeat. */
export function isPassing({ code }: Problem): boolean {
  return code === 'busy' || code === 'storage' || code === 'rate-limited'
}

export function problemReply(value: Problem): Reply {
  return { status: CODES[value.code].status, contentType: PROBLEM_CONTENT_TYPE, body: encodeProblem(value) }
}

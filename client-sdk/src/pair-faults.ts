// What does an error say about the pair that it came from? (SPEC 3.5; security.md abort classes)

import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { codeOf, TercetError } from './errors.js'

/** Whether the node says that another setup is needed; a difference about the request is not of that kind. */
export function needsSetup(error: unknown): boolean {
  if (!(error instanceof TercetError) || error.cause instanceof ProtocolAbort) return false
  if (error.code === 'mismatch') return error.field === undefined || /^(otSetup|context$)/.test(error.field)
  return error.code === 'burned' || error.code === 'peer-fault'
}

/** Whether the node was caught: no accident of a network or a restart explains it. */
export function isProof(error: unknown): boolean {
  if (!(error instanceof ProtocolAbort)) return false
  return error.consequence === 'cheat' || error.consequence === 'bad-signature'
}

export function startsAgain(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'unknown-session' || code === 'conflict' || code === 'mismatch' || code === 'expired'
}

export function asPeerFault(error: unknown): unknown {
  if (error instanceof Malformed)
    return new TercetError('peer-fault', { incident: `malformed ${error.field}`, cause: error })
  if (error instanceof ProtocolAbort)
    return new TercetError('peer-fault', { incident: error.reason, cause: error })
  return error
}

// What is a caller told when the session with the recovery machine ends early?

import { type LinkCode, LinkError } from '@tercet/wire/conversation'
import type { StopReason } from '@tercet/wire/link'
import { asTercetError, type ErrorCode, TercetError } from '../errors.js'

const CODES: Record<LinkCode, ErrorCode> = {
  timeout: 'timeout',
  aborted: 'aborted',
  stopped: 'peer-fault',
  unexpected: 'mismatch',
  closed: 'closed',
  carrier: 'network',
}

const STOPPED: Record<StopReason, readonly [ErrorCode, string]> = {
  done: ['closed', 'The other machine has ended the session.'],
  refused: ['denied', 'The person at the other machine refused.'],
  malformed: ['malformed', 'The other machine cannot read the request; nothing was signed.'],
  expired: [
    'expired',
    'The request expired before it was confirmed at the other machine; nothing was signed.',
  ],
  'other-wallet': ['mismatch', 'The kit at the other machine is of another wallet.'],
  'other-epoch': [
    'mismatch',
    'The kit at the other machine is of another epoch: export a new one from here.',
  ],
  'raw-digest': ['denied', 'The other machine signs no bare digest unless it is told to.'],
  unexpected: ['mismatch', 'The other machine is doing something else.'],
  fault: ['peer-fault', 'A check failed at the other machine; nothing was signed.'],
  aborted: ['aborted', 'The operation was stopped at the other machine.'],
  vetoed: ['denied', 'The recovery was vetoed by the old device.'],
  waiting: ['delayed', "The wallet's delay is still running."],
}

/** Whatever ended a session over a link, as a TercetError. */
export function asLinkFailure(error: unknown): TercetError {
  if (!(error instanceof LinkError)) return asTercetError(error)
  if (error.reason !== undefined) {
    const [code, message] = STOPPED[error.reason]
    return new TercetError(code, { message, incident: error.reason, cause: error })
  }
  return new TercetError(CODES[error.code], { message: `${error.message}.`, cause: error })
}

// What has the cosigner said: what was asked for, or where it stands itself? (SPEC 5.2: refusals, UNKNOWN, revoked)

import { ATTEMPT_WINDOW, type ShareId } from '@tercet/protocol/epochs'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, MESSAGES, type MessageName, type MessageOf } from '@tercet/protocol/messages'
import { TercetError } from '../errors.js'

export type Status = MessageOf<'reshare.status'>

/** The answer's status, or undefined where it is the message that was asked for. @throws TercetError `peer-fault` */
export function statusIn(body: Uint8Array, id: ShareId): Status | undefined {
  if (body[1] !== MESSAGES['reshare.status'].type) return undefined
  const status = read('reshare.status', body)
  assertEcho(status, id)
  return status
}

/** The message that was asked for. @throws TercetError `peer-fault` */
export function read<N extends MessageName>(name: N, body: Uint8Array): MessageOf<N> {
  try {
    return decodeMessage(name, body)
  } catch (error) {
    throw asPeerFault(error)
  }
}

/** Every answer of the commit protocol names the reshare that it is about. @throws TercetError `peer-fault` */
export function assertEcho(answer: ShareId, id: ShareId): void {
  if (answer.epoch !== id.epoch || answer.attempt !== id.attempt)
    throw new TercetError('peer-fault', { incident: 'context' })
}

/**
 * Attempts are taken over from a cosigner up to here: another node takes the key over within one window alone, and a
 * hostile one must not have used it up.
 */
const MAX_ATTEMPT = ATTEMPT_WINDOW / 2

/** The shares that the cosigner says it has, and its last attempt. @throws TercetError `peer-fault` for one beyond reason */
export function standing(status: Status): { act: ShareId; old: ShareId | null; att: number } {
  const { actEpoch, actAttempt, hasOld, oldEpoch, oldAttempt, att } = status
  if (att > MAX_ATTEMPT) throw new TercetError('peer-fault', { incident: 'attempt' })
  return {
    act: { epoch: actEpoch, attempt: actAttempt },
    old: hasOld === 'yes' ? { epoch: oldEpoch, attempt: oldAttempt } : null,
    att,
  }
}

/** A check of the protocol that the peer failed, as the caller is told of it; anything else as it is. */
export function asPeerFault(error: unknown): unknown {
  if (error instanceof Malformed)
    return new TercetError('peer-fault', { incident: `malformed ${error.field}`, cause: error })
  if (error instanceof ProtocolAbort)
    return new TercetError('peer-fault', { incident: error.reason, cause: error })
  return error
}

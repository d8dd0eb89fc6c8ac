// What can a caller of the SDK be told, may it try again, and is the user's key safe? (architecture, Errors)

import { Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import type { Code } from '@tercet/wire/codes'

/**
 * `safe`: the same call may be repeated at once. `later`: repeat it after a pause. `no`: the same call fails again.
 * `recover`: this device cannot go on without the recovery key. `report`: tell the operator of the node.
 * A repeated signature is a new one, and may be counted anew against a limit: with the `id` and `expiresAt` of the
 * error's `request` it is counted once.
 */
export type Retry = 'safe' | 'later' | 'no' | 'recover' | 'report'

/** The codes of the wire, and those that arise on the device alone. */
export type ErrorCode =
  | Code
  | 'network'
  | 'timeout'
  | 'aborted'
  | 'closed'
  | 'wrong-passphrase'
  | 'damaged'
  | 'untrusted-node'
  | 'recovery-key'
  | 'replaced'
  | 'exposed'
  | 'behind'
  | 'drill'

interface Meaning {
  readonly message: string
  readonly retry: Retry
  /** Whether this device's share is intact and not in doubt. */
  readonly keySafe: boolean
}

const meaning = (message: string, retry: Retry, keySafe = true): Meaning => ({ message, retry, keySafe })

/** One row a code: total, so that a new code does not compile until someone decides. */
const MEANINGS: Record<ErrorCode, Meaning> = {
  malformed: meaning('The request is not one that can be signed; see the field.', 'no'),
  'too-large': meaning('The request is larger than the node accepts.', 'no'),
  unauthenticated: meaning('The node does not accept this device.', 'no'),
  replayed: meaning('The node has seen this message before; nothing was signed.', 'safe'),
  clock: meaning("This device's clock and the node's differ, even after a correction.", 'later'),
  denied: meaning('The policy of the wallet refuses this request.', 'no'),
  'approval-required': meaning('This request needs an approval first.', 'later'),
  delayed: meaning('The policy of the wallet delays this request.', 'later'),
  'not-found': meaning('The node does not know this wallet, or not this device of it.', 'no'),
  'unknown-session': meaning('The node no longer knows this session; nothing was signed.', 'safe'),
  'unknown-presignature': meaning('The node no longer holds its half; nothing was signed.', 'safe'),
  conflict: meaning('The node has seen another message in this place; nothing was signed.', 'safe'),
  mismatch: meaning('Device and node disagree about the state of the wallet; nothing was signed.', 'safe'),
  expired: meaning('The request has expired; nothing was signed. Ask with a later expiry.', 'no'),
  burned: meaning('The pair needs a new setup and could not make one.', 'later'),
  locked: meaning('The pair is locked after repeated faults; only recovery opens it.', 'recover'),
  'peer-fault': meaning('The other side failed a check of the protocol; nothing was signed.', 'later'),
  'rate-limited': meaning('The node asks for a pause.', 'later'),
  bug: meaning('Something that should not happen happened; nothing was signed.', 'report'),
  busy: meaning('The node is busy.', 'later'),
  storage: meaning('A record could not be stored; nothing was signed.', 'later'),
  network: meaning('No answer that the node has signed came; whether it got the message is unknown.', 'safe'),
  timeout: meaning('The node did not answer in time; whether it got the message is unknown.', 'safe'),
  aborted: meaning('The caller stopped the operation; whether the node got the message is unknown.', 'safe'),
  closed: meaning('The wallet or its storage is closed.', 'no'),
  'wrong-passphrase': meaning('The passphrase is wrong; the file is untouched.', 'no'),
  damaged: meaning("This device's record of the wallet is damaged; recover with the kit.", 'recover', false),
  'untrusted-node': meaning('The node is not the one that was expected; nothing was sent.', 'no'),
  'recovery-key': meaning('The recovery key or its proof is not valid for this device.', 'no'),
  replaced: meaning(
    'This device was replaced by another one; its share signs nothing any more. The wallet lives on there.',
    'no',
  ),
  exposed: meaning(
    'The key of this wallet was put together outside; move what it holds. It signs once this is acknowledged.',
    'no',
    false,
  ),
  behind: meaning(
    'This device was restored from before the last refresh. It signs, but must be replaced by a new device first.',
    'recover',
  ),
  drill: meaning('This receipt does not prove that the recovery of this wallet works.', 'no'),
}

/** Names a signing request, to ask for the same one again. */
export interface RequestName {
  readonly id: string
  /** Unix seconds. */
  readonly expiresAt: number
}

export interface ErrorDetail {
  readonly field?: string
  /** An incident of the node's log, or the reason of a protocol abort; for reports. */
  readonly incident?: string
  readonly cause?: unknown
  /** In place of the code's usual words. */
  readonly message?: string
  readonly request?: RequestName
}

/** Every error that the SDK throws: what happened in plain words, whether to try again, whether the key is safe. */
export class TercetError extends Error {
  override readonly name = 'TercetError'
  readonly code: ErrorCode
  readonly retry: Retry
  /** False only when this device's share may be lost, or the key is in other hands too: the money is then moved. */
  readonly keySafe: boolean
  readonly field: string | undefined
  readonly incident: string | undefined
  /** Of a signature that failed: the request as it was sent. Only then is it set. */
  readonly request: RequestName | undefined

  constructor(code: ErrorCode, detail: ErrorDetail = {}) {
    const { message, retry, keySafe } = MEANINGS[code]
    super(detail.message ?? message, detail.cause === undefined ? undefined : { cause: detail.cause })
    this.code = code
    this.retry = retry
    this.keySafe = keySafe
    this.field = detail.field
    this.incident = detail.incident
    this.request = detail.request
  }
}

/** Whatever was thrown, as a TercetError. */
export function asTercetError(error: unknown): TercetError {
  if (error instanceof TercetError) return error
  if (error instanceof Malformed) return new TercetError('malformed', { field: error.field, cause: error })
  if (error instanceof ProtocolAbort) {
    return new TercetError('peer-fault', { incident: error.reason, cause: error })
  }
  if (error instanceof Misuse) return new TercetError('bug', { incident: error.message, cause: error })
  return new TercetError('bug', { cause: error })
}

/** The error with the name of the request that failed by it. */
export function withRequest(error: unknown, request: RequestName): TercetError {
  const { code, message, field, incident, cause } = asTercetError(error)
  return new TercetError(code, {
    message,
    request,
    ...(field === undefined ? {} : { field }),
    ...(incident === undefined ? {} : { incident }),
    ...(cause === undefined ? {} : { cause }),
  })
}

/** The code of an error of the SDK, or undefined. */
export function codeOf(error: unknown): ErrorCode | undefined {
  return error instanceof TercetError ? error.code : undefined
}

/** @throws TercetError `aborted` when the signal has fired */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TercetError('aborted', { cause: signal.reason })
}

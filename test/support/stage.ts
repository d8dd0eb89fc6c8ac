// What is a session seen from one of its messages?

import type { MessageName } from '@tercet/protocol/messages'

/** One message of a recorded honest session. */
export interface Stage {
  readonly message: MessageName
  readonly batch: number
  /** The body that the honest sender made. */
  readonly body: Uint8Array
  /** The same message of another session. */
  readonly other: Uint8Array
  /**
   * Hands a body to the receiver in place of the honest one, and carries the session to its end with both programs
   * honest; can be repeated. Returns what is wrong with what came out. @throws Malformed, ProtocolAbort
   */
  deliver(body: Uint8Array): readonly string[]
}

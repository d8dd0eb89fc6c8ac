// What becomes of the one-time state behind a message that finds no answer? It is spent. (abort row `lost`)

import type { EndpointName } from '@tercet/wire/endpoints'
import type { Session } from './channel.js'
import type { Engine, Handle } from './engine/contract.js'

/** A message, and the state in the engine that waits for its answer. */
export interface Held {
  readonly handle: Handle
  readonly send: Uint8Array
}

/** Sends the message; where that fails, the state is dropped. @throws as {@link Session.send} */
export function sendHeld(
  engine: Engine,
  session: Session,
  name: EndpointName,
  { handle, send }: Held,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  return orDrop(engine, handle, () => session.send(name, send, signal))
}

/** Runs the work; where it fails, the state is dropped, if it is still there. */
export async function orDrop<T>(engine: Engine, handle: Handle, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    // An engine that was closed has dropped everything; what failed is the caller's answer.
    await engine.run('drop', [handle]).catch(() => undefined)
    throw error
  }
}

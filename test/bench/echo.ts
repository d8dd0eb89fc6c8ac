// What does a POST to another process cost when nothing is computed? The second yardstick.

import { fileURLToPath } from 'node:url'
import { startServer } from './child.js'
import { wallMilliseconds } from './measure.js'
import { random } from './protocol.js'

/** About what a signing request carries. */
const BODY_BYTES = 512

export interface Echo {
  /** Wall-clock milliseconds of one POST and its answer over a connection that stays open. */
  measure(): Promise<number>
  stop(): Promise<void>
}

/** Starts the echo server in a process of its own. */
export async function startEcho(): Promise<Echo> {
  const server = await startServer(fileURLToPath(new URL('./echo-server.js', import.meta.url)))
  return {
    measure: () =>
      wallMilliseconds(async () => {
        const response = await fetch(`${server.address}/echo`, {
          method: 'POST',
          body: new Uint8Array(random(BODY_BYTES)),
        })
        const { byteLength } = await response.arrayBuffer()
        if (byteLength !== BODY_BYTES) throw new Error('the echo is not what was sent')
      }),
    stop: server.stop,
  }
}

// How does a Node process start the engine? As a worker thread.

import { Worker } from 'node:worker_threads'
import type { Call, Port, Reply } from './contract.js'

/** A started worker thread. */
export function openPort(): Port | undefined {
  const worker = new Worker(new URL('./worker-node.js', import.meta.url))
  return {
    post: (call: Call) => worker.postMessage(call),
    listen(onReply, onFailure) {
      worker.on('message', (reply: Reply) => onReply(reply))
      worker.on('error', onFailure)
      worker.on('exit', () => onFailure(new Error('worker ended')))
    },
    hold: (busy) => (busy ? worker.ref() : worker.unref()),
    close: async () => {
      await worker.terminate()
    },
  }
}

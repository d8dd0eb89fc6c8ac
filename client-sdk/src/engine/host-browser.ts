// How does a page start the engine? As a module worker next to this file.

import type { Call, Port, Reply } from './contract.js'

/** A started Web Worker, or undefined where there is none. */
export function openPort(): Port | undefined {
  if (typeof Worker === 'undefined') return undefined
  const worker = new Worker(new URL('./worker-browser.js', import.meta.url), { type: 'module' })
  return {
    post: (call: Call) => worker.postMessage(call),
    listen(onReply, onFailure) {
      worker.addEventListener('message', (event: MessageEvent<Reply>) => onReply(event.data))
      worker.addEventListener('error', (event) => onFailure(event.error ?? new Error('worker failed')))
      worker.addEventListener('messageerror', () => onFailure(new Error('worker message unreadable')))
    },
    hold: () => undefined,
    close: async () => worker.terminate(),
  }
}

// How do two ends of a link meet in one process, with a test in between?

import type { Link } from '@tercet/wire/conversation'

export interface LinkPair {
  readonly device: Link
  readonly recovery: Link
  /** Everything that was sent, in order. */
  readonly sent: { readonly by: 'device' | 'recovery'; readonly frame: Uint8Array }[]
}

/** What becomes of a frame on its way: itself, others in its place, or nothing. */
export type Meddle = (by: 'device' | 'recovery', frame: Uint8Array) => readonly Uint8Array[]

/** Two ends in memory; `meddle` may change, repeat or hold back what passes. */
export function memoryLinks(meddle: Meddle = (_, frame) => [frame]): LinkPair {
  const sent: LinkPair['sent'] = []
  const queues = { device: new Queue(), recovery: new Queue() }
  const end = (own: 'device' | 'recovery', other: 'device' | 'recovery'): Link => ({
    async send(frame) {
      sent.push({ by: own, frame })
      for (const passed of meddle(own, frame)) queues[other].push(passed)
    },
    receive: (signal) => queues[own].next(signal),
    async close() {},
  })
  return { device: end('device', 'recovery'), recovery: end('recovery', 'device'), sent }
}

class Queue {
  readonly #frames: Uint8Array[] = []
  #wake = (): void => {}

  push(frame: Uint8Array): void {
    this.#frames.push(frame)
    this.#wake()
  }

  async next(signal?: AbortSignal): Promise<Uint8Array> {
    for (;;) {
      signal?.throwIfAborted()
      const frame = this.#frames.shift()
      if (frame !== undefined) return frame
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        signal?.addEventListener('abort', () => resolve(), { once: true })
      })
    }
  }
}

// How often may one wallet ask for something expensive? (invariant I22)

import { Refusal } from './refusal.js'

/** Counts per name over two adjoining windows, so that memory is one number a name and old names fall away. */
export function createLimiter(limit: number, windowSeconds: number, monotonic: () => number) {
  const length = windowSeconds * 1000
  let begun = monotonic()
  let before = new Map<string, number>()
  let current = new Map<string, number>()

  /** @throws Refusal `rate-limited` */
  return function count(name: string): void {
    const elapsed = monotonic() - begun
    if (elapsed >= length) {
      before = elapsed < 2 * length ? current : new Map()
      current = new Map()
      begun += Math.floor(elapsed / length) * length
    }
    // The share of the window before that still lies within one window's length of now.
    const weight = 1 - (monotonic() - begun) / length
    const own = current.get(name) ?? 0
    if (own + (before.get(name) ?? 0) * weight >= limit) {
      throw new Refusal('rate-limited', { retryAfterSeconds: Math.ceil(windowSeconds / 10) })
    }
    current.set(name, own + 1)
  }
}

// A platform without workers, and unit tests that run from source.

import type { Port } from './contract.js'

/** No worker: the steps run in the caller's thread. */
export function openPort(): Port | undefined {
  return undefined
}

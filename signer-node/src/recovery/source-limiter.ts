// How often may one network be wrong? (invariant I22: memory is bounded whoever sends)

import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { createLimiter } from '../limiter.js'

/** Networks share this many counters. Two that fall into one share its limit. */
const COUNTERS = 4096

/** Counts per network. @returns a count that throws Refusal `rate-limited` above the limit */
export function createSourceLimiter(limit: number, windowSeconds: number, monotonic: () => number) {
  const count = createLimiter(limit, windowSeconds, monotonic)
  return (network: string): void => {
    const [a = 0, b = 0] = sha256(utf8ToBytes(network))
    count(String((a * 256 + b) % COUNTERS))
  }
}

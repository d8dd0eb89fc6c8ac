// Where does a unit test's randomness come from, so that a failure can be run again?

import { sha256 } from '@noble/hashes/sha2.js'
import type { Random } from '../random.js'

/**
 * The same seed, the same bytes. Block n is SHA-256 of `seed/n`; a draw takes whole blocks from the next n on and cuts
 * the last one short.
 */
export function seededRandom(seed: string): Random {
  let counter = 0
  return (length) => {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = sha256(new TextEncoder().encode(`${seed}/${counter++}`))
      out.set(block.subarray(0, length - at), at)
    }
    return out
  }
}

// Where does a test's randomness come from, so that a failure can be run again?

import { createHash, randomBytes } from 'node:crypto'
import type { Random } from '@tercet/protocol/random'

/**
 * The same seed, the same bytes. Block n is SHA-256 of `seed/n`; a draw takes whole blocks from the next n on and cuts
 * the last one short.
 */
export function seededRandom(seed: string): Random {
  let counter = 0
  return (length) => {
    const out = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = createHash('sha256').update(`${seed}/${counter++}`).digest()
      out.set(block.subarray(0, length - at), at)
    }
    return out
  }
}

/** The seed of this run: `TERCET_SEED`, or a fresh one. */
export function runSeed(): string {
  return process.env['TERCET_SEED'] ?? randomBytes(8).toString('hex')
}

/** A number below `limit` (at most 2^31). */
export function below(random: Random, limit: number): number {
  return Buffer.from(random(6)).readUIntBE(0, 6) % limit
}

/** `count` different members of a list, in the order of the list. */
export function sample<T>(random: Random, list: readonly T[], count: number): T[] {
  const rest = list.map((_, i) => i)
  const chosen: number[] = []
  while (chosen.length < count && rest.length > 0) {
    chosen.push(rest.splice(below(random, rest.length), 1)[0] as number)
  }
  return chosen.sort((a, b) => a - b).map((i) => list[i] as T)
}

// Where does randomness come from? From the caller, always. (SPEC 0.2)

import { Misuse } from './errors.js'

/** Returns `length` fresh, uniform bytes. Production entries pass the platform's generator. */
export type Random = (length: number) => Uint8Array

const DRAWS = 4
const DRAW_BYTES = 32

/**
 * A start-up self-test: refuses a generator that is stuck, that repeats itself or that gives too little. Whoever draws
 * secrets calls it once before the first; it cannot tell good bytes from predictable ones. (SPEC 7, row 15)
 * @throws Misuse
 */
export function assertRandom(random: Random): void {
  const seen = new Set<string>()
  for (let n = 0; n < DRAWS; n++) {
    const draw = random(DRAW_BYTES)
    const isStuck = new Set(draw).size < 8
    if (draw.length !== DRAW_BYTES || isStuck || seen.has(draw.join()))
      throw new Misuse('the random generator is broken')
    seen.add(draw.join())
  }
}

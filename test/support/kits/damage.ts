// In how many ways can a kit be wrong, and which way does each check of a verifier refuse alone?

import { type Damage, place, put } from './change.js'
import { sealed } from './documents.js'
import { flippedSeed, otherAddress, PARTS } from './parts.js'
import { blank, SPELLINGS, wrongChecksum } from './spellings.js'

/** Every way of damage, by name. */
export const DAMAGES: Readonly<Record<string, Damage>> = { ...SPELLINGS, ...PARTS }

const random32 =
  (part: string): Damage =>
  (random, kit) =>
    sealed(put(kit.document, place(part), random(32)))

/** For each check of the Python verifier, by its name, what that check alone refuses. */
export const ONLY: Readonly<Record<string, Damage>> = {
  canonical: blank,
  checksum: wrongChecksum,
  session: random32('chainCodes.0'),
  transcript: random32('otSetupIds.1'),
  encryptions: flippedSeed,
  signatures: (random, kit) => sealed(put(kit.document, place('signatures.cosigner'), random(64))),
  address: otherAddress,
}

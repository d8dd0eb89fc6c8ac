// In how many ways can a kit be wrong, and which way does each check of a verifier refuse alone?

import type { Random } from '@tercet/protocol/random'
import { type Damage, place, put } from './change.js'
import { type SignedKit, sealed } from './documents.js'
import { MISFITS } from './misfits.js'
import { flippedSeed, otherAddress, PARTS } from './parts.js'
import { blank, SPELLINGS, wrongChecksum } from './spellings.js'

/** Every way of damage, by name. */
export const DAMAGES: Readonly<Record<string, Damage>> = { ...SPELLINGS, ...PARTS }

const random32 =
  (part: string): Damage =>
  (random, kit) =>
    sealed(put(kit.document, place(part), random(32)))

/** For each check of the Python verifier, by its name, a kit that only that check refuses. */
export const ONLY: Readonly<Record<string, Lone>> = {
  canonical: ofAny(blank),
  checksum: ofAny(wrongChecksum),
  session: ofAny(random32('sidInputs.C1')),
  chaincode: ofAny(random32('chainCodes.0')),
  parties: (random) => misfit('a replace with OT setups', random),
  transcript: ofAny(random32('otSetupIds.1')),
  encryptions: ofAny(flippedSeed),
  signatures: ofAny((random, kit) => sealed(put(kit.document, place('signatures.cosigner'), random(64)))),
  recovery: (random) => misfit('a recovery party that signs with another key', random),
  address: ofAny(otherAddress),
}

type Lone = (random: Random, kit: SignedKit) => Uint8Array

/** Of a kit that is given, of a key generation. */
function ofAny(damage: Damage): Lone {
  return (random, kit) => damage(random, kit, kit)
}

function misfit(name: keyof typeof MISFITS, random: Random): Uint8Array {
  const make = MISFITS[name]
  if (make === undefined) throw new Error(`no misfit ${name}`)
  return sealed(make(random).document)
}

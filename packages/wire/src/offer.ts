// Whose is the key that a newcomer's sub-shares are sealed to? The newcomer signs it for one reshare alone. (SPEC 5.3: ek_j)

import type { ShareId } from '@tercet/protocol/epochs'
import { u32be, u64be } from '@tercet/protocol/transcript'
import { type Identity, signTagged, verifyTagged } from './identity.js'

/** What an offer is bound to. */
export interface OfferTerms extends ShareId {
  readonly keyId: Uint8Array
  /** TrBase, 32 bytes */
  readonly transcriptBase: Uint8Array
  /** j, the party that the newcomer becomes. */
  readonly party: 1 | 2
  /** ek_j, 32 bytes */
  readonly sealKey: Uint8Array
}

/** The newcomer's signature on `TH("sig/ek", keyId, TrBase, epoch, attempt, j, ek_j)`. */
export function signOffer(newcomer: Identity, terms: OfferTerms): Promise<Uint8Array> {
  return signTagged(newcomer, 'sig/ek', ...partsOf(terms))
}

/** Whether the newcomer itself made the offer: whoever named another key to seal to would get its share. */
export function verifyOffer(
  newcomer: Uint8Array,
  terms: OfferTerms,
  signature: Uint8Array,
): Promise<boolean> {
  return verifyTagged(newcomer, signature, 'sig/ek', ...partsOf(terms))
}

function partsOf({ keyId, transcriptBase, epoch, attempt, party, sealKey }: OfferTerms): Uint8Array[] {
  return [keyId, transcriptBase, u64be(epoch), u64be(attempt), u32be(party), sealKey]
}

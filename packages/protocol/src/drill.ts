// How does the holder of the recovery share prove that it can be opened now, without showing it? (SPEC 5.5)

import { decodePoint } from './curve.js'
import { Misuse } from './errors.js'
import type { KeyShare } from './key-share.js'
import { RECOVERY } from './party.js'
import { proveDiscreteLog, verifyDiscreteLog } from './proofs/discrete-log.js'
import type { Random } from './random.js'
import { expose } from './secret.js'
import { TH, u64be } from './transcript.js'

/** The id of 1.4 for party 3's share. */
const SHARE_OF_RECOVERY = 103

/** What a rehearsal is bound to: this epoch's Tr (32 bytes), unix seconds, 32 fresh bytes. */
export interface DrillContext {
  readonly transcript: Uint8Array
  readonly time: number
  readonly nonce: Uint8Array
}

/** A proof (65 bytes) of knowledge of s_3, for this moment alone. */
export function proveDrill(share: KeyShare, context: DrillContext, random: Random): Uint8Array {
  if (share.party !== RECOVERY) throw new Misuse('proveDrill: not the recovery share')
  const scalar = expose(share.secretShare)
  return proveDiscreteLog(contextOf(context), SHARE_OF_RECOVERY, scalar, share.publicShares[2], random)
}

/**
 * Whether the proof shows knowledge of s_3.
 * @param publicShare S_3 of the same epoch, 33 bytes
 * @throws Malformed for bytes that are no point or no proof
 */
export function verifyDrill(publicShare: Uint8Array, context: DrillContext, proof: Uint8Array): boolean {
  return verifyDiscreteLog(
    contextOf(context),
    SHARE_OF_RECOVERY,
    decodePoint(publicShare, 'publicShare'),
    proof,
  )
}

function contextOf({ transcript, time, nonce }: DrillContext): Uint8Array {
  return TH('drill', transcript, u64be(time), nonce)
}

// How does a rehearsal of the recovery come into the log, and change nothing else? (SPEC 5.5)

import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize } from '@tercet/wire/canonical-json'
import { decodeDrillReceipt, drillFault, drillSubjectOf } from '@tercet/wire/drill'
import { decodeKit } from '@tercet/wire/kit'
import { append } from '../audit/log.js'
import { createLimiter } from '../limiter.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import type { Incoming } from '../steps.js'
import { recordNonce } from '../store/nonces.js'
import { isDuplicate } from '../store/open.js'
import { kitOf } from '../store/shares.js'
import { recoveryOf } from './changes.js'
import { document, isConcerned, openingOf, servedState } from './handlers.js'
import { CLAIM_AGE_SECONDS, CLAIM_SKEW_SECONDS } from './state.js'

/** Entries in the log are for ever: what one wallet may add to it in an hour. */
const DRILLS_PER_HOUR = 20

export function createDrills(node: Node) {
  const count = createLimiter(DRILLS_PER_HOUR, 3600, node.clock.monotonic)

  /** Takes a receipt of the epoch that is served, from the device or from who holds kappa. The same one counts once. */
  return async function accept(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const receipt = decodeDrillReceipt(incoming.body)
    const state = await servedState(node, keyId)
    if (state === undefined || !isConcerned(state, null, incoming.auth.identity))
      throw new Refusal('not-found')
    const { record } = decodeKit(await kitOf(node.store, { keyId, ...state.epochs.act.id }))
    const fault = await drillFault(receipt, drillSubjectOf(record))
    if (fault !== undefined) throw new Refusal('denied', { field: fault })
    const now = node.clock.now()
    if (receipt.time < now - CLAIM_AGE_SECONDS || receipt.time > now + CLAIM_SKEW_SECONDS) {
      throw new Refusal('expired')
    }
    count(toBase64url(keyId))
    try {
      await node.store.write(async (tx) => {
        await recordNonce(tx, recoveryOf(state), receipt.nonce, receipt.time)
        await append(tx, { event: 'drill', time: now, keyId })
      })
    } catch (error) {
      // The receipt is in the log already.
      if (!(error instanceof Refusal && error.code === 'replayed') && !isDuplicate(error)) throw error
    }
    return document(canonicalize({ accepted: true }))
  }
}

// Who gets the recovery kit from the node? (SPEC 1.6; product, Recovery kit)

import { equalBytes } from '@tercet/protocol/bytes'
import { toBase64url } from '@tercet/wire/base64url'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import type { Incoming } from '../steps.js'
import { isDevice } from '../store/key-state.js'
import { kitOf } from '../store/shares.js'
import { findWallet } from '../store/wallets.js'
import { recoveryOf } from './changes.js'
import { document, openingOf, servedState } from './handlers.js'

/**
 * The kit of the epoch that is served, for the device and for whoever holds the recovery key: a device that was lost or
 * stolen may have refreshed since the kit in the owner's hands was made, and that one opens nothing that is left.
 */
export function createKits(node: Node) {
  return async function kit(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const { identity, context } = incoming.auth
    const state = await servedState(node, keyId)
    if (state === undefined) throw new Refusal('not-found')
    if (isDevice(state, toBase64url(identity))) {
      const { epoch } = await findWallet(node.store, keyId, identity, context.epoch)
      if (context.epoch !== epoch) throw new Refusal('mismatch', { field: 'context.epoch' })
    } else if (!equalBytes(recoveryOf(state), identity)) {
      throw new Refusal('not-found')
    }
    return document(await kitOf(node.store, { keyId, ...state.epochs.act.id }))
  }
}

// Which messages that changed something were taken already? (product, Authentication: durable nonces)

import { Refusal } from '../refusal.js'
import { isDuplicate, type Store } from './open.js'
import type { Tx } from './transaction.js'

/** Makes a nonce of a state-changing request durable, in the transaction of its change. @throws Refusal `replayed` */
export async function recordNonce(
  tx: Tx,
  identity: Uint8Array,
  nonce: Uint8Array,
  created: number,
): Promise<void> {
  try {
    await tx.insertInto('nonces').values({ identity, nonce, created }).execute()
  } catch (error) {
    throw isDuplicate(error) ? new Refusal('replayed') : error
  }
}

/** Forgets nonces of requests made before a time. */
export async function forgetNonces(store: Store, before: number): Promise<void> {
  await store.write((tx) => tx.deleteFrom('nonces').where('created', '<', before).execute())
}

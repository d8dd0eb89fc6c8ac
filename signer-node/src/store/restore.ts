// What is assumed of every wallet once an older database was put back? (SPEC 7 row 21: counters fail closed)

import type { KeyState } from './key-state.js'
import type { Store } from './open.js'
import { burnSetups } from './setups.js'
import type { Tx } from './transaction.js'

export interface Restored {
  readonly wallets: number
  readonly burnedSetups: number
}

/**
 * Burns every setup and leaves every wallet the last strike before its lock: nobody knows how many were counted. A lock
 * stays; spends that were lost are charged again.
 */
export async function restoreWallets(
  store: Store,
  tx: Tx,
  time: number,
  limits: { readonly strikesToLock: number },
): Promise<Restored> {
  const keys = await tx.selectFrom('keys').select('key_id').execute()
  let burnedSetups = 0
  for (const { key_id: keyId } of keys) {
    await store.states.update(tx, keyId, async (before) => {
      const { state, burned } = await burnSetups(tx, before, keyId)
      burnedSetups += burned.length
      const after = { ...state, strikes: atLeast(state, limits.strikesToLock - 1, time) }
      return { state: after, result: undefined, entries: [{ event: 'restore', time }] }
    })
  }
  return { wallets: keys.length, burnedSetups }
}

/** The newest strikes kept, the missing ones counted now. */
function atLeast({ strikes }: KeyState, count: number, time: number): number[] {
  return Array.from({ length: Math.max(count, strikes.length) }, () => time)
}

// What is assumed of every wallet once an older database was put back? (SPEC 7 row 21: counters fail closed)

import { sameId } from '@tercet/protocol/epochs'
import { toBase64url } from '@tercet/wire/base64url'
import { applyStep } from './apply.js'
import type { Noted } from './journal.js'
import type { KeyState } from './key-state.js'
import type { Store } from './open.js'
import { burnSetups } from './setups.js'
import type { Tx } from './transaction.js'

export interface Restored {
  readonly wallets: number
  readonly burnedSetups: number
  /** Wallets that need a recovery: what they had become is lost with the newer database. */
  readonly closedWallets: number
}

/**
 * Burns every setup and leaves every wallet the last strike before its lock: nobody knows how many were counted. A lock
 * stays. A wallet that the journal saw locked, or in a later epoch, is locked: the share that is served there is gone, and
 * the device that this database knows may have been replaced. Spends that were lost are charged again. Claims end and what was
 * prepared goes: a veto, or that it was given up, may be lost with the newer database.
 */
export async function restoreWallets(
  store: Store,
  tx: Tx,
  journal: ReadonlyMap<string, Noted>,
  time: number,
  limits: { readonly strikesToLock: number },
): Promise<Restored> {
  const keys = await tx.selectFrom('keys').select('key_id').execute()
  let burnedSetups = 0
  let closedWallets = 0
  for (const { key_id: keyId } of keys) {
    await store.states.update(tx, keyId, async (before) => {
      const { state, burned } = await burnSetups(tx, before, keyId)
      burnedSetups += burned.length
      const epochs = { ...state.epochs, pend: null, announced: [] }
      const ended = (await applyStep(tx, keyId, state, { state: epochs, revoke: [] }, time)).state
      const after = restored(ended, journal.get(toBase64url(keyId)), time, limits.strikesToLock - 1)
      if (after.locked && !before.locked) closedWallets++
      return { state: after, result: undefined, entries: [{ event: 'restore', time }] }
    })
  }
  return { wallets: keys.length, burnedSetups, closedWallets }
}

function restored(state: KeyState, noted: Noted | undefined, time: number, least: number): KeyState {
  const { strikes, epochs, claims } = state
  // The newest strikes kept, the missing ones counted now.
  const counted = Array.from({ length: Math.max(least, strikes.length) }, () => time)
  const isPast = noted !== undefined && !sameId(noted, epochs.act.id)
  // Attempts above act that the lost database may have used are never used again.
  const att = noted?.epoch === epochs.act.id.epoch + 1 ? Math.max(epochs.att, noted.attempt) : epochs.att
  return {
    ...state,
    epochs: { ...epochs, att },
    claims: { ...claims, claims: claims.claims.map((row) => ({ ...row, ended: row.ended ?? 'expired' })) },
    strikes: counted,
    locked: state.locked || isPast || noted?.isClosed === true,
  }
}

// What happens to rows when the epochs of a key move on? (SPEC 5.2: rows go with their role)

import { type CosignerStep, type ShareId, sameId } from '@tercet/protocol/epochs'
import type { KeyState } from './key-state.js'
import { burnSetups } from './setups.js'
import type { Tx } from './transaction.js'

/** Ids of the generations that a key holds shares of. */
export function held({ epochs }: KeyState): ShareId[] {
  return [epochs.act, epochs.old, epochs.pend].flatMap((share) => (share === null ? [] : [share.id]))
}

/**
 * Carries a step out: shares that no role names any more are deleted with their kits, their OT setups burned, and
 * credentials revoked. Returns the state to store, and the setups that were burned.
 */
export async function applyStep(
  tx: Tx,
  keyId: Uint8Array,
  before: KeyState,
  { state: epochs, revoke }: Pick<CosignerStep<unknown>, 'state' | 'revoke'>,
  time: number,
): Promise<{ readonly state: KeyState; readonly burned: readonly Uint8Array[] }> {
  let state: KeyState = {
    ...before,
    epochs,
    pending: epochs.pend === null ? null : before.pending,
    devices: before.devices.map((device) =>
      device.revoked === null && revoke.includes(device.identity) ? { ...device, revoked: time } : device,
    ),
  }
  const kept = held(state)
  const burned: Uint8Array[] = []
  for (const id of held(before)) {
    if (kept.some((other) => sameId(other, id))) continue
    await tx
      .deleteFrom('shares')
      .where('key_id', '=', keyId)
      .where('epoch', '=', id.epoch)
      .where('attempt', '=', id.attempt)
      .execute()
    const done = await burnSetups(tx, state, keyId, id)
    state = done.state
    burned.push(...done.burned)
  }
  return { state, burned }
}

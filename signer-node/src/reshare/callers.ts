// Who may speak of a key's epochs? (SPEC 5.2; invariant I18)

import { concat } from '@tercet/protocol/bytes'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { Refusal } from '../refusal.js'
import { isDevice, type KeyState } from '../store/key-state.js'
import type { Store, Tx } from '../store/open.js'

export interface Caller {
  readonly keyId: Uint8Array
  readonly state: KeyState
  /** base64url */
  readonly identity: string
  /** What was a device of the key and is none any more is told so, and nothing else. */
  readonly isRevoked: boolean
}

/**
 * The key as somebody sees it who may run a reshare of it: a device, whoever holds its recovery key, who ran the last
 * reshare, and a device that was replaced. To everybody else it does not exist.
 * @throws Refusal `not-found`
 */
export async function callerOf(
  store: Store,
  db: Pick<Tx, 'selectFrom'>,
  keyId: Uint8Array,
  who: Uint8Array,
): Promise<Caller> {
  const state = await store.states.require(db, keyId)
  const identity = toBase64url(who)
  const { act, old, pend } = state.epochs
  const initiators = [act, old, pend].map((share) => share?.initiator)
  const isKnown = state.devices.some((device) => device.identity === identity)
  const mayAsk =
    isDevice(state, identity) || identity === recoveryOf(state) || (!isKnown && initiators.includes(identity))
  if (!mayAsk && !isKnown) throw new Refusal('not-found')
  return { keyId, state, identity, isRevoked: state.retired !== null || !mayAsk }
}

/** idV = 0x02 || K of the epoch that is served, as base64url. */
export function recoveryOf({ recoveryKey }: KeyState): string {
  return toBase64url(concat(Uint8Array.of(2), fromBase64url(recoveryKey, 'recoveryKey', 33)))
}

// When does a device start a reshare, obey an answer and switch to the new share? (SPEC 5.2: every guard of D)

import type { DeviceEpochs, DeviceRole, DeviceStep, Refused, ShareId, Transcript } from './state.js'
import { sameId } from './state.js'

/** The state of a device after keygen. */
export const first: DeviceEpochs = {
  act: { epoch: 0, attempt: 0 },
  pend: null,
  commitSent: false,
  att: 0,
  asked: null,
  retiring: null,
}

/** The state of a machine without a share: a new device before its first commit, a recovery machine. */
export const newcomer: DeviceEpochs = { ...first, act: null }

/** What is known of the cosigner, where that is not the device's own state. */
export interface Begin {
  /** The cosigner's act: the new epoch is the next one. By default the device's own act, as in every refresh. */
  readonly above?: ShareId
  /** The highest attempt known to be used above it. */
  readonly att?: number
}

/**
 * Takes the next attempt, for a PREP with this id. Store the state before it is sent: an attempt is used once,
 * whatever becomes of it. Null while a commit may be under way, which is repeated until it is answered, and where
 * there is no share to start from.
 */
export function prepare(
  state: DeviceEpochs,
  begin: Begin = {},
): (DeviceStep & { readonly id: ShareId }) | null {
  const above = begin.above ?? state.act
  if (state.commitSent || above === null) return null
  const attempt = Math.max(state.att, begin.att ?? 0) + 1
  const id = { epoch: above.epoch + 1, attempt }
  const effects = state.pend === null ? [] : (['drop-pend'] as const)
  return { state: { ...state, pend: null, att: attempt, asked: id }, id, effects }
}

/** PREPARED: the reshare is computed and checked. Store pend durably, with the new share where there is one. */
export function prepared(
  state: DeviceEpochs,
  {
    id,
    transcript,
    role,
  }: { readonly id: ShareId; readonly transcript: Transcript; readonly role: DeviceRole },
): DeviceStep {
  if (state.commitSent || !sameId(state.asked, id)) return ignored(state)
  return { state: { ...state, pend: { id, transcript, role } }, effects: ['store-pend'] }
}
/** From now on COMMIT is sent, and repeated until it is answered. Store the state before the first one leaves. */
export function commitSent(state: DeviceEpochs): DeviceStep {
  return state.pend === null ? ignored(state) : { state: { ...state, commitSent: true }, effects: [] }
}

/**
 * A newcomer was handed its share and checked it, the cosigner's signature on Tr' with it. Store it durably before the
 * ACK: another's COMMIT may follow at once. It takes the place of an earlier one: the cosigner has signed that it prepared
 * this one for this device, so it has dropped that one and will never commit it; had it committed that one, it would prepare
 * no other for a device that holds a share. An earlier id, and any once there is a share, is ignored.
 */
export function received(
  state: DeviceEpochs,
  { id, transcript }: { readonly id: ShareId; readonly transcript: Transcript },
): DeviceStep {
  const { act, pend } = state
  const passed = pend !== null && isBefore(pend.id, id)
  if (act !== null || (pend !== null && !passed && !sameId(pend.id, id))) return ignored(state)
  const next = { ...state, pend: { id, transcript, role: 'newcomer' as const }, commitSent: true }
  return { state: next, effects: passed ? ['drop-pend', 'store-pend'] : ['store-pend'] }
}

/** Ids are prepared in this order: attempts count within an epoch. */
function isBefore(a: ShareId, b: ShareId): boolean {
  return a.epoch < b.epoch || (a.epoch === b.epoch && a.attempt < b.attempt)
}

/** COMMITTED: switch to the new share, or be done. */
export function committed(state: DeviceEpochs, id: ShareId): DeviceStep {
  const { pend } = state
  if (!state.commitSent || pend === null || !sameId(pend.id, id)) return ignored(state)
  const after = { ...state, pend: null, commitSent: false, att: 0, asked: null }
  if (pend.role === 'hand-over') {
    return {
      state: { ...after, act: null },
      effects: state.act === null ? ['drop-pend'] : ['drop-act', 'drop-pend'],
    }
  }
  const retiring = pend.role === 'operator' || pend.role === 'operator-alone' ? id : state.retiring
  const effects =
    state.act === null ? (['pend-becomes-act'] as const) : (['drop-act', 'pend-becomes-act'] as const)
  return { state: { ...after, act: id, retiring }, effects }
}

/** UNKNOWN: that COMMIT can never succeed any more, because an attempt is used once. */
export function unknown(state: DeviceEpochs, id: ShareId): DeviceStep {
  const { pend } = state
  if (!state.commitSent || pend === null || !sameId(pend.id, id)) return ignored(state)
  return { state: { ...state, pend: null, commitSent: false }, effects: ['drop-pend'] }
}

/**
 * NEVER from the new node of an operator change. An old node that deals may have let go of the key: it is told
 * first, with WITHDRAW, and pend goes on its answer; until then, or until it is given up for lost, nothing changes.
 */
export function never(
  state: DeviceEpochs,
  id: ShareId,
  { oldNodeLost }: { readonly oldNodeLost: boolean },
): DeviceStep {
  return state.pend?.role === 'operator' && !oldNodeLost ? ignored(state) : unknown(state, id)
}

/**
 * A signed `revoked`: retries end. The share stays where it is: a cosigner that lies must not make a device throw
 * away what it could still leave with.
 */
export function revoked(state: DeviceEpochs): DeviceStep {
  if (state.pend === null && !state.commitSent) return ignored(state)
  return {
    state: { ...state, pend: null, commitSent: false },
    effects: state.pend === null ? [] : ['drop-pend'],
  }
}

/** What a refusal of PREP means for the next step. */
export type Advice =
  /** The next attempt may be accepted. */
  | 'again'
  /** FINAL first, then the next attempt. */
  | 'final-first'
  /** This device was restored from before the last refresh was finished: it is moved, with base = its act. */
  | 'behind'
  /** The cosigner serves another device. */
  | 'replaced'

/** A refusal of the PREP that was sent last: take over the attempt. Of anything else: ignored, advice null. */
export function refused(
  state: DeviceEpochs,
  { id, act, old, att }: Omit<Refused, 'type' | 'reason'>,
): DeviceStep & { readonly advice: Advice | null } {
  if (state.commitSent || !sameId(state.asked, id)) return { ...ignored(state), advice: null }
  const mine = state.act === null || sameId(state.act, act)
  const advice = mine
    ? old === null
      ? 'again'
      : 'final-first'
    : sameId(state.act, old)
      ? 'behind'
      : 'replaced'
  return { state: { ...state, att: Math.max(state.att, att) }, effects: [], advice }
}

/** The FINAL to send at every start and before every PREP, once act is in the backup. Harmless when repeated. */
export function finalDue(state: DeviceEpochs, { backedUp }: { readonly backedUp: boolean }): ShareId | null {
  return backedUp ? state.act : null
}

/** The old node confirmed that it deleted every share: RETIRE is done. */
export function retired(state: DeviceEpochs, id: ShareId): DeviceStep {
  return sameId(state.retiring, id) ? { state: { ...state, retiring: null }, effects: [] } : ignored(state)
}

function ignored(state: DeviceEpochs): DeviceStep {
  return { state, effects: [] }
}

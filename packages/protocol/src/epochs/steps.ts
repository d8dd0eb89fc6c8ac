// What do the steps of a cosigner have in common? (SPEC 5.2)

import type {
  Answer,
  CosignerEpochs,
  CosignerPending,
  CosignerStep,
  RefusalReason,
  Refused,
  ShareId,
} from './state.js'

/** What any accepted PREP does: the attempt is used up, and what was pending gives way. */
export function pending(state: CosignerEpochs, pend: CosignerPending): CosignerStep<Answer<'prepared'>> {
  return {
    state: { ...state, pend, att: pend.id.attempt },
    answer: { type: 'prepared', id: pend.id },
    effects: state.pend === null ? ['store-pend'] : ['drop-pend', 'store-pend'],
    revoke: [],
  }
}

/** A signed no, with what the initiator needs to choose the next attempt. */
export function refuse(state: CosignerEpochs, id: ShareId, reason: RefusalReason): Refused {
  return { type: 'refused', id, act: state.act.id, old: state.old?.id ?? null, att: state.att, reason }
}

/** An answer that changes no row. */
export function unchanged<A>(state: CosignerEpochs, answer: A): CosignerStep<A> {
  return { state, answer, effects: [], revoke: [] }
}

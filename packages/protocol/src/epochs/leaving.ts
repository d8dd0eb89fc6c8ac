// When does an old node let go of a key whose operator changes? (SPEC 5.3: RELEASE before COMMIT, RETIRE after it)

import {
  type Answer,
  type CosignerEpochs,
  type CosignerStep,
  type Holder,
  inWindow,
  type RefusalReason,
  type Refused,
  type RetiredEpochs,
  type ShareId,
  sameId,
  type Transcript,
} from './state.js'
import { pending, refuse, unchanged } from './steps.js'

/** PREP of an operator change at the node that leaves: it deals and gets no new share. */
export interface Leave {
  readonly base: ShareId
  readonly id: ShareId
  readonly from: Holder
  /** The identity of the next cosigner. */
  readonly successor: Holder
}

/** Whether this node's own configuration names that successor for the key. */
export interface Configured {
  readonly isSuccessor: boolean
}

/** Whether such a PREP would be accepted now: asked at Req1. Null means yes. */
export function refusal(state: CosignerEpochs, asked: Leave, { isSuccessor }: Configured): Refused | null {
  const no = (reason: RefusalReason): Refused => refuse(state, asked.id, reason)
  const { act, old, pend, announced } = state
  if (state.released !== null) return no('released')
  if (asked.from !== act.holder) return no('not-the-holder')
  if (!isSuccessor) return no('not-the-successor')
  // Whoever claims the key back comes first: a thief must not carry it off meanwhile.
  if (announced.length > 0 || pend?.kind === 'replace') return no('replace-announced')
  if (!sameId(asked.base, act.id) && !sameId(asked.base, old?.id ?? null)) return no('base')
  if (asked.id.epoch !== act.id.epoch + 1) return no('epoch')
  return inWindow(state.att, asked.id.attempt) ? null : no('attempt')
}

/** PREP, before Res2: the guard once more; pend has no share, only the attempt's name and the successor. */
export function prepare(
  state: CosignerEpochs,
  asked: Leave & { readonly transcript: Transcript },
  configured: Configured,
): CosignerStep<Answer<'prepared'> | Refused> {
  const refused = refusal(state, asked, configured)
  if (refused !== null) return unchanged(state, refused)
  const { base, id, from, successor, transcript } = asked
  return pending(state, { kind: 'operator', base, id, holder: from, initiator: from, transcript, successor })
}

/**
 * RELEASE: from now on this node serves nothing of the key, and says so with its signature, which the successor
 * needs to obey COMMIT. The shares stay, until the successor says that it is active, or that it never will be.
 */
export function release(
  state: CosignerEpochs,
  { id, from, transcript }: { readonly id: ShareId; readonly from: Holder; readonly transcript: Transcript },
): CosignerStep<Answer<'released'> | Answer<'unknown'> | Refused> {
  const { pend, released } = state
  if (released !== null && sameId(released.id, id)) return unchanged(state, { type: 'released', id })
  const obeyed = pend !== null && pend.kind === 'operator' && sameId(pend.id, id) && pend.initiator === from
  if (!obeyed || pend.successor === null || pend.transcript !== transcript) {
    return unchanged(state, { type: 'unknown', id })
  }
  if (state.announced.length > 0) return unchanged(state, refuse(state, id, 'replace-announced'))
  return {
    state: { ...state, pend: null, released: { id, transcript, successor: pend.successor } },
    answer: { type: 'released', id },
    effects: ['drop-pend'],
    revoke: [],
  }
}

/**
 * WITHDRAW: the key is served here again, on nothing less than the successor's signed NEVER of this id. (An operator
 * who knows that the successor is lost for good may stand in for it, by hand.) What is still pending under this id
 * goes too, or a RELEASE that arrives late would stop a key that nobody takes over.
 */
export function withdraw(
  state: CosignerEpochs,
  { id, never }: { readonly id: ShareId; readonly never: boolean },
): CosignerStep<Answer<'unknown'> | Refused> {
  const { pend, released } = state
  const answer: Answer<'unknown'> = { type: 'unknown', id }
  const waits = pend?.kind === 'operator' && sameId(pend.id, id)
  if (!waits && !sameId(released?.id ?? null, id)) return unchanged(state, answer)
  if (!never) return unchanged(state, refuse(state, id, 'released'))
  if (!waits) return unchanged({ ...state, released: null }, answer)
  return { state: { ...state, pend: null }, answer, effects: ['drop-pend'], revoke: [] }
}

/**
 * RETIRE, with the successor's signed `active`, verified by the program: delete every share and OT setup of the
 * key and answer `revoked` for ever. Null, and nothing happens, when it comes from another than the successor.
 */
export function retire(
  state: CosignerEpochs,
  { id, successor }: { readonly id: ShareId; readonly successor: Holder },
  { isSuccessor }: Configured,
): RetiredEpochs | null {
  const named = state.released === null ? isSuccessor : state.released.successor === successor
  return named ? { retired: id, successor } : null
}

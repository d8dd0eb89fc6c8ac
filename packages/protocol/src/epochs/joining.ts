// When does a new node begin to serve a key that it takes over? (SPEC 5.3: the commit point of an operator change)

import {
  type Answer,
  ATTEMPT_WINDOW,
  type CosignerEpochs,
  type Holder,
  type JoiningEpochs,
  type ShareId,
  sameId,
  type Transcript,
} from './state.js'

/** The state of a key of which this node has heard nothing. */
export const first: JoiningEpochs = { pend: null, seen: null }

/** A hand-over whose share and signatures the program has checked, base among them. */
export interface HandOver {
  readonly base: ShareId
  readonly id: ShareId
  readonly from: Holder
  readonly transcript: Transcript
}

/**
 * The device hands over a share: stored durably before the ACK. A later one takes the place of an earlier one,
 * which can never be committed then. Null when the id is not a new one, and nothing changes.
 */
export function receive(
  state: JoiningEpochs,
  { base, id, from, transcript }: HandOver,
): JoiningEpochs | null {
  if (sameId(state.pend?.id ?? null, id) && state.pend?.transcript === transcript) return state
  const near = base.epoch < id.epoch && id.epoch <= base.epoch + 2
  if (!near || !follows(state.seen, id)) return null
  return { pend: { id, holder: from, initiator: from, transcript }, seen: id }
}

/** COMMIT of an operator change, whose signatures on Tr' the program has verified. */
export interface JoinCommit {
  readonly id: ShareId
  readonly from: Holder
  readonly transcript: Transcript
  /** Whether the other dealer agreed, by a verified signature: the old node's RELEASE, or the recovery key's on Tr'. */
  readonly consent: boolean
}

/**
 * COMMIT: the single commit point of an operator change. `never` is a signed statement for the old node; `not-yet`
 * is none: consent is missing, or this id was never handed over.
 */
export function commit(state: JoiningEpochs, { id, from, transcript, consent }: JoinCommit): JoinStep {
  const { pend } = state
  const obeyed =
    pend !== null && sameId(pend.id, id) && pend.initiator === from && pend.transcript === transcript
  if (!obeyed) return { serves: false, state, answer: { type: settled(state, id) ? 'never' : 'not-yet', id } }
  if (!consent) return { serves: false, state, answer: { type: 'not-yet', id } }
  const serving = { act: pend, old: null, pend: null, att: 0, announced: [], released: null, joined: id }
  return { serves: true, state: serving, answer: { type: 'committed', id } }
}
/** Whether this node serves the key from now on, and what it answers. */
export type JoinStep =
  | { readonly serves: true; readonly state: CosignerEpochs; readonly answer: Answer<'committed'> }
  | {
      readonly serves: false
      readonly state: JoiningEpochs
      readonly answer: Answer<'never'> | Answer<'not-yet'>
    }

/** The device, or who holds the recovery key, gives up an attempt: unless committed it never will be. */
export function abandon(
  state: JoiningEpochs,
  id: ShareId,
): { readonly state: JoiningEpochs; readonly answer: Answer<'never'> | Answer<'not-yet'> } {
  const after = sameId(state.pend?.id ?? null, id) ? { ...state, pend: null } : state
  return { state: after, answer: { type: settled(after, id) ? 'never' : 'not-yet', id } }
}

/** A share that was handed over has waited too long. Its id stays used. */
export function expire(state: JoiningEpochs): JoiningEpochs {
  return { ...state, pend: null }
}

/** What a node that serves the key answers to COMMIT or ABANDON of the change that brought it here, for ever. */
export function joined(
  state: CosignerEpochs,
  id: ShareId,
): Answer<'committed'> | Answer<'never'> | Answer<'not-yet'> {
  if (sameId(state.joined, id)) return { type: 'committed', id }
  return { type: settled({ pend: null, seen: state.joined }, id) ? 'never' : 'not-yet', id }
}

/** Whether an id was handed over and is not pending: then it can never be committed here. */
function settled({ pend, seen }: JoiningEpochs, id: ShareId): boolean {
  if (seen === null || sameId(pend?.id ?? null, id)) return false
  return id.epoch < seen.epoch || (id.epoch === seen.epoch && id.attempt <= seen.attempt)
}

function follows(seen: ShareId | null, id: ShareId): boolean {
  if (!Number.isSafeInteger(id.attempt)) return false
  if (seen !== null && id.epoch < seen.epoch) return false
  const above = seen !== null && id.epoch === seen.epoch ? seen.attempt : 0
  return above < id.attempt && id.attempt <= above + ATTEMPT_WINDOW
}

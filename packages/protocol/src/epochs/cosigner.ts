// When does the cosigner prepare, commit and forget an epoch? (SPEC 5.2: every guard of C)

import {
  type Announcement,
  type Answer,
  type CosignerEpochs,
  type CosignerStep,
  type Holder,
  inWindow,
  type RefusalReason,
  type Refused,
  type ShareId,
  sameId,
  type Transcript,
} from './state.js'
import { pending, refuse, unchanged } from './steps.js'

/** PREP of kind refresh or replace, as Req1 asks for it. */
export interface Prepare {
  readonly kind: 'refresh' | 'replace'
  readonly base: ShareId
  readonly id: ShareId
  /** Whose request this is. */
  readonly from: Holder
  /** The credential of the new device; of a refresh, `from` itself. */
  readonly newHolder: Holder
}

/** What the program knows and these functions do not: its clock. */
export interface Delay {
  /** Whether the delay of the claim has ended; true where the path has none. A refresh does not look at it. */
  readonly delayOver: boolean
}

/** The state of a key as keygen leaves it. */
export function first(holder: Holder, transcript: Transcript): CosignerEpochs {
  const act = { id: { epoch: 0, attempt: 0 }, holder, initiator: holder, transcript }
  return { act, old: null, pend: null, att: 0, announced: [], released: null, joined: null }
}

/** Whether a PREP would be accepted now: asked at Req1, before anything is computed. Null means yes. */
export function refusal(state: CosignerEpochs, asked: Prepare, { delayOver }: Delay): Refused | null {
  const no = (reason: RefusalReason): Refused => refuse(state, asked.id, reason)
  const { act, old, pend, att, announced } = state
  if (state.released !== null) return no('released')
  if (asked.kind === 'refresh') {
    if (asked.from !== act.holder || asked.newHolder !== act.holder) return no('not-the-holder')
    if (!sameId(asked.base, act.id)) return no('base')
    if (old !== null) return no('old-kept')
    if (announced.length > 0 || pend?.kind === 'replace') return no('replace-announced')
  } else {
    const claim = announced.find(({ newHolder }) => newHolder === asked.newHolder)
    if (claim?.initiator !== asked.from) return no('not-announced')
    // Who holds a share is no new device: it may not have heard yet that its share is the one that counts.
    if ([act.holder, old?.holder].includes(asked.newHolder)) return no('not-announced')
    if (!delayOver) return no('delay')
    if (!sameId(asked.base, act.id) && !sameId(asked.base, old?.id ?? null)) return no('base')
  }
  if (asked.id.epoch !== act.id.epoch + 1) return no('epoch')
  return inWindow(att, asked.id.attempt) ? null : no('attempt')
}

/** PREP, in the transaction that stores pend before Res2: the guard of Req1 once more, then pend. */
export function prepare(
  state: CosignerEpochs,
  asked: Prepare & { readonly transcript: Transcript },
  delay: Delay,
): CosignerStep<Answer<'prepared'> | Refused> {
  const refused = refusal(state, asked, delay)
  if (refused !== null) return unchanged(state, refused)
  const { kind, base, id, from, newHolder, transcript } = asked
  const pend = { kind, base, id, holder: newHolder, initiator: from, transcript, successor: null }
  return pending(state, pend)
}

/** COMMIT, whose signatures on Tr' the program has verified. */
export interface Commit {
  readonly id: ShareId
  readonly from: Holder
  readonly transcript: Transcript
}

/** COMMIT: the single commit point of refresh and replace. Repeating it changes nothing. */
export function commit(
  state: CosignerEpochs,
  { id, from, transcript }: Commit,
  { delayOver }: Delay,
): CosignerStep<Answer<'committed'> | Answer<'unknown'> | Refused> {
  const { act, pend } = state
  if (ours(state, id, from)) return unchanged(state, { type: 'committed', id })
  const obeyed = pend !== null && sameId(pend.id, id) && pend.initiator === from
  if (!obeyed || pend.transcript !== transcript || pend.kind === 'operator') return unknown(state, id)
  if (pend.kind === 'replace' && !delayOver) return unchanged(state, refuse(state, id, 'delay'))
  const { holder, initiator } = pend
  const share = { id, holder, initiator, transcript }
  const answer: Answer<'committed'> = { type: 'committed', id }
  if (pend.kind === 'refresh') {
    const after = { ...state, act: share, old: act, pend: null, att: 0 }
    return { state: after, answer, effects: ['act-becomes-old', 'pend-becomes-act'], revoke: [] }
  }
  const held = state.old === null ? [act.holder] : [act.holder, state.old.holder]
  return {
    state: { ...state, act: share, old: null, pend: null, att: 0, announced: [] },
    answer,
    effects: [...(state.old === null ? [] : (['drop-old'] as const)), 'drop-act', 'pend-becomes-act'],
    revoke: [...new Set(held)].filter((credential) => credential !== holder),
  }
}

/** What became of a reshare, for a newcomer that was handed its share and does not send COMMIT itself. Reads only. */
export function resolve(
  state: CosignerEpochs,
  { id, from }: { readonly id: ShareId; readonly from: Holder },
): Answer<'committed'> | Answer<'pending'> | Answer<'unknown'> {
  if (ours(state, id, from)) return { type: 'committed', id }
  const waits = sameId(state.pend?.id ?? null, id) && state.pend?.holder === from
  return { type: waits ? 'pending' : 'unknown', id }
}

/** FINAL: the device holds act and has it in its backup. Answered in any case, obeyed only from act's holder. */
export function final(
  state: CosignerEpochs,
  { id, from }: { readonly id: ShareId; readonly from: Holder },
): CosignerStep<Answer<'final'>> {
  const { act, old } = state
  const answer: Answer<'final'> = { type: 'final', id }
  if (old === null || !sameId(act.id, id) || act.holder !== from) return unchanged(state, answer)
  return { state: { ...state, old: null }, answer, effects: ['drop-old'], revoke: [] }
}

/** A pending reshare has waited too long. Its attempt stays used. */
export function expire(state: CosignerEpochs): CosignerStep<null> {
  return drop(state, null)
}

/** A claim was accepted and its notice goes out: from now on no refresh is prepared. */
export function announce(state: CosignerEpochs, claim: Announcement): CosignerStep<'announced' | 'released'> {
  if (state.released !== null) return unchanged(state, 'released')
  const others = state.announced.filter(({ newHolder }) => newHolder !== claim.newHolder)
  return unchanged({ ...state, announced: [...others, claim] }, 'announced')
}

/** A claim ends by itself: withdrawn by who made it, or too old. Its pending reshare goes with it. */
export function lapse(state: CosignerEpochs, newHolder: Holder): CosignerStep<null> {
  const announced = state.announced.filter((claim) => claim.newHolder !== newHolder)
  const after = { ...state, announced }
  return state.pend?.kind === 'replace' && state.pend.holder === newHolder
    ? drop(after, null)
    : unchanged(after, null)
}

/** The device that would be replaced stops one claim. The program keeps its budget and says what is left. */
export function veto(
  state: CosignerEpochs,
  { newHolder, from }: { readonly newHolder: Holder; readonly from: Holder },
  { budgetLeft }: { readonly budgetLeft: boolean },
): CosignerStep<'vetoed' | 'refused'> {
  const claim = state.announced.find((announced) => announced.newHolder === newHolder)
  const may = budgetLeft && claim?.vetoable === true && from === state.act.holder
  return may ? { ...lapse(state, newHolder), answer: 'vetoed' } : unchanged(state, 'refused')
}

/** Whether a share may be used for this credential now: act, and old until FINAL. */
export function serves(state: CosignerEpochs, id: ShareId, from: Holder): boolean {
  if (state.released !== null) return false
  return [state.act, state.old].some(
    (share) => share !== null && sameId(share.id, id) && share.holder === from,
  )
}

/** COMMIT of this id has been obeyed, and this one may know. */
function ours({ act }: CosignerEpochs, id: ShareId, from: Holder): boolean {
  return sameId(act.id, id) && (act.holder === from || act.initiator === from)
}

function unknown(state: CosignerEpochs, id: ShareId): CosignerStep<Answer<'unknown'>> {
  return unchanged(state, { type: 'unknown', id })
}

function drop<A>(state: CosignerEpochs, answer: A): CosignerStep<A> {
  if (state.pend === null) return unchanged(state, answer)
  return { state: { ...state, pend: null }, answer, effects: ['drop-pend'], revoke: [] }
}

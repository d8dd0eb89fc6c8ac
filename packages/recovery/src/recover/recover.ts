// How is a lost device replaced, run after run, until the new one has its share? (SPEC 5.1, 5.2, 5.4)

import { device, type ShareId } from '@tercet/protocol/epochs'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { claimHash, decodeClaim } from '@tercet/wire/claim'
import type { ClaimStatus } from '@tercet/wire/claim-status'
import type { Conversation } from '@tercet/wire/conversation'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { Refused } from '../exit.js'
import {
  type HandOver,
  handOver,
  type NodeTalk,
  type Outcome,
  type Prepared,
  readCommitted,
  Unprepared,
} from './hand-over.js'
import type { RecoveryState } from './state-file.js'

/** How sessions with the node begin, or go on behind the hash of its last answer. */
export interface NodeSessions {
  session(id: Uint8Array, previous?: Uint8Array): NodeTalk
}

export interface Recovery {
  readonly client: NodeSessions
  readonly state: RecoveryState
  /** Stores a state, durably. */
  readonly store: (state: RecoveryState) => void
}

/** Where a recovery stands after COMMIT. */
export interface Recovered {
  readonly kit: Kit
  /** The node's answer, for the new device; absent where an earlier run had it. */
  readonly answer?: Uint8Array
}

/**
 * COMMIT of an earlier run, if one may be under way: it is repeated until it is answered. What to go on with, where it came to
 * nothing or there was none. @throws Refused, NodeError
 */
export async function finishEarlier(
  recovery: Recovery,
): Promise<{ readonly recovered: Recovered } | { readonly recovery: Recovery }> {
  const { state } = recovery
  if (state.done !== undefined) return { recovered: { kit: decodeKit(state.done) } }
  if (!state.epochs.commitSent) return { recovery }
  const { outcome, after } = await commit(recovery, state)
  if (outcome.type === 'committed') return { recovered: outcome }
  if (outcome.type === 'unknown') return { recovery: { ...recovery, state: after } }
  throw ended(outcome)
}

/**
 * One attempt: hands the share over and commits. The state is stored before each thing that cannot be taken back.
 * @throws Refused, NodeError, LinkError, ProtocolAbort, Malformed
 */
export async function replaceDevice(
  recovery: Recovery,
  status: ClaimStatus,
  input: Omit<HandOver, 'talk' | 'authorisation'>,
): Promise<Recovered> {
  const { client, state, store } = recovery
  const { epoch, attempt } = status.act
  const begun = device.prepare(state.epochs, { above: { epoch, attempt }, att: status.att })
  if (begun === null) throw new Refused('failed', 'an earlier commit is under way', { reason: 'conflict' })
  const claim = decodeClaim(state.claim)
  let current: RecoveryState = { claim: state.claim, epochs: begun.state }
  store(current)
  const talk = (sessionId: Uint8Array) => client.session(sessionId)
  const prepared = await prepare(
    { ...input, talk, authorisation: claimHash(claim) },
    begun.id,
    input.kit.record.epoch,
  )
  const pend = device.prepared(current.epochs, {
    id: prepared.id,
    transcript: prepared.transcript,
    role: 'hand-over',
  })
  current = { claim: state.claim, epochs: device.commitSent(pend.state).state, commit: prepared.commit }
  store(current)
  input.report('commit')
  const { outcome } = await commit({ client, state: current, store }, current)
  if (outcome.type === 'committed') return outcome
  throw ended(outcome)
}

async function prepare(input: HandOver, id: ShareId, kitEpoch: number): Promise<Prepared> {
  try {
    return await handOver(input, id)
  } catch (error) {
    if (!(error instanceof Unprepared)) throw error
    const { actEpoch } = error.status
    if (actEpoch !== kitEpoch)
      throw new Refused(
        'failed',
        `the node has gone on from epoch ${kitEpoch} to ${actEpoch} meanwhile: run this again`,
        { reason: 'stale-epoch' },
      )
    throw new Refused(
      'failed',
      'the node prepares nothing now: was the claim vetoed? Run this again to see',
      {
        reason: error.status.status,
      },
    )
  }
}

/** Sends COMMIT, obeys the answer, and stores what is left of it. */
async function commit(
  { client, store }: Recovery,
  state: RecoveryState,
): Promise<{ outcome: Outcome; after: RecoveryState }> {
  const { pend } = state.epochs
  const kept = state.commit
  if (pend === null || kept === undefined) throw new ProtocolAbort('context')
  const session = client.session(kept.sessionId, kept.previous)
  const answer = await session.send('reshare.commit', kept.body)
  const outcome = await readCommitted(answer, pend.id, decodeKit(kept.kit))
  const { claim, epochs } = state
  let after = state
  if (outcome.type === 'committed')
    after = { claim, epochs: device.committed(epochs, pend.id).state, done: encodeKit(outcome.kit) }
  if (outcome.type === 'unknown') after = { claim, epochs: device.unknown(epochs, pend.id).state }
  if (after !== state) store(after)
  return { outcome, after }
}

function ended({ type }: Outcome): Refused {
  if (type === 'refused')
    return new Refused('waiting', 'the node obeys this only after its delay: run this again', {
      reason: 'waiting',
    })
  return new Refused(
    'failed',
    'the node knows nothing of this recovery any more: vetoed, or another one has won',
    {
      reason: type,
    },
  )
}

/** Tells the new device that it is done, or why not; the link may be gone, and then it asks the node itself. */
export async function tellDevice(conversation: Conversation, { answer }: Recovered): Promise<boolean> {
  if (answer === undefined) return false
  try {
    await conversation.send('committed', answer)
    return true
  } catch (error) {
    if (error instanceof Malformed) throw error
    return false
  }
}

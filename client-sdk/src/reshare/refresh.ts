// How does a device get new shares together with its node, so that no crash ever leaves two epochs that do not meet? (SPEC 5)

import { equalBytes } from '@tercet/protocol/bytes'
import { type Advice, type DeviceEpochs, device, type ShareId } from '@tercet/protocol/epochs'
import { encodeMessage } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE, partyName } from '@tercet/protocol/party'
import { toBase64url } from '@tercet/wire/base64url'
import { signTagged, verifyTagged } from '@tercet/wire/identity'
import type { Session } from '../channel.js'
import { assertUsable } from '../condition.js'
import type { RecoveryKeyChange, RefreshResult } from '../engine/contract.js'
import { type Pending, storeEpochs, storePending } from '../epoch-records.js'
import { TercetError } from '../errors.js'
import { exclusively } from '../exclusive.js'
import { type Held, sendHeld } from '../held.js'
import type { Live } from '../live.js'
import { type Progress, REFRESH_STAGES, type RefreshStage, type Report, reporter } from '../progress.js'
import { loadWallet } from '../records.js'
import { checked, nextAttempt } from '../recovery/dealing.js'
import { isLocked } from '../strikes.js'
import { standing, statusIn } from './answers.js'
import { endReplaced, sendFinal } from './final.js'
import { settle } from './settle.js'

export interface RefreshOptions {
  /** Ends the wait. A commit that may have been sent is finished later by itself. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress<RefreshStage>) => void
}

/** Attempts that the cosigner refuses before the refresh is given up: each refusal says which one may do. */
const ATTEMPTS = 4

/** New shares of the same key, one epoch later; with another recovery key where a change is given. @throws TercetError */
export function refresh(live: Live, options: RefreshOptions, change?: RecoveryKeyChange): Promise<void> {
  const { storage, walletId } = live
  const report = reporter(REFRESH_STAGES, options.onProgress)
  const work = async (): Promise<void> => {
    if (live.closed) throw new TercetError('closed')
    await live.catchUp()
    await assertUsable(storage, walletId)
    const { meta } = await loadWallet(storage, walletId)
    if (isLocked(meta.strikes)) throw new TercetError('locked')
    // One that was under way is as good as a new one, unless it is about another recovery key.
    const settled = await settle(live, options.signal)
    const done = change === undefined ? settled === 'committed' : hasRecoveryKey(live, change.recoveryKey)
    if (!done) await run(live, report, options.signal, change)
    report('ready')
    // Until it arrives the cosigner keeps the old shares; it is sent again at every start.
    await sendFinal(live, options.signal).catch(() => undefined)
  }
  return exclusively(storage, walletId, work, options.signal)
}

function hasRecoveryKey({ records }: Live, recoveryKey: Uint8Array): boolean {
  return equalBytes(records.kit.record.sidInputs.recoveryKey, recoveryKey)
}

/** Continues at a start: a commit that was under way, and FINAL. Nothing here is an error of the caller. */
export function resume(live: Live): Promise<void> {
  const { storage, walletId, stopped } = live
  return exclusively(storage, walletId, async () => {
    if (live.closed) return
    await live.catchUp()
    await settle(live, stopped)
    if (live.records.kit.record.epoch > 0) await sendFinal(live, stopped)
  })
}

async function run(
  live: Live,
  report: Report<RefreshStage>,
  signal: AbortSignal | undefined,
  change: RecoveryKeyChange | undefined,
): Promise<void> {
  for (let tried = 1; ; tried++) {
    if (live.records.kit.record.epoch > 0) await sendFinal(live, signal)
    const refused = await attempt(live, report, signal, change)
    if (refused === undefined) return
    if (refused === 'behind') throw new TercetError('behind')
    if (refused === 'replaced' || tried >= ATTEMPTS) {
      throw new TercetError('conflict', {
        message: 'The node prepares no refresh now: a recovery may be announced, or it serves newer shares.',
      })
    }
  }
}

/** One attempt, from PREP to the answer of COMMIT. Undefined when it is done; the advice of the cosigner's refusal else. */
async function attempt(
  live: Live,
  report: Report<RefreshStage>,
  signal: AbortSignal | undefined,
  change: RecoveryKeyChange | undefined,
): Promise<Advice | undefined> {
  const { storage, walletId, engine, channel, records } = live
  const { record } = records.kit
  report('start')
  const { state, id } = await nextAttempt(live)
  const input = { share: records.share, record, id, ...(change === undefined ? {} : { change }) }
  const first = await engine.run('refreshStart', input)
  const { keyId, epoch } = record
  const names = { opType: 'reshare', keyId, epoch, sessionId: first.sessionId, walletId } as const
  const session = channel.session(names)
  const answer1 = await sendHeld(engine, session, 'reshare.start', first, signal)
  const refused1 = await refusal(live, state, id, answer1, first)
  if (refused1 !== undefined) return refused1
  report('open')
  const second = await checked(() => engine.run('refreshOpen', { handle: first.handle, response: answer1 }))
  const answer2 = await sendHeld(engine, session, 'reshare.deal', second, signal)
  const refused2 = await refusal(live, state, id, answer2, second)
  if (refused2 !== undefined) return refused2
  report('verify')
  const made = await checked(() => engine.run('refreshFinish', { handle: second.handle, response: answer2 }))
  report('store')
  const pending = await pendingOf(live, made, id, first.sessionId, session)
  const transcript = toBase64url(made.record.transcript)
  const prepared = device.prepared(state, { id, transcript, role: 'refresh' })
  await storePending(storage, walletId, prepared.state, pending)
  report('commit')
  const settled = await settle(live, signal)
  return settled === 'committed' ? undefined : 'again'
}

/** What a refusal means for the next attempt, undefined where there is none. @throws TercetError `replaced` */
async function refusal(
  live: Live,
  state: DeviceEpochs,
  id: ShareId,
  answer: Uint8Array,
  { handle }: Held,
): Promise<Advice | undefined> {
  const status = statusIn(answer, id)
  if (status === undefined) return undefined
  await live.engine.run('drop', [handle])
  if (status.status === 'revoked') return endReplaced(live)
  const step = device.refused(state, { id, ...standing(status) })
  await storeEpochs(live.storage, live.walletId, step.state)
  return step.advice ?? 'again'
}

/** Verifies the cosigner's signature on Tr', signs it, and makes COMMIT. @throws TercetError `peer-fault` */
async function pendingOf(
  { channel }: Live,
  { share, otSetup, record, shareProof, cosignerSignature }: RefreshResult,
  id: ShareId,
  sessionId: Uint8Array,
  session: Session,
): Promise<Pending> {
  const { identity, cosigner } = channel.options
  const { keyId, transcript } = record
  const theirs = await verifyTagged(
    cosigner,
    cosignerSignature,
    'sig/tr',
    partyName(COSIGNER),
    keyId,
    transcript,
  )
  if (!theirs) throw new TercetError('peer-fault', { incident: 'transcript' })
  const signature = await signTagged(identity, 'sig/tr', partyName(DEVICE), keyId, transcript)
  const body = encodeMessage('reshare.req3', {
    ...id,
    transcript,
    shareProof,
    signature,
    dealerSignature: new Uint8Array(64),
  })
  const signatures = { device: signature, cosigner: cosignerSignature }
  return {
    share,
    otSetup,
    kit: { record, signatures, node: { address: '', signature: new Uint8Array(64) } },
    commit: { sessionId, previous: session.previous, body },
  }
}

// How does a change of operator come to its end, from wherever it stopped? RELEASE, COMMIT, RETIRE, or NEVER and WITHDRAW. (SPEC 5.3)

import { type DeviceEpochs, type DevicePending, device, type ShareId } from '@tercet/protocol/epochs'
import { decodeMessage, encodeMessage, MESSAGES, type MessageOf } from '@tercet/protocol/messages'
import { u64be } from '@tercet/protocol/transcript'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { verifyTagged } from '@tercet/wire/identity'
import type { Kit } from '@tercet/wire/kit'
import { servedKit } from '@tercet/wire/served'
import { Channel } from '../channel.js'
import {
  dropPending,
  loadEpochs,
  loadPending,
  type Pending,
  storeEpochs,
  storeSwitched,
} from '../epoch-records.js'
import { TercetError } from '../errors.js'
import { namesOf, staleKit } from '../kits.js'
import type { Live } from '../live.js'
import type { Report } from '../progress.js'
import { decodeTexts, encodeTexts, reading, read as readPart, text, write } from '../record-format.js'
import type { WalletMeta } from '../records.js'
import { assertEcho, read, statusIn } from '../reshare/answers.js'
import { endReplaced } from '../reshare/final.js'
import type { OperatorStage } from './stages.js'

const FAREWELL_MILLISECONDS = 10_000

/** Ends what is under way: `none` where nothing is. @throws TercetError; what is under way then stays, and is continued */
export async function finishOperatorChange(
  live: Live,
  report: Report<OperatorStage>,
  signal?: AbortSignal,
  isOldNodeGone = false,
): Promise<'none' | 'committed' | 'unknown'> {
  const { storage, walletId, records } = live
  const state = await loadEpochs(storage, walletId, records.kit)
  const { pend } = state
  const isOurs = pend?.role === 'operator' || pend?.role === 'operator-alone'
  if (pend === null || !isOurs) {
    await retire(live, state, signal).catch(() => undefined)
    return 'none'
  }
  report('commit')
  const pending = await loadPending(storage, walletId)
  if (isOldNodeGone && pend.role === 'operator' && (await isAbandoned(live, state, pend, pending, signal)))
    return 'unknown'
  return commit(live, state, pend, pending, report, signal, isOldNodeGone)
}

/**
 * Whether the new node says that it never will commit what an old node would have had to let go of, which is given up for
 * lost: then nothing is under way any more. @throws TercetError `delayed`
 */
async function isAbandoned(
  live: Live,
  state: DeviceEpochs,
  { id }: DevicePending,
  { kit }: Pending,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { keyId, sidInputs } = kit.record
  const body = encodeMessage('newcomer.abandon', { keyId, ...id })
  const answer = await newChannel(live, kit).ask('newcomers.abandon', namesOf(live), body, signal)
  const status = read('newcomer.status', answer)
  assertEcho(status, id)
  if (status.status === 'committed') return false
  await assertNever(sidInputs.idC, keyId, id, status)
  const { state: after } = device.never(state, id, { oldNodeLost: true })
  await dropPending(live.storage, live.walletId, after)
  return true
}

/** The new node's signed word that it never will. @throws TercetError `delayed`, `peer-fault` */
async function assertNever(
  idC: Uint8Array,
  keyId: Uint8Array,
  id: ShareId,
  { status, signature }: MessageOf<'newcomer.status'>,
): Promise<void> {
  if (status !== 'never') throw new TercetError('delayed')
  const about = [keyId, u64be(id.epoch), u64be(id.attempt)] as const
  if (!(await verifyTagged(idC, signature, 'sig/never', ...about)))
    throw new TercetError('peer-fault', { incident: 'transcript' })
}

async function commit(
  live: Live,
  before: DeviceEpochs,
  pend: DevicePending,
  pending: Pending,
  report: Report<OperatorStage>,
  signal: AbortSignal | undefined,
  isOldNodeGone: boolean,
): Promise<'committed' | 'unknown'> {
  const { storage, walletId } = live
  const { state } = device.commitSent(before)
  if (!before.commitSent) await storeEpochs(storage, walletId, state)
  const asksOldNode = pend.role === 'operator' && !isOldNodeGone
  const consent = asksOldNode ? await release(live, state, pend, pending, signal) : undefined
  if (consent === 'unknown') return 'unknown'
  const body = consent === undefined ? pending.commit.body : withConsent(pending.commit.body, consent)
  const next = newChannel(live, pending.kit)
  const { keyId, epoch } = pending.kit.record
  const session = next.session({ opType: 'reshare', keyId, epoch, sessionId: pending.commit.sessionId })
  const answer = await session.send('newcomers.commit', body, signal)
  if (answer[1] === MESSAGES['newcomer.status'].type)
    return never(live, state, pend, pending, read('newcomer.status', answer), signal)
  await switchTo(live, state, pend, pending, read('newcomer.res3', answer))
  report('self-test')
  await live.sign({ kind: 'self-test' }, signal)
  report('ready')
  const after = await loadEpochs(storage, walletId, live.records.kit)
  await retire(live, after, signal).catch(() => undefined)
  return 'committed'
}

/** RELEASE at the old node: its word for the new one, or `unknown` where it will never give it. @throws TercetError */
async function release(
  live: Live,
  state: DeviceEpochs,
  { id }: DevicePending,
  { kit }: Pending,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | 'unknown'> {
  const { storage, walletId, channel } = live
  const { keyId, transcript, sidInputs } = kit.record
  const body = encodeMessage('reshare.release', { ...id, transcript })
  const answer = await channel.ask('reshare.release', namesOf(live), body, signal)
  const status = statusIn(answer, id)
  if (status?.status === 'unknown') {
    // An attempt is used once: what the old node does not know any more, it will never let go under this id.
    await dropPending(storage, walletId, device.unknown(state, id).state)
    return 'unknown'
  }
  if (status?.status === 'revoked') return endReplaced(live)
  if (status !== undefined)
    throw new TercetError('conflict', {
      message: 'The old node lets nothing go while a recovery is announced.',
    })
  const message = read('reshare.released', answer)
  assertEcho(message, id)
  const about = [keyId, u64be(id.epoch), u64be(id.attempt), transcript, sidInputs.idC] as const
  if (!(await verifyTagged(channel.options.cosigner, message.release, 'sig/release', ...about)))
    throw new TercetError('peer-fault', { incident: 'transcript' })
  return message.release
}

/** The new node will never commit this, or not yet. @throws TercetError `delayed` */
async function never(
  live: Live,
  state: DeviceEpochs,
  pend: DevicePending,
  { kit }: Pending,
  status: MessageOf<'newcomer.status'>,
  signal: AbortSignal | undefined,
): Promise<'unknown'> {
  const { storage, walletId, channel } = live
  const { id } = pend
  assertEcho(status, id)
  await assertNever(kit.record.sidInputs.idC, kit.record.keyId, id, status)
  if (pend.role === 'operator') {
    // The old node may have let go of the key: it hears of it first, and serves again.
    const body = encodeMessage('reshare.withdraw', { ...id, never: status.signature })
    const answer = await channel.ask('reshare.withdraw', namesOf(live), body, signal)
    if (statusIn(answer, id) !== undefined) throw new TercetError('conflict')
    assertEcho(read('reshare.withdrawn', answer), id)
    await dropPending(storage, walletId, device.unknown(state, id).state)
    return 'unknown'
  }
  await dropPending(storage, walletId, device.never(state, id, { oldNodeLost: true }).state)
  return 'unknown'
}

/** The new epoch takes the place of the old one, with what the old node is to be told afterwards. */
async function switchTo(
  live: Live,
  state: DeviceEpochs,
  pend: DevicePending,
  { share, kit }: Pending,
  message: MessageOf<'newcomer.res3'>,
): Promise<void> {
  const { storage, walletId, channel } = live
  assertEcho(message, pend.id)
  const served = await servedKit(kit, message)
  if (served === undefined) throw new TercetError('peer-fault', { incident: 'transcript' })
  const { transcript, sidInputs } = kit.record
  const { idC: cosigner } = sidInputs
  const { active } = message
  const retirement = encodeMessage('reshare.retire', { ...pend.id, cosigner, transcript, active })
  await write(storage, walletId, {
    retire: encodeTexts({
      node: channel.options.node,
      cosigner: toBase64url(channel.options.cosigner),
      body: toBase64url(retirement),
    }),
  })
  // Strikes were the old node's; the setup with the new one is made with the first signature.
  const meta: WalletMeta = { stage: 'ready', node: kit.node.address, cosigner, renew: 'mismatch' }
  const records = { meta, share, otSetup: new Uint8Array(0), kit: served }
  const after = device.committed(state, pend.id).state
  await live.pair.replace(() => storeSwitched(storage, walletId, after, records))
  live.adopt(records)
  const stale = await staleKit(live).catch(() => undefined)
  if (stale !== undefined) live.events.emit('kit-changed', stale)
}

/**
 * RETIRE at the old node, until it says that it has deleted everything; tried again at every start. It may never be reached
 * again, and nobody waits for it long. @throws TercetError
 */
async function retire(live: Live, state: DeviceEpochs, stop: AbortSignal | undefined): Promise<void> {
  const { storage, walletId } = live
  const limit = AbortSignal.timeout(FAREWELL_MILLISECONDS)
  const signal = stop === undefined ? limit : AbortSignal.any([stop, limit])
  const id: ShareId | null = state.retiring
  const kept = await readPart(storage, walletId, 'retire')
  if (id === null || kept === undefined) return
  const { node, cosigner, body } = reading(() => {
    const texts = decodeTexts(kept, 'retire')
    return {
      node: text(texts['node'], 'retire.node'),
      cosigner: fromBase64url(text(texts['cosigner'], 'retire.cosigner'), 'retire.cosigner', 34),
      body: fromBase64url(text(texts['body'], 'retire.body'), 'retire.body'),
    }
  })
  const old = new Channel({ ...live.channel.options, node, cosigner })
  const answer = await old.ask('reshare.retire', namesOf(live), body, signal)
  if (read('reshare.status', answer).status !== 'revoked') return
  await storeEpochs(storage, walletId, device.retired(state, id).state)
}

function newChannel({ channel }: Live, { record, node }: Kit): Channel {
  return new Channel({ ...channel.options, node: node.address, cosigner: record.sidInputs.idC })
}

/** The stored COMMIT with the old node's word in it. */
function withConsent(commit: Uint8Array, consent: Uint8Array): Uint8Array {
  const { bytes: _, ...fields } = decodeMessage('newcomer.req3', commit)
  return encodeMessage('newcomer.req3', { ...fields, dealerSignature: consent })
}

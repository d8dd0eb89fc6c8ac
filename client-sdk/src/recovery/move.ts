// How does a user go over to a new device while the old one still works? The old one hands over, and is refused from then on. (SPEC 5.1 to 5.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { device, type ShareId } from '@tercet/protocol/epochs'
import { encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE } from '@tercet/protocol/party'
import type { OfferedNewcomer } from '@tercet/protocol/reshare'
import { toBase64url } from '@tercet/wire/base64url'
import {
  type Authorities,
  type Claim,
  claimHash,
  decodeClaim,
  encodeClaim,
  encodeClaimRequest,
  signAsDevice,
} from '@tercet/wire/claim'
import { type ClaimStatus, decodeClaimStatus } from '@tercet/wire/claim-status'
import { Conversation, type Link } from '@tercet/wire/conversation'
import { verifyTagged } from '@tercet/wire/identity'
import { decodeJoinCode, encodeInvitation } from '@tercet/wire/join-code'
import { encodeKit } from '@tercet/wire/kit'
import { verifyOffer } from '@tercet/wire/offer'
import { assertUsable } from '../condition.js'
import type { ReplaceResult } from '../engine/contract.js'
import { type Pending, storePending } from '../epoch-records.js'
import { TercetError } from '../errors.js'
import { exclusively } from '../exclusive.js'
import { orDrop } from '../held.js'
import { namesOf } from '../kits.js'
import type { Live } from '../live.js'
import { type Progress, type Report, reporter } from '../progress.js'
import { read as readPart, write } from '../record-format.js'
import { read } from '../reshare/answers.js'
import { settle } from '../reshare/settle.js'
import { assertPrepared, checked, nextAttempt } from './dealing.js'
import { asLinkFailure } from './link-errors.js'
import { finishMove } from './move-commit.js'

/** In order: the order to move, the new device over the link, new shares with the node, the new device's share, the commit. */
export const MOVE_STAGES = ['order', 'device', 'deal', 'hand-over', 'commit', 'done'] as const
export type MoveStage = (typeof MOVE_STAGES)[number]

export interface MoveOptions {
  /** The new device's code. */
  readonly code: string
  /** The link to the new device, which joins with this device's invitation. */
  readonly link: Link
  /**
   * A second authority: signs the order with the recovery key (`tercet-recovery authorise`), 64 bytes over
   * `TH("sig/claim", hash)`. Without it the move waits the wallet's delay: `delayed` says so, and the same call goes on
   * afterwards.
   */
  readonly authority?: (claim: {
    /** What is ordered, canonical. */
    readonly document: Uint8Array
    /** 32 bytes */
    readonly hash: Uint8Array
  }) => Promise<Uint8Array> | Uint8Array
  readonly onProgress?: (progress: Progress<MoveStage>) => void
  readonly signal?: AbortSignal
  /** For one message over the link: ten minutes where left out. */
  readonly linkTimeoutMilliseconds?: number
}

const LINK_TIMEOUT_MILLISECONDS = 600_000
const NO_SIGNATURE = new Uint8Array(64)
const REFUSED = 'The node prepares no move now.'

/** What the new device is told by hand: which wallet, whose keys, and that this device hands it over. */
export function invitationOf({ records, channel }: Live): string {
  const { keyId, publicKey, sidInputs } = records.kit.record
  const { recoveryKey, idC } = sidInputs
  const from = channel.options.identity.publicIdentity
  return encodeInvitation({
    keyId,
    publicKey,
    recoveryKey,
    nextRecoveryKey: recoveryKey,
    cosigner: idC,
    from,
  })
}

/** Hands the wallet over to a new device; this one is refused from then on. @throws TercetError */
export function moveTo(live: Live, options: MoveOptions): Promise<void> {
  const { storage, walletId } = live
  const report = reporter(MOVE_STAGES, options.onProgress)
  return exclusively(storage, walletId, async () => {
    if (live.closed) throw new TercetError('closed')
    await live.catchUp()
    if ((await finishMove(live, options.signal)) !== undefined) return report('done')
    await assertUsable(storage, walletId)
    await settle(live, options.signal)
    const newDevice = decodeJoinCode(options.code)
    report('order')
    const { claim, status } = await ready(live, newDevice, options)
    const conversation = conversationOf(live, newDevice, options)
    try {
      await handOver(live, newDevice, claim, status, conversation, report, options.signal)
      report('commit')
      const answer = await finishMove(live, options.signal)
      if (answer === undefined) throw new TercetError('conflict')
      await conversation.send('committed', answer).catch(() => undefined)
      report('done')
    } catch (error) {
      await conversation.stop('aborted')
      throw asLinkFailure(error)
    }
  })
}

/** The order to move, which only this device can give; an earlier one is gone on with. @throws TercetError `delayed` */
async function ready(
  live: Live,
  newDevice: Uint8Array,
  options: MoveOptions,
): Promise<{ claim: Claim; status: ClaimStatus }> {
  const earlier = await earlierOrder(live, newDevice)
  // An order has the authority that it was announced with: with a second one it is given anew.
  const known = earlier === undefined ? undefined : await order(live, earlier, { signal: options.signal })
  if (known?.status.state === 'ready') return known
  const goesOn = known?.status.state === 'waiting' && options.authority === undefined
  const { claim, status } = goesOn ? known : await order(live, await newOrder(live, newDevice), options)
  if (status.state === 'ready') return { claim, status }
  throw new TercetError(status.state === 'waiting' ? 'delayed' : 'denied', {
    message:
      status.state === 'waiting'
        ? `The move is announced; it can go on in ${status.remainingSeconds} seconds.`
        : `The order to move is ${status.state}.`,
    incident: status.state,
  })
}

/** Gives an order, or asks how far it is. */
async function order(
  live: Live,
  claim: Claim,
  { authority, signal }: { authority?: MoveOptions['authority']; signal?: AbortSignal | undefined },
): Promise<{ claim: Claim; status: ClaimStatus }> {
  const { channel } = live
  const hash = claimHash(claim)
  const authorities: Authorities = {
    device: await signAsDevice(channel.options.identity, claim),
    ...(authority === undefined ? {} : { recovery: await authority({ document: encodeClaim(claim), hash }) }),
  }
  const body = encodeClaimRequest({ claim, authorities })
  const status = decodeClaimStatus(await channel.ask('claims.post', namesOf(live), body, signal))
  if (!equalBytes(status.claimHash, hash)) throw new TercetError('peer-fault', { incident: 'claim' })
  return { claim, status }
}

/** The order of an earlier call for the same device. */
async function earlierOrder({ storage, walletId }: Live, newDevice: Uint8Array): Promise<Claim | undefined> {
  const kept = await readPart(storage, walletId, 'move')
  if (kept === undefined) return undefined
  const known = decodeClaim(kept)
  return known.newDevice !== null && equalBytes(known.newDevice, newDevice) ? known : undefined
}

/** A new order, stored before it is given. */
async function newOrder({ storage, walletId, channel }: Live, newDevice: Uint8Array): Promise<Claim> {
  const { clock, random } = channel.options
  const claim: Claim = {
    version: 1,
    walletId,
    kind: 'device-moved',
    newDevice,
    newRecoveryKey: null,
    nonce: random(32),
    createdAt: Math.floor(clock() / 1000),
  }
  await write(storage, walletId, { move: encodeClaim(claim) })
  return claim
}

/** Everything up to the stored COMMIT. */
async function handOver(
  live: Live,
  newDevice: Uint8Array,
  claim: Claim,
  status: ClaimStatus,
  conversation: Conversation,
  report: Report<MoveStage>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { storage, walletId, engine, channel, records } = live
  const { record } = records.kit
  const { state, id } = await nextAttempt(live, { above: status.act, att: status.att })
  report('device')
  await conversation.receive('join')
  const { keyId, transcript: transcriptBase, epoch } = record
  const nonce = channel.options.random(32)
  const party = 'device' as const
  const invitation = encodeMessage('newcomer.req1', { nonce, keyId, party, transcriptBase, ...id })
  const offer = read('newcomer.res1', await conversation.ask('invitation', invitation, 'offer'))
  const newcomer = await offeredBy(offer, newDevice, live, id)
  report('deal')
  const authorisation = claimHash(claim)
  const first = await engine.run('replaceStart', {
    share: records.share,
    record,
    id,
    responder: COSIGNER,
    newcomer,
    authorisation,
  })
  const session = channel.session({ opType: 'reshare', keyId, epoch, sessionId: first.sessionId, walletId })
  const answer1 = await orDrop(engine, first.handle, () => session.send('reshare.start', first.send, signal))
  await assertPrepared(live, state, id, answer1, REFUSED)
  const second = await checked(() => engine.run('replaceOpen', { handle: first.handle, response: answer1 }))
  const answer2 = await orDrop(engine, second.handle, () => session.send('reshare.deal', second.send, signal))
  await assertPrepared(live, state, id, answer2, REFUSED)
  const baseKit = encodeKit(records.kit)
  const made = await checked(() =>
    engine.run('replaceFinish', { handle: second.handle, response: answer2, baseKit }),
  )
  await checkSigned(channel.options.cosigner, 'cosigner', made.responderSignature, made)
  report('hand-over')
  const response = await conversation.ask('handover', made.handover, 'ack')
  const ack = await checked(() =>
    engine.run('replaceAcknowledged', { record: made.record, newcomer: DEVICE, response }),
  )
  await checkSigned(newDevice, 'device', ack.signature, made)
  const transcript = toBase64url(made.record.transcript)
  const prepared = device.prepared(state, { id, transcript, role: 'hand-over' })
  const pending = pendingOf(live, made, ack, id, { sessionId: first.sessionId, previous: session.previous })
  await storePending(storage, walletId, prepared.state, pending)
}

/** The new device's key for its share, which it signed itself. @throws TercetError `peer-fault` */
async function offeredBy(
  { identity, sealKey, signature }: MessageOf<'newcomer.res1'>,
  newDevice: Uint8Array,
  { records }: Live,
  id: ShareId,
): Promise<OfferedNewcomer> {
  const { keyId, transcript } = records.kit.record
  const terms = { keyId, transcriptBase: transcript, ...id, party: DEVICE, sealKey } as const
  if (!equalBytes(identity, newDevice) || !(await verifyOffer(newDevice, terms, signature)))
    throw new TercetError('peer-fault', { incident: 'newcomer' })
  return { party: DEVICE, identity: newDevice, sealKey, signature }
}

/** @throws TercetError `peer-fault` */
async function checkSigned(
  identity: Uint8Array,
  role: 'cosigner' | 'device',
  signature: Uint8Array,
  { record }: ReplaceResult,
): Promise<void> {
  if (!(await verifyTagged(identity, signature, 'sig/tr', role, record.keyId, record.transcript)))
    throw new TercetError('peer-fault', { incident: 'transcript' })
}

/** COMMIT with the new device's proof and signature. This device has no share of the new epoch. */
function pendingOf(
  { records }: Live,
  { record, responderSignature }: ReplaceResult,
  { shareProof, signature }: { readonly shareProof: Uint8Array; readonly signature: Uint8Array },
  id: ShareId,
  session: { readonly sessionId: Uint8Array; readonly previous: Uint8Array },
): Pending {
  const { transcript } = record
  const dealerSignature = NO_SIGNATURE
  const body = encodeMessage('reshare.req3', { ...id, transcript, shareProof, signature, dealerSignature })
  const signatures = { device: signature, cosigner: responderSignature }
  return {
    // There is none, and a record that is empty would count as missing.
    share: Uint8Array.of(0),
    otSetup: new Uint8Array(0),
    kit: { record, signatures, node: records.kit.node },
    commit: { ...session, body },
  }
}

function conversationOf({ channel }: Live, newDevice: Uint8Array, options: MoveOptions): Conversation {
  const { link, signal, linkTimeoutMilliseconds = LINK_TIMEOUT_MILLISECONDS } = options
  return new Conversation({
    link,
    identity: channel.options.identity,
    peer: newDevice,
    timeoutMilliseconds: linkTimeoutMilliseconds,
    ...(signal === undefined ? {} : { signal }),
  })
}

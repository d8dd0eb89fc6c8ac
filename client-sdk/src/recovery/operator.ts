// How does a wallet go to another operator, with the old one's node or without it? (SPEC 5.3: the commit point of an operator change)

import { device, type ShareId } from '@tercet/protocol/epochs'
import { encodeMessage } from '@tercet/protocol/messages'
import { COSIGNER, RECOVERY } from '@tercet/protocol/party'
import type { OfferedNewcomer } from '@tercet/protocol/reshare'
import { sessionId } from '@tercet/protocol/session'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { Conversation, type Link } from '@tercet/wire/conversation'
import { recoveryIdentity, signTagged, verifyTagged } from '@tercet/wire/identity'
import { encodeKit } from '@tercet/wire/kit'
import { SESSION_BYTES } from '@tercet/wire/link'
import { verifyOffer } from '@tercet/wire/offer'
import { Channel, type Session } from '../channel.js'
import { assertNotExposed, assertUsable } from '../condition.js'
import type { ReplaceResult } from '../engine/contract.js'
import { type Pending, storePending } from '../epoch-records.js'
import { TercetError } from '../errors.js'
import { exclusively } from '../exclusive.js'
import { type Held, orDrop } from '../held.js'
import { fetchNodeIdentity } from '../identity.js'
import type { Live } from '../live.js'
import { type Progress, type Report, reporter } from '../progress.js'
import { read } from '../reshare/answers.js'
import { settle, settleOrGiveUp } from '../reshare/settle.js'
import { assertPrepared, checked, nextAttempt } from './dealing.js'
import { asLinkFailure } from './link-errors.js'
import { finishOperatorChange } from './operator-commit.js'
import { OPERATOR_STAGES, type OperatorStage } from './stages.js'

export interface ChangeOperatorOptions {
  /** Where the new node is reached. */
  readonly node: string
  /** Its identity in base64url, as its operator gives it: any other is refused. */
  readonly expectedIdentity: string
  /**
   * The link to the recovery machine (`tercet-recovery replace-operator`), where the old node is gone. Without it the old
   * node deals, which names its successor in its configuration.
   */
  readonly link?: Link
  readonly onProgress?: (progress: Progress<OperatorStage>) => void
  /** Ends the wait. What may have been committed is finished later by itself. */
  readonly signal?: AbortSignal
  /** For one message over the link, where a person may have to act: ten minutes where left out. */
  readonly linkTimeoutMilliseconds?: number
}

const LINK_TIMEOUT_MILLISECONDS = 600_000
const NO_SIGNATURE = new Uint8Array(64)
const REFUSED =
  'The old node lets nothing go now: its operator has not named this successor, or a recovery is announced.'

/** The other dealer: the old node, or the recovery party over a link. */
interface Dealer {
  readonly party: typeof COSIGNER | typeof RECOVERY
  readonly start: (sessionId: Uint8Array, held: Held) => Promise<Uint8Array>
  readonly deal: (held: Held) => Promise<Uint8Array>
  readonly stop: () => Promise<void>
}

/** The key stays, its cosigner changes. @throws TercetError; what was under way is continued by the next call or opening */
export function changeOperator(live: Live, options: ChangeOperatorOptions): Promise<void> {
  const { storage, walletId } = live
  const report = reporter(OPERATOR_STAGES, options.onProgress)
  return exclusively(storage, walletId, async () => {
    if (live.closed) throw new TercetError('closed')
    await live.catchUp()
    const isOldNodeGone = options.link !== undefined
    await (isOldNodeGone ? assertNotExposed : assertUsable)(storage, walletId)
    await (isOldNodeGone ? settleOrGiveUp : settle)(live, options.signal)
    if ((await finishOperatorChange(live, report, options.signal, isOldNodeGone)) === 'committed') {
      if (toBase64url(live.records.meta.cosigner) === options.expectedIdentity) return
      throw new TercetError('conflict', {
        message: `An earlier change came about first: the node is ${live.records.meta.node}.`,
      })
    }
    // An earlier call came so far, and the opening of the wallet ended it.
    if (toBase64url(live.channel.options.cosigner) === options.expectedIdentity) return
    try {
      await begin(live, options, report)
    } catch (error) {
      throw asLinkFailure(error)
    }
    if ((await finishOperatorChange(live, report, options.signal)) !== 'committed')
      throw new TercetError('conflict', {
        message: 'The change did not come about; the old node serves as before.',
      })
  })
}

/** Everything up to the stored new share: nobody has been asked to commit yet. */
async function begin(
  live: Live,
  options: ChangeOperatorOptions,
  report: Report<OperatorStage>,
): Promise<void> {
  const { storage, walletId, engine, records } = live
  const { record } = records.kit
  const next = await channelTo(live, options)
  const { state, id } = await nextAttempt(live)
  report('offer')
  const { session, newcomer } = await invite(live, next, id, options.signal)
  report('deal')
  const dealer =
    options.link === undefined ? oldNode(live, options) : recoveryParty(live, options.link, options)
  let made: ReplaceResult
  try {
    const authorisation = new Uint8Array(32)
    const input = { share: records.share, record, id, responder: dealer.party, newcomer, authorisation }
    const first = await engine.run('replaceStart', input)
    const answer1 = await orDrop(engine, first.handle, () => dealer.start(first.sessionId, first))
    await assertPrepared(live, state, id, answer1, REFUSED)
    const second = await checked(() => engine.run('replaceOpen', { handle: first.handle, response: answer1 }))
    const answer2 = await orDrop(engine, second.handle, () => dealer.deal(second))
    await assertPrepared(live, state, id, answer2, REFUSED)
    const baseKit = encodeKit(records.kit)
    made = await checked(() =>
      engine.run('replaceFinish', { handle: second.handle, response: answer2, baseKit }),
    )
    await checkDealer(live, dealer, made)
  } finally {
    await dealer.stop()
  }
  report('hand-over')
  const ack = await session.send('newcomers.accept', made.handover, options.signal)
  const { signature: theirs } = await checked(() =>
    engine.run('replaceAcknowledged', { record: made.record, newcomer: COSIGNER, response: ack }),
  )
  report('store')
  const pending = await pendingOf(live, next, made, theirs, id)
  const role = dealer.party === RECOVERY ? ('operator-alone' as const) : ('operator' as const)
  const transcript = toBase64url(made.record.transcript)
  await storePending(storage, walletId, device.prepared(state, { id, transcript, role }).state, pending)
}

/** A channel to the new node, whose identity is the one that the user has from its operator. @throws TercetError `untrusted-node` */
async function channelTo(live: Live, options: ChangeOperatorOptions): Promise<Channel> {
  const { channel } = live
  const { transport, timeoutMilliseconds, random, identity } = channel.options
  const cosigner = fromBase64url(options.expectedIdentity, 'expectedIdentity', 34)
  const found = await fetchNodeIdentity({
    node: options.node,
    transport,
    timeoutMilliseconds,
    random,
    device: identity.publicIdentity,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (toBase64url(found) !== options.expectedIdentity) throw new TercetError('untrusted-node')
  return new Channel({ ...channel.options, node: options.node, cosigner })
}

/** The new node's key for its share, which it signs. */
async function invite(
  live: Live,
  next: Channel,
  id: ShareId,
  signal: AbortSignal | undefined,
): Promise<{ session: Session; newcomer: OfferedNewcomer }> {
  const { keyId, transcript } = live.records.kit.record
  const { identity, cosigner, random } = next.options
  const nonce = random(32)
  const session = next.session({
    opType: 'reshare',
    keyId,
    epoch: id.epoch,
    sessionId: sessionId('reshare', nonce, identity.publicIdentity, cosigner),
  })
  const invitation = encodeMessage('newcomer.req1', {
    nonce,
    keyId,
    party: 'cosigner',
    transcriptBase: transcript,
    ...id,
  })
  const offer = read('newcomer.res1', await session.send('newcomers.offer', invitation, signal))
  const { sealKey, signature } = offer
  const terms = { keyId, transcriptBase: transcript, ...id, party: COSIGNER, sealKey } as const
  const named = toBase64url(offer.identity) === toBase64url(cosigner)
  if (!named || !(await verifyOffer(cosigner, terms, signature)))
    throw new TercetError('peer-fault', { incident: 'newcomer' })
  return { session, newcomer: { party: COSIGNER, identity: cosigner, sealKey, signature } }
}

/** The old node deals, and leaves. */
function oldNode(live: Live, { signal }: ChangeOperatorOptions): Dealer {
  const { channel, walletId, records } = live
  const { keyId, epoch } = records.kit.record
  let session: Session | undefined
  return {
    party: COSIGNER,
    start: (name, { send }) => {
      session = channel.session({ opType: 'reshare', keyId, epoch, sessionId: name, walletId })
      return session.send('reshare.start', send, signal)
    },
    deal: ({ send }) => {
      if (session === undefined) throw new TercetError('bug')
      return session.send('reshare.deal', send, signal)
    },
    stop: async () => undefined,
  }
}

/** The recovery party deals in the place of a node that is gone. */
function recoveryParty(live: Live, link: Link, options: ChangeOperatorOptions): Dealer {
  const { identity, random } = live.channel.options
  const { signal, linkTimeoutMilliseconds: timeoutMilliseconds = LINK_TIMEOUT_MILLISECONDS } = options
  const conversation = new Conversation({
    link,
    identity,
    peer: recoveryIdentity(live.records.kit.record.sidInputs.recoveryKey),
    session: random(SESSION_BYTES),
    timeoutMilliseconds,
    ...(signal === undefined ? {} : { signal }),
  })
  return {
    party: RECOVERY,
    start: (_, { send }) => conversation.ask('replace.req1', send, 'replace.res1'),
    deal: ({ send }) => conversation.ask('replace.req2', send, 'replace.res2'),
    stop: () => conversation.stop('done'),
  }
}

/** What the recovery party signed where it dealt; an old node that leaves signs nothing. @throws TercetError `peer-fault` */
async function checkDealer(
  live: Live,
  dealer: Dealer,
  { record, responderSignature }: ReplaceResult,
): Promise<void> {
  if (dealer.party === COSIGNER) return
  const idV = recoveryIdentity(live.records.kit.record.sidInputs.recoveryKey)
  const { keyId, transcript } = record
  if (!(await verifyTagged(idV, responderSignature, 'sig/tr', 'recovery', keyId, transcript)))
    throw new TercetError('peer-fault', { incident: 'transcript' })
}

/** The new share with its kit, and COMMIT but for the consent that comes later. @throws TercetError `peer-fault` */
async function pendingOf(
  live: Live,
  next: Channel,
  { record, own, responderSignature }: ReplaceResult,
  theirs: Uint8Array,
  id: ShareId,
): Promise<Pending> {
  const { identity, cosigner, node } = next.options
  const { keyId, transcript } = record
  const holds = await verifyTagged(cosigner, theirs, 'sig/tr', 'cosigner', keyId, transcript)
  if (!holds || own === undefined) throw new TercetError('peer-fault', { incident: 'transcript' })
  const signature = await signTagged(identity, 'sig/tr', 'device', keyId, transcript)
  const dealt = record.dealers[1] === RECOVERY
  const body = encodeMessage('newcomer.req3', {
    ...id,
    transcript,
    shareProof: own.shareProof,
    signature,
    dealerSignature: dealt ? responderSignature : NO_SIGNATURE,
  })
  const signatures = {
    device: signature,
    cosigner: theirs,
    ...(dealt ? { recovery: responderSignature } : {}),
  }
  return {
    share: own.share,
    otSetup: new Uint8Array(0),
    // Where the new node is reached, until it names its address itself.
    kit: { record, signatures, node: { address: node, signature: NO_SIGNATURE } },
    commit: { sessionId: live.channel.options.random(32), previous: new Uint8Array(32), body },
  }
}

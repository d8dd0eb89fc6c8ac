// How does a new device come to a share of a wallet that is there already? It is handed one over a link. (SPEC 5.2, 5.3)

import { evmAddress } from '@tercet/chains/evm'
import { equalBytes, isZero } from '@tercet/protocol/bytes'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { type DeviceEpochs, device } from '@tercet/protocol/epochs'
import { ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { DEVICE } from '@tercet/protocol/party'
import { toBase64url } from '@tercet/wire/base64url'
import { Conversation } from '@tercet/wire/conversation'
import { type Identity, recoveryIdentity, signTagged, verifyTagged } from '@tercet/wire/identity'
import { decodeInvitation, encodeJoinCode, type Invitation } from '@tercet/wire/join-code'
import { decodeKit, type Kit, type KitSignatures } from '@tercet/wire/kit'
import { SESSION_BYTES } from '@tercet/wire/link'
import { signOffer } from '@tercet/wire/offer'
import type { Engine, NewcomerResult } from '../engine/contract.js'
import { platformRandom } from '../engine/platform-random.js'
import { loadEpochs, loadPending, type Pending, storePending } from '../epoch-records.js'
import { TercetError, throwIfAborted } from '../errors.js'
import { keyOf, type Live } from '../live.js'
import { withEngine } from '../opening.js'
import { reporter } from '../progress.js'
import { loadWallet } from '../records.js'
import { DEFAULT_PATH } from '../requests.js'
import { asPeerFault } from '../reshare/answers.js'
import type { DeviceStorage } from '../storage/storage.js'
import { askNode, awaitCommit, firstOf, type HeldShare, type Joining, openJoined } from './join-commit.js'
import { type JoinOptions, walletOptions } from './join-options.js'
import { asLinkFailure } from './link-errors.js'
import { JOIN_STAGES } from './stages.js'

const LINK_TIMEOUT_MILLISECONDS = 600_000

/** The code of this device: for the person who invites it. */
export async function joinCode({ storage }: { readonly storage: DeviceStorage }): Promise<string> {
  return encodeJoinCode((await storage.identity()).publicIdentity)
}

/**
 * Joins a wallet. The share is stored before anybody is told that it arrived; if the rest is cut off, the same call goes on
 * where it stopped, and asks the node. @throws TercetError
 */
export async function joinLive(options: JoinOptions): Promise<Live> {
  try {
    const invitation = decodeInvitation(options.invitation)
    return await withEngine(walletOptions(options), (engine) => join(options, invitation, engine))
  } catch (error) {
    throw asLinkFailure(error)
  }
}

async function join(options: JoinOptions, invitation: Invitation, engine: Engine): Promise<Live> {
  const { storage } = options
  const walletId = toBase64url(invitation.keyId)
  if ((await loadWallet(storage, walletId).catch(() => undefined)) !== undefined)
    throw new TercetError('conflict', { message: 'This device has this wallet already: open it.' })
  const over = new AbortController()
  const signal = options.signal === undefined ? over.signal : AbortSignal.any([options.signal, over.signal])
  const report = reporter(JOIN_STAGES, options.onProgress)
  const identity = await storage.identity()
  const joining: Joining = { options, invitation, walletId, identity, engine, report, signal }
  const conversation = conversationOf(joining)
  try {
    const { held, kit } = await receiveOrResume(joining, conversation)
    const served = kit ?? (await awaitCommit(joining, held, conversation))
    // What still waits on the other way must store nothing any more.
    over.abort()
    return await openJoined(joining, held, served)
  } catch (error) {
    await conversation.stop(error instanceof ProtocolAbort ? 'fault' : 'aborted')
    throw error
  } finally {
    over.abort()
  }
}

/**
 * The share over the link; or, where an earlier call stored one, that one if the node serves it, unless a later attempt of the
 * other machine hands over another first.
 */
async function receiveOrResume(
  joining: Joining,
  conversation: Conversation,
): Promise<{ held: HeldShare; kit?: Kit }> {
  const { options, walletId } = joining
  const state = await loadEpochs(options.storage, walletId)
  const received = receiveShare(joining, state, conversation).then((held) => ({ held }))
  if (state.pend === null) return received
  const held = { state, pend: state.pend, pending: await loadPending(options.storage, walletId) }
  return firstOf<{ held: HeldShare; kit?: Kit }>([
    received,
    askNode(joining, held).then((kit) => ({ held, kit })),
  ])
}

/** From `join` to the stored share, and only then `ack`. */
async function receiveShare(
  joining: Joining,
  before: DeviceEpochs,
  conversation: Conversation,
): Promise<HeldShare> {
  const { options, invitation, walletId, identity, engine, report } = joining
  report('invitation')
  const invited = await conversation.ask('join', new Uint8Array(0), 'invitation')
  const asked = decodeMessage('newcomer.req1', invited)
  if (!equalBytes(asked.keyId, invitation.keyId) || asked.party !== 'device')
    throw new TercetError('mismatch', { message: 'The other machine hands over another wallet.' })
  const { handle, sealKey } = await engine.run('newcomerOffer', {
    invitation: invited,
    identity: identity.publicIdentity,
  })
  const offer = await offerOf(asked, identity, sealKey)
  report('share')
  const handover = await conversation.ask('offer', offer, 'handover')
  report('verify')
  const { baseKit } = decodeMessage('newcomer.req2', handover)
  const base = await baseOf(baseKit, invitation, asked, options.address)
  const changes = !equalBytes(invitation.nextRecoveryKey, invitation.recoveryKey)
  const made = await engine
    .run('newcomerAccept', {
      handle,
      response: handover,
      base: base.record,
      ...(changes ? { recoveryKey: invitation.nextRecoveryKey } : {}),
    })
    .catch((error: unknown) => {
      throw asPeerFault(error)
    })
  const signatures = await signaturesOn(made, base, invitation, identity)

  report('store')
  const { record, share, shareProof } = made
  const { transcript } = record
  const id = { epoch: asked.epoch, attempt: asked.attempt }
  const kit: Kit = { record, signatures, node: base.node }
  const pending: Pending = { share, otSetup: new Uint8Array(0), kit, commit: NO_COMMIT }
  const { state, effects } = device.received(before, { id, transcript: toBase64url(transcript) })
  if (state.pend === null || effects.length === 0)
    throw new TercetError('conflict', { message: 'A share of another attempt is waiting for the node here.' })
  throwIfAborted(joining.signal)
  await storePending(options.storage, walletId, state, pending)
  const ack = encodeMessage('newcomer.res2', { transcript, shareProof, signature: signatures.device })
  await conversation.send('ack', ack)
  return { state, pend: state.pend, pending }
}

/** A newcomer does not send COMMIT itself. */
const NO_COMMIT = { sessionId: new Uint8Array(32), previous: new Uint8Array(32), body: new Uint8Array(0) }

/** Our encryption key for this reshare alone, signed: nobody else can be handed the share in our name. */
async function offerOf(
  { keyId, transcriptBase, epoch, attempt }: MessageOf<'newcomer.req1'>,
  identity: Identity,
  sealKey: Uint8Array,
): Promise<Uint8Array> {
  const terms = { keyId, transcriptBase, epoch, attempt, party: DEVICE, sealKey } as const
  const signature = await signOffer(identity, terms)
  return encodeMessage('newcomer.res1', { identity: identity.publicIdentity, sealKey, signature })
}

/** The kit of the shares before, whose key, recovery key and cosigner are those of the invitation. @throws TercetError */
async function baseOf(
  bytes: Uint8Array,
  invitation: Invitation,
  { transcriptBase }: MessageOf<'newcomer.req1'>,
  address: string | undefined,
): Promise<Kit> {
  const kit = decodeKit(bytes)
  const { keyId, publicKey, transcript, sidInputs } = kit.record
  const known = evmAddress(derive(keyOf(kit), parsePath(DEFAULT_PATH)).publicKey)
  const same =
    (address === undefined || address.toLowerCase() === known.toLowerCase()) &&
    equalBytes(keyId, invitation.keyId) &&
    equalBytes(publicKey, invitation.publicKey) &&
    equalBytes(sidInputs.recoveryKey, invitation.recoveryKey) &&
    equalBytes(sidInputs.idC, invitation.cosigner) &&
    equalBytes(transcript, transcriptBase)
  const { cosigner, device: byDevice } = kit.signatures
  const tr = [keyId, transcript] as const
  const signed =
    (await verifyTagged(invitation.cosigner, cosigner, 'sig/tr', 'cosigner', ...tr)) &&
    (await verifyTagged(sidInputs.idD, byDevice, 'sig/tr', 'device', ...tr))
  if (!same || !signed)
    throw new TercetError('mismatch', {
      message: 'What was handed over is not the wallet of the invitation.',
    })
  return kit
}

/** Everybody's signatures on the new transcript: the cosigner's, the recovery party's where it dealt, and ours. */
async function signaturesOn(
  { record, cosignerSignature, dealerSignature }: NewcomerResult,
  base: Kit,
  { cosigner }: Invitation,
  identity: Identity,
): Promise<KitSignatures> {
  const tr = [record.keyId, record.transcript] as const
  const dealt = record.dealers[1] === 3
  const idV = recoveryIdentity(base.record.sidInputs.recoveryKey)
  const holds =
    (await verifyTagged(cosigner, cosignerSignature, 'sig/tr', 'cosigner', ...tr)) &&
    (dealt ? await verifyTagged(idV, dealerSignature, 'sig/tr', 'recovery', ...tr) : isZero(dealerSignature))
  if (!holds) throw new TercetError('peer-fault', { incident: 'transcript' })
  const ours = await signTagged(identity, 'sig/tr', 'device', ...tr)
  const both = { device: ours, cosigner: cosignerSignature }
  return dealt ? { ...both, recovery: dealerSignature } : both
}

function conversationOf({ options, invitation, identity, signal }: Joining): Conversation {
  const { link, random = platformRandom } = options
  return new Conversation({
    link,
    identity,
    peer: invitation.from,
    session: random(SESSION_BYTES),
    timeoutMilliseconds: options.linkTimeoutMilliseconds ?? LINK_TIMEOUT_MILLISECONDS,
    signal,
  })
}

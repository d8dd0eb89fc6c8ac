// How does the recovery party give a new device its share, together with the node? It deals, hands over, and commits. (SPEC 5.1, 5.3)

import type { Point } from '@tercet/protocol/curve'
import type { ShareId } from '@tercet/protocol/epochs'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { ReshareRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import {
  decodeMessage,
  encodeMessage,
  MESSAGES,
  type MessageName,
  type MessageOf,
} from '@tercet/protocol/messages'
import { COSIGNER, DEVICE } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import * as reshare from '@tercet/protocol/reshare'
import { toBase64url } from '@tercet/wire/base64url'
import type { Conversation } from '@tercet/wire/conversation'
import type { EndpointName } from '@tercet/wire/endpoints'
import { type Identity, signTagged, verifyTagged } from '@tercet/wire/identity'
import { encodeKit, type Kit } from '@tercet/wire/kit'
import { verifyOffer } from '@tercet/wire/offer'
import { servedKit } from '@tercet/wire/served'
import type { KeptCommit } from './state-file.js'

/** A session with the node. */
export interface NodeTalk {
  /** SHA-256 of the node's last answer. */
  readonly previous: Uint8Array
  send(name: EndpointName, body: Uint8Array): Promise<Uint8Array>
}

/** A new recovery key, made elsewhere. */
export interface RecoveryKeyChange {
  readonly recoveryKey: Point
  /** Over the new device's owner value, 65 bytes. */
  readonly recoveryProof: Uint8Array
}

export interface HandOver {
  /** The base epoch's kit, checked, and its bytes. */
  readonly kit: Kit
  readonly kitBytes: Uint8Array
  /** Party 3's share of it. */
  readonly share: KeyShare
  /** idV: signs with kappa. */
  readonly identity: Identity
  /** id'_1, 34 bytes: whom the claim names. */
  readonly newDevice: Uint8Array
  /** Hash of the claim, 32 bytes. */
  readonly authorisation: Uint8Array
  readonly change?: RecoveryKeyChange
  readonly conversation: Conversation
  readonly talk: (sessionId: Uint8Array) => NodeTalk
  readonly random: Random
  readonly report: (stage: HandOverStage) => void
}

export type HandOverStage = 'device' | 'node' | 'handing-over' | 'commit'

/** The node prepares nothing under this attempt; `act` and `att` are where it stands. */
export class Unprepared extends Error {
  override readonly name = 'Unprepared'
  readonly status: MessageOf<'reshare.status'>
  constructor(status: MessageOf<'reshare.status'>) {
    super(`the node answers: ${status.status}`)
    this.status = status
  }
}

/** What is to be stored before COMMIT is sent. */
export interface Prepared {
  readonly id: ShareId
  readonly transcript: string
  readonly commit: KeptCommit
}

/**
 * Everything up to COMMIT: the new device joins over the link, this machine and the node deal, the device stores its
 * share and acknowledges it. @throws LinkError, NodeError, Unprepared, Malformed, ProtocolAbort
 */
export async function handOver(input: HandOver, id: ShareId): Promise<Prepared> {
  const { kit, kitBytes, share, identity, newDevice, conversation, random, report, authorisation } = input
  const { record } = kit
  report('device')
  await conversation.receive('join')
  const invitation = encodeMessage('newcomer.req1', {
    nonce: random(32),
    keyId: record.keyId,
    party: 'device',
    transcriptBase: record.transcript,
    ...id,
  })
  const offer = decodeMessage('newcomer.res1', await conversation.ask('invitation', invitation, 'offer'))
  const newcomer = await offeredBy(offer, newDevice, share, id)

  report('node')
  const start = { share, record, id, responder: COSIGNER, newcomer, authorisation } as const
  const first = reshare.startReplace(
    input.change === undefined ? start : { ...start, change: input.change },
    random,
  )
  const talk = input.talk(first.sessionId)
  const res1 = expected('replace.res1', await talk.send('reshare.start', first.send))
  const second = reshare.openReplace(first.state, res1, random)
  const res2 = expected('replace.res2', await talk.send('reshare.deal', second.send))
  const made = reshare.finishReplace(second.state, res2, random)
  const { keyId, transcript } = made.record
  const { idC } = record.sidInputs
  if (!(await verifyTagged(idC, res2.signature, 'sig/tr', 'cosigner', keyId, transcript)))
    throw new ProtocolAbort('transcript')

  report('handing-over')
  const dealerSignature = await signTagged(identity, 'sig/tr', 'recovery', keyId, transcript)
  const handover = encodeMessage('newcomer.req2', {
    ...made.handover,
    signature: res2.signature,
    dealerSignature,
    baseKit: kitBytes,
  })
  const ack = decodeMessage('newcomer.res2', await conversation.ask('handover', handover, 'ack'))
  reshare.checkAcknowledgement(made.record, DEVICE, ack)
  if (!(await verifyTagged(newDevice, ack.signature, 'sig/tr', 'device', keyId, transcript)))
    throw new ProtocolAbort('transcript')
  const { shareProof, signature } = ack
  return {
    id,
    transcript: toBase64url(transcript),
    commit: {
      sessionId: first.sessionId,
      previous: talk.previous,
      body: encodeMessage('reshare.req3', { ...id, transcript, shareProof, signature, dealerSignature }),
      kit: kitOf(made.record, kit, {
        device: signature,
        cosigner: res2.signature,
        recovery: dealerSignature,
      }),
    },
  }
}

/** The offer, which must be the new device's own. @throws ProtocolAbort */
async function offeredBy(
  offer: MessageOf<'newcomer.res1'>,
  newDevice: Uint8Array,
  { keyId, transcript }: KeyShare,
  id: ShareId,
): Promise<reshare.OfferedNewcomer> {
  const { identity, sealKey, signature } = offer
  const terms = { keyId, transcriptBase: transcript, ...id, party: DEVICE, sealKey } as const
  const named = toBase64url(identity) === toBase64url(newDevice)
  if (!named || !(await verifyOffer(newDevice, terms, signature))) throw new ProtocolAbort('newcomer')
  return { party: DEVICE, identity: newDevice, sealKey, signature }
}

/** The message that was asked for. @throws Unprepared; Malformed */
function expected<N extends MessageName>(name: N, body: Uint8Array): MessageOf<N> {
  if (body[1] === MESSAGES['reshare.status'].type) throw new Unprepared(decodeMessage('reshare.status', body))
  return decodeMessage(name, body)
}

/** The new epoch's kit; the node's address is that of the base until the node names another. */
function kitOf(record: ReshareRecord, base: Kit, signatures: Kit['signatures']): Uint8Array {
  return encodeKit({ record, signatures, node: base.node })
}

/** What became of COMMIT. */
export type Outcome =
  | { readonly type: 'committed'; readonly answer: Uint8Array; readonly kit: Kit }
  | { readonly type: 'unknown' | 'revoked' | 'refused' }

/** Reads the answer to COMMIT. @throws ProtocolAbort `transcript`, Malformed */
export async function readCommitted(answer: Uint8Array, id: ShareId, kit: Kit): Promise<Outcome> {
  if (answer[1] === MESSAGES['reshare.status'].type) {
    const status = decodeMessage('reshare.status', answer)
    assertEcho(status, id)
    return { type: status.status }
  }
  const message = decodeMessage('reshare.res3', answer)
  assertEcho(message, id)
  const served = await servedKit(kit, message)
  if (served === undefined) throw new ProtocolAbort('transcript')
  return { type: 'committed', answer, kit: served }
}

function assertEcho(answer: ShareId, id: ShareId): void {
  if (answer.epoch !== id.epoch || answer.attempt !== id.attempt) throw new Malformed('id')
}

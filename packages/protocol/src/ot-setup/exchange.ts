// How do two parties make both directions of an OT setup, inside keygen and on its own? (SPEC 2.2)

import type { PointList } from '../messages/index.js'
import {
  type BaseOtReceiver,
  type Direction,
  otSetupId,
  otSid,
  receiverFinish,
  receiverStart,
  senderAnswer,
} from '../oblivious/base-ot.js'
import { type ExtensionReceiver, extensionReceiver, extensionSender } from '../oblivious/setup.js'
import type { Party } from '../party.js'
import type { Random } from '../random.js'
import { TH } from '../transcript.js'
import type { OtSetup } from './material.js'

/** What both sides put into otSid. */
export interface SetupContext {
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly attempt: number
  readonly initiator: Party
  readonly responder: Party
  readonly nonceI: Uint8Array
  readonly nonceJ: Uint8Array
}

function sidOfDirection(c: SetupContext, direction: Direction): Uint8Array {
  const [sender, receiver] = direction === 'A' ? [c.responder, c.initiator] : [c.initiator, c.responder]
  return otSid({ ...c, sender, receiver, direction })
}

/** Opens a direction as its future OT-extension sender, which is the base-OT receiver. */
export function openDirection(c: SetupContext, direction: Direction, random: Random) {
  return receiverStart(sidOfDirection(c, direction), random)
}

/** Answers a direction as its future OT-extension receiver. @throws ProtocolAbort `base-ot` */
export function answerDirection(c: SetupContext, direction: Direction, opening: PointList, random: Random) {
  const sid = sidOfDirection(c, direction)
  const { keys0, keys1, message } = senderAnswer(sid, opening.points, random)
  return { receiver: extensionReceiver(otSetupId(sid, opening.bytes, message), keys0, keys1), message }
}

/** Joins both halves of one party: the direction that it opened, and the one that it answered. */
export function joinDirections(
  c: SetupContext,
  role: OtSetup['role'],
  opened: BaseOtReceiver,
  answer: PointList,
  receiver: ExtensionReceiver,
): OtSetup {
  const { delta, keys } = receiverFinish(opened, answer.points)
  const sender = extensionSender(otSetupId(opened.otSid, opened.message, answer.bytes), delta, keys)
  const [idA, idB] = role === 'initiator' ? [receiver.id, sender.id] : [sender.id, receiver.id]
  const { keyId, epoch, attempt, initiator, responder } = c
  return { keyId, epoch, attempt, initiator, responder, role, idA, idB, sender, receiver }
}

/** `confirm = TH("ot/confirm", otSetupId_A, otSetupId_B)`: both sides saw the same four messages. */
export function confirmation(setup: OtSetup): Uint8Array {
  return TH('ot/confirm', setup.idA, setup.idB)
}

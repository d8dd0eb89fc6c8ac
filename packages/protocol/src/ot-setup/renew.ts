// How is an OT setup made anew after a burn, on rotation, or for a pair with party 3? (SPEC 2.5)

import { equalBytes, isZero } from '../bytes.js'
import { randomBytes } from '../curve.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { KeyShare } from '../key-share.js'
import { encodeMessage, type MessageOf, type OtReason } from '../messages/index.js'
import type { BaseOtReceiver } from '../oblivious/base-ot.js'
import type { ExtensionReceiver } from '../oblivious/setup.js'
import { box, type OneTime, take } from '../one-time.js'
import type { Party } from '../party.js'
import type { Random } from '../random.js'
import {
  answerDirection,
  confirmation,
  joinDirections,
  openDirection,
  type SetupContext,
} from './exchange.js'
import type { OtSetup } from './material.js'

/** The two parties that the setup is for. */
export interface SetupPair {
  readonly initiator: Party
  readonly responder: Party
}

/** A share that has no part in the pair is a bug of the caller. @throws Misuse */
function checkPair(share: KeyShare, pair: SetupPair, own: Party): void {
  if (share.party !== own || pair.initiator === pair.responder)
    throw new Misuse('the share is not of this pair')
}

type Base = Omit<SetupContext, 'nonceJ'>
export type RenewStarted = OneTime<'ot.Started', Base>
export type RenewAnswered = OneTime<'ot.Answered', { context: SetupContext; opened: BaseOtReceiver }>
export type RenewOpened = OneTime<
  'ot.Opened',
  { context: SetupContext; opened: BaseOtReceiver; receiver: ExtensionReceiver }
>

/** Initiator: asks for a new setup and says why. */
export function start(
  share: KeyShare,
  pair: SetupPair,
  reason: OtReason,
  random: Random,
): { state: RenewStarted; send: Uint8Array; nonce: Uint8Array } {
  checkPair(share, pair, pair.initiator)
  const nonce = randomBytes(random, 32)
  const { keyId, epoch, attempt } = share
  const send = encodeMessage('ot.req1', { nonce, reason })
  return {
    state: box('ot.Started', { keyId, epoch, attempt, ...pair, nonceI: nonce }),
    send,
    nonce: nonce.slice(),
  }
}

/** Responder: opens direction A. @throws ProtocolAbort `nonce` */
export function answer(
  share: KeyShare,
  pair: SetupPair,
  message: MessageOf<'ot.req1'>,
  random: Random,
): { state: RenewAnswered; send: Uint8Array } {
  checkPair(share, pair, pair.responder)
  if (isZero(message.nonce)) throw new ProtocolAbort('nonce')
  const { keyId, epoch, attempt } = share
  const nonceJ = randomBytes(random, 32)
  const context = { keyId, epoch, attempt, ...pair, nonceI: message.nonce, nonceJ }
  const { state: opened, message: baseOtA1 } = openDirection(context, 'A', random)
  return {
    state: box('ot.Answered', { context, opened }),
    send: encodeMessage('ot.res1', { nonce: nonceJ, baseOtA1 }),
  }
}

/** Initiator: answers direction A and opens direction B. @throws ProtocolAbort `nonce`, `base-ot` */
export function open(
  state: RenewStarted,
  message: MessageOf<'ot.res1'>,
  random: Random,
): { state: RenewOpened; send: Uint8Array } {
  const base = take(state, 'ot.Started')
  if (isZero(message.nonce) || equalBytes(message.nonce, base.nonceI)) throw new ProtocolAbort('nonce')
  const context = { ...base, nonceJ: message.nonce }
  const a = answerDirection(context, 'A', message.baseOtA1, random)
  const b = openDirection(context, 'B', random)
  const send = encodeMessage('ot.req2', { baseOtA2: a.message, baseOtB1: b.message })
  return { state: box('ot.Opened', { context, opened: b.state, receiver: a.receiver }), send }
}

/** Responder: holds the setup, to be marked LIVE durably before the answer leaves. @throws ProtocolAbort `base-ot` */
export function confirm(
  state: RenewAnswered,
  message: MessageOf<'ot.req2'>,
  random: Random,
): { otSetup: OtSetup; send: Uint8Array } {
  const { context, opened } = take(state, 'ot.Answered')
  const b = answerDirection(context, 'B', message.baseOtB1, random)
  const otSetup = joinDirections(context, 'responder', opened, message.baseOtA2, b.receiver)
  return { otSetup, send: encodeMessage('ot.res2', { baseOtB2: b.message, confirm: confirmation(otSetup) }) }
}

/** Initiator: holds the setup, equal to the responder's. @throws ProtocolAbort `base-ot` */
export function finish(state: RenewOpened, message: MessageOf<'ot.res2'>): { otSetup: OtSetup } {
  const { context, opened, receiver } = take(state, 'ot.Opened')
  const otSetup = joinDirections(context, 'initiator', opened, message.baseOtB2, receiver)
  if (!equalBytes(confirmation(otSetup), message.confirm)) throw new ProtocolAbort('base-ot')
  return { otSetup }
}

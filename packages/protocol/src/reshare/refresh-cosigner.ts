// What does the cosigner do in a refresh? answer -> deal. (SPEC 5.1, 5.3)

import { equalBytes, isZero } from '../bytes.js'
import type { Point } from '../curve.js'
import { checkEncryption, checkOpening, encryptForRecovery, proveShare, publicDealing } from '../dealing.js'
import { ProtocolAbort } from '../errors.js'
import type { KeyRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { encodeMessage, type FieldsOf, type MessageOf } from '../messages/index.js'
import type { BaseOtReceiver } from '../oblivious/base-ot.js'
import { box, type OneTime, take } from '../one-time.js'
import { answerDirection, joinDirections, openDirection, type SetupContext } from '../ot-setup/exchange.js'
import { COSIGNER, DEVICE } from '../party.js'
import type { Random } from '../random.js'
import {
  checkDealing,
  contributionOf,
  type Dealer,
  inOrder,
  newDealer,
  openFromPeer,
  sealForPeer,
} from './dealer.js'
import { follows, type ReshareSession, reshareCommitment, reshareSession } from './plan.js'
import { checkChange, type RefreshedKey, refreshedKey, refreshPlan, setupOf } from './refresh-common.js'

/** What the cosigner has, and allows, before it answers. */
export interface CosignerRefresh {
  readonly share: KeyShare
  readonly record: KeyRecord
  /** K' where a claim allows another; absent, K stays. */
  readonly recoveryKey?: Point | undefined
}

interface Answered {
  readonly dealer: Dealer
  readonly session: ReshareSession
  readonly setup: SetupContext
  readonly opened: BaseOtReceiver
}

export type RefreshAnswered = OneTime<'refresh.Answered', Answered>

/**
 * Cosigner, on Req1 whose place among the epochs and whose claim the program has judged: answers in clear, as the device is
 * already committed. @throws ProtocolAbort `context`, `nonce`, `keygen-proof`
 */
export function answerRefresh(
  pins: CosignerRefresh,
  message: MessageOf<'refresh.req1'>,
  random: Random,
): { state: RefreshAnswered; send: Uint8Array; sessionId: Uint8Array } {
  const { share, record } = pins
  const id = { epoch: message.epoch, attempt: message.attempt }
  const plan = refreshPlan(record, share, COSIGNER, id, pins.recoveryKey)
  const same =
    equalBytes(message.keyId, share.keyId) &&
    message.baseEpoch === share.epoch &&
    message.baseAttempt === share.attempt &&
    message.recoveryKey.equals(plan.recoveryKey)
  if (!same || !follows('refresh', id, record)) throw new ProtocolAbort('context')
  if (isZero(message.nonce)) throw new ProtocolAbort('nonce')
  checkChange(plan, message.recoveryProof, message.authorisation)
  const dealer = newDealer(plan, share, random)
  const hello = { nonce: dealer.nonce, sealKey: dealer.sealKey.publicKey }
  const session = reshareSession(plan, message, hello)
  const setup = setupOf(plan, message.nonce, dealer.nonce)
  const { state: opened, message: baseOtA1 } = openDirection(setup, 'A', random)
  const send = encodeMessage('refresh.res1', {
    ...hello,
    ...publicDealing(session.sid, COSIGNER, dealer.f, random),
    baseOtA1,
  })
  const state = box('refresh.Answered', { dealer, session, setup, opened })
  return { state, send, sessionId: session.session.slice() }
}

/**
 * Cosigner, on Req2: opening, proofs, binding, sub-share, encryption, base OT; then deals in turn. The program stores
 * the key as pending, durably, and adds its signature on Tr'.
 * @throws ProtocolAbort at the first check that fails; the session is then dead
 */
export function dealRefresh(
  state: RefreshAnswered,
  message: MessageOf<'refresh.req2'>,
  random: Random,
): { key: RefreshedKey; send: Omit<FieldsOf<'refresh.res2'>, 'signature'> } {
  const { dealer, session, setup, opened } = take(state, 'refresh.Answered')
  const { plan } = dealer
  const { nI, commitment, ekI } = session.sidInputs
  checkOpening(commitment, reshareCommitment(plan, nI, message))
  checkDealing(plan, session.sid, DEVICE, message)
  const received = openFromPeer(dealer, session, message, message.sealedSubShare)
  checkEncryption(session, DEVICE, message, message.encryption)
  const b = answerDirection(setup, 'B', message.baseOtB1, random)
  const otSetup = joinDirections(setup, 'responder', opened, message.baseOtA2, b.receiver)
  const encryption = encryptForRecovery(session, COSIGNER, dealer.f, random)
  const key = refreshedKey(
    dealer,
    session,
    received,
    inOrder(dealer, contributionOf(dealer, encryption), message),
    otSetup,
  )
  return {
    key,
    send: {
      sealedSubShare: sealForPeer(dealer, session, ekI, random),
      encryption,
      baseOtB2: b.message,
      shareProof: proveShare(key.share, random),
    },
  }
}

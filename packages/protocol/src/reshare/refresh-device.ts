// What does the device do in a refresh? start -> open -> finish. (SPEC 5.1, 5.3)

import { equalBytes, isZero } from '../bytes.js'
import { type Point, randomBytes } from '../curve.js'
import { checkEncryption, encryptForRecovery, publicDealing, verifyShareProof } from '../dealing.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { KeyRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { encodeMessage, type MessageOf } from '../messages/index.js'
import type { BaseOtReceiver } from '../oblivious/base-ot.js'
import type { ExtensionReceiver } from '../oblivious/setup.js'
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
  nothing,
  openFromPeer,
  sealForPeer,
} from './dealer.js'
import {
  follows,
  type ReshareSession,
  reshareCommitment,
  reshareSession,
  type ShareId,
  sessionOf,
} from './plan.js'
import { checkChange, type RefreshedKey, refreshedKey, refreshPlan, setupOf } from './refresh-common.js'

/** A recovery key that takes the place of the old one, and by what right. */
export interface RecoveryKeyChange {
  /** K' */
  readonly recoveryKey: Point
  /** Proof of knowledge of kappa' for the owner idD', 65 bytes. */
  readonly recoveryProof: Uint8Array
  /** Hash of the claim that allows it, 32 bytes. */
  readonly authorisation: Uint8Array
}

/** What the device has before a refresh. */
export interface DeviceRefresh {
  readonly share: KeyShare
  /** The record of that share, whose signatures the program has verified. */
  readonly record: KeyRecord
  readonly id: ShareId
  readonly change?: RecoveryKeyChange | undefined
}

interface Started {
  readonly dealer: Dealer
  readonly rho: Uint8Array
  readonly commitment: Uint8Array
}
interface Opened extends Started {
  readonly session: ReshareSession
  readonly setup: SetupContext
  readonly answer: MessageOf<'refresh.res1'>
  readonly encryption: Uint8Array
  readonly receiver: ExtensionReceiver
  readonly opened: BaseOtReceiver
}

export type RefreshStarted = OneTime<'refresh.Started', Started>
export type RefreshOpened = OneTime<'refresh.Opened', Opened>

/** Device, first step: commits to its dealing. @throws ProtocolAbort `keygen-proof` if the proof of K' is wrong */
export function startRefresh(
  input: DeviceRefresh,
  random: Random,
): { state: RefreshStarted; send: Uint8Array; sessionId: Uint8Array } {
  const { share, record, id, change } = input
  const plan = refreshPlan(record, share, DEVICE, id, change?.recoveryKey)
  if (!follows('refresh', id, record)) throw new Misuse('the id does not follow the share')
  const recoveryProof = change?.recoveryProof ?? nothing(65)
  const authorisation = change?.authorisation ?? nothing(32)
  checkChange(plan, recoveryProof, authorisation)
  const dealer = newDealer(plan, share, random)
  const rho = randomBytes(random, 32)
  const commitment = reshareCommitment(plan, dealer.nonce, { a0: dealer.f.A0, a1: dealer.f.A1, rho })
  const send = encodeMessage('refresh.req1', {
    keyId: share.keyId,
    baseEpoch: share.epoch,
    baseAttempt: share.attempt,
    ...id,
    nonce: dealer.nonce,
    sealKey: dealer.sealKey.publicKey,
    recoveryKey: plan.recoveryKey,
    recoveryProof,
    authorisation,
    commitment,
  })
  const state = box('refresh.Started', { dealer, rho, commitment })
  return { state, send, sessionId: sessionOf(plan, dealer.nonce) }
}

/** Device, on Res1: the cosigner's dealing; then opens its own. @throws ProtocolAbort */
export function openRefresh(
  state: RefreshStarted,
  message: MessageOf<'refresh.res1'>,
  random: Random,
): { state: RefreshOpened; send: Uint8Array } {
  const s = take(state, 'refresh.Started')
  const { dealer, rho, commitment } = s
  const { plan, nonce } = dealer
  if (isZero(message.nonce) || equalBytes(message.nonce, nonce)) throw new ProtocolAbort('nonce')
  const hello = { nonce, sealKey: dealer.sealKey.publicKey, commitment }
  const session = reshareSession(plan, hello, message)
  checkDealing(plan, session.sid, COSIGNER, message)
  const setup = setupOf(plan, nonce, message.nonce)
  const a = answerDirection(setup, 'A', message.baseOtA1, random)
  const b = openDirection(setup, 'B', random)
  const encryption = encryptForRecovery(session, DEVICE, dealer.f, random)
  const send = encodeMessage('refresh.req2', {
    ...publicDealing(session.sid, DEVICE, dealer.f, random),
    rho,
    sealedSubShare: sealForPeer(dealer, session, message.sealKey, random),
    encryption,
    baseOtA2: a.message,
    baseOtB1: b.message,
  })
  const receiver = a.receiver
  const content = { ...s, session, setup, answer: message, encryption, receiver, opened: b.state }
  return { state: box('refresh.Opened', content), send }
}

/**
 * Device, on Res2: every check of a receiver, Tr', and the cosigner's proof of its share. The program then verifies the
 * cosigner's signature on Tr', stores the key as pending, durably, and only then commits.
 * @throws ProtocolAbort
 */
export function finishRefresh(
  state: RefreshOpened,
  message: MessageOf<'refresh.res2'>,
): { key: RefreshedKey } {
  const { dealer, session, setup, answer, encryption, receiver, opened } = take(state, 'refresh.Opened')
  const received = openFromPeer(dealer, session, answer, message.sealedSubShare)
  checkEncryption(session, COSIGNER, answer, message.encryption)
  const otSetup = joinDirections(setup, 'initiator', opened, message.baseOtB2, receiver)
  const theirs = { ...answer, encryption: message.encryption }
  const key = refreshedKey(
    dealer,
    session,
    received,
    inOrder(dealer, contributionOf(dealer, encryption), theirs),
    otSetup,
  )
  verifyShareProof(key.share, COSIGNER, message.shareProof)
  return { key }
}

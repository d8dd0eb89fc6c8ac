// What does the responder of a replace do? answer -> deal. (SPEC 5.1, 5.3)

import { equalBytes, isZero } from '../bytes.js'
import type { Point } from '../curve.js'
import { checkEncryption, checkOpening, encryptForRecovery, proveShare, publicDealing } from '../dealing.js'
import { ProtocolAbort } from '../errors.js'
import type { KeyRecord, ReshareRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { encodeMessage, type FieldsOf, type MessageOf } from '../messages/index.js'
import { box, type OneTime, take } from '../one-time.js'
import { COSIGNER, DEVICE, type Party } from '../party.js'
import type { Random } from '../random.js'
import {
  checkDealing,
  checkRecoveryKey,
  contributionOf,
  type Dealer,
  inOrder,
  newDealer,
  newShareOf,
  noOtSetups,
  nothing,
  openFromPeer,
  reshareRecord,
  sealForPeer,
} from './dealer.js'
import { follows, type Newcomer, type ReshareSession, reshareCommitment, reshareSession } from './plan.js'
import { replacePlan, sealForNewcomer } from './replace-common.js'

/** What the responder has, and allows, before it answers. */
export interface ResponderReplace {
  /** Of the cosigner, or of the recovery party. */
  readonly share: KeyShare
  readonly record: KeyRecord
  /** The party whose identity signed Req1. */
  readonly initiator: Party
  /** Whom the authorisation of this replace names, known from elsewhere than the message. */
  readonly newcomer: Omit<Newcomer, 'sealKey'>
  /** K' where the authorisation names another; absent, K stays. */
  readonly recoveryKey?: Point | undefined
}

interface Answered {
  readonly dealer: Dealer
  readonly session: ReshareSession
}
export type ReplaceAnswered = OneTime<'replace.Answered', Answered>

/**
 * On Req1 whose place among the epochs, authorisation and newcomer's signature the program has judged: answers in clear,
 * as the initiator is already committed. @throws ProtocolAbort `context`, `newcomer`, `nonce`, `keygen-proof`
 */
export function answerReplace(
  pins: ResponderReplace,
  message: MessageOf<'replace.req1'>,
  random: Random,
): { state: ReplaceAnswered; send: Uint8Array; sessionId: Uint8Array } {
  const { share, record, initiator } = pins
  const newcomer: Newcomer = {
    party: message.newcomer === 'device' ? DEVICE : COSIGNER,
    identity: message.newcomerIdentity,
    sealKey: message.newcomerSealKey,
  }
  const named = equalBytes(newcomer.identity, pins.newcomer.identity)
  if (newcomer.party !== pins.newcomer.party || !named) throw new ProtocolAbort('newcomer')
  const id = { epoch: message.epoch, attempt: message.attempt }
  const parties = { initiator, responder: share.party, newcomer }
  const plan = replacePlan(record, share, parties, id, pins.recoveryKey)
  const same =
    equalBytes(message.keyId, share.keyId) &&
    message.baseEpoch === share.epoch &&
    message.baseAttempt === share.attempt &&
    message.recoveryKey.equals(plan.recoveryKey)
  if (!same || !follows('replace', id, record)) throw new ProtocolAbort('context')
  if (isZero(message.nonce)) throw new ProtocolAbort('nonce')
  checkRecoveryKey(plan, message.recoveryProof)
  const dealer = newDealer(plan, share, random)
  const hello = { nonce: dealer.nonce, sealKey: dealer.sealKey.publicKey }
  const session = reshareSession(plan, message, hello)
  const send = encodeMessage('replace.res1', {
    ...hello,
    ...publicDealing(session.sid, dealer.party, dealer.f, random),
  })
  return { state: box('replace.Answered', { dealer, session }), send, sessionId: session.session.slice() }
}

/**
 * On Req2: opening, proofs, binding, sub-share, encryption; then deals in turn. The program adds its signature on Tr': as
 * the cosigner that stays (then it stores the share as pending, durably, before), or as dealer 3.
 * @returns the record of the new epoch; the responder's own new share if it stays
 * @throws ProtocolAbort at the first check that fails; the session is then dead
 */
export function dealReplace(
  state: ReplaceAnswered,
  message: MessageOf<'replace.req2'>,
  random: Random,
): { record: ReshareRecord; share?: KeyShare; send: Omit<FieldsOf<'replace.res2'>, 'signature'> } {
  const { dealer, session } = take(state, 'replace.Answered')
  const { plan, party, peer } = dealer
  const { nI, commitment, ekI } = session.sidInputs
  checkOpening(commitment, reshareCommitment(plan, nI, message))
  checkDealing(plan, session.sid, peer, message)
  const received = openFromPeer(dealer, session, message, message.sealedSubShare)
  checkEncryption(session, peer, message, message.encryption)
  const encryption = encryptForRecovery(session, party, dealer.f, random)
  const contributions = inOrder(dealer, contributionOf(dealer, encryption), message)
  const completed = reshareRecord(plan, session, contributions, noOtSetups())
  const share = newShareOf(dealer, received, completed)
  const send = {
    sealedSubShare: sealForPeer(dealer, session, ekI, random),
    sealedForNewcomer: sealForNewcomer(dealer, session, random),
    encryption,
    shareProof: share === undefined ? nothing(65) : proveShare(share, random),
  }
  return { record: completed.record, ...(share && { share }), send }
}

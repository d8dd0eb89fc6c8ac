// What does the initiator of a replace do? start -> open -> finish, and it hands the newcomer its part. (SPEC 5.1, 5.3)

import { equalBytes, isZero } from '../bytes.js'
import { type Point, randomBytes } from '../curve.js'
import {
  checkEncryption,
  encryptForRecovery,
  type PublicDealing,
  publicDealing,
  verifyShareProof,
} from '../dealing.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import { completeRecord, type Dealers, type KeyRecord, type ReshareRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { encodeMessage, type FieldsOf, type MessageOf } from '../messages/index.js'
import { box, type OneTime, take } from '../one-time.js'
import { COSIGNER, DEVICE, type Party } from '../party.js'
import type { Random } from '../random.js'
import {
  checkDealing,
  checkRecoveryKey,
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
import {
  follows,
  type Newcomer,
  type ReshareSession,
  reshareCommitment,
  reshareSession,
  type ShareId,
  sessionOf,
  stays,
} from './plan.js'
import { replacePlan, sealForNewcomer } from './replace-common.js'

/** A newcomer whose offer the program has verified: identity, encryption key, and its signature on that. */
export interface OfferedNewcomer extends Newcomer {
  /** On `TH("sig/ek", keyId, TrBase, epoch, attempt, j, ek_j)`, 64 bytes. */
  readonly signature: Uint8Array
}

/** What the initiator has before a replace. */
export interface InitiatorReplace {
  /** Of party 1, or of the recovery party. */
  readonly share: KeyShare
  /** The record of that share, whose signatures the program has verified. */
  readonly record: KeyRecord
  readonly id: ShareId
  readonly responder: Party
  readonly newcomer: OfferedNewcomer
  /** Hash of the claim, 32 bytes; zero bytes where the operator's configuration decides. */
  readonly authorisation: Uint8Array
  /** K' with the proof of knowledge for the owner idD'; absent, K stays. */
  readonly change?: { readonly recoveryKey: Point; readonly recoveryProof: Uint8Array } | undefined
}

interface Started {
  readonly dealer: Dealer
  readonly rho: Uint8Array
  readonly commitment: Uint8Array
}
interface Opened extends Started {
  readonly session: ReshareSession
  readonly answer: MessageOf<'replace.res1'>
  readonly own: PublicDealing
  readonly encryption: Uint8Array
}
export type ReplaceStarted = OneTime<'replace.Started', Started>
export type ReplaceOpened = OneTime<'replace.Opened', Opened>

/** What the newcomer is handed; the program adds what was signed, and the base epoch's kit. */
export type Handover = Omit<FieldsOf<'newcomer.req2'>, 'signature' | 'dealerSignature' | 'baseKit'>

/** First step: commits to the dealing. @throws ProtocolAbort `newcomer`, `keygen-proof` */
export function startReplace(
  input: InitiatorReplace,
  random: Random,
): { state: ReplaceStarted; send: Uint8Array; sessionId: Uint8Array } {
  const { share, record, id, responder, newcomer, change } = input
  if (!follows('replace', id, record)) throw new Misuse('the id does not follow the share')
  const parties = { initiator: share.party, responder, newcomer }
  const plan = replacePlan(record, share, parties, id, change?.recoveryKey)
  const recoveryProof = change?.recoveryProof ?? nothing(65)
  checkRecoveryKey(plan, recoveryProof)
  const dealer = newDealer(plan, share, random)
  const rho = randomBytes(random, 32)
  const commitment = reshareCommitment(plan, dealer.nonce, { a0: dealer.f.A0, a1: dealer.f.A1, rho })
  const send = encodeMessage('replace.req1', {
    keyId: share.keyId,
    baseEpoch: share.epoch,
    baseAttempt: share.attempt,
    ...id,
    nonce: dealer.nonce,
    sealKey: dealer.sealKey.publicKey,
    recoveryKey: plan.recoveryKey,
    recoveryProof,
    newcomer: newcomer.party === DEVICE ? 'device' : 'cosigner',
    newcomerIdentity: newcomer.identity,
    newcomerSealKey: newcomer.sealKey,
    newcomerSignature: newcomer.signature,
    authorisation: input.authorisation,
    commitment,
  })
  const state = box('replace.Started', { dealer, rho, commitment })
  return { state, send, sessionId: sessionOf(plan, dealer.nonce) }
}

/** On Res1: the responder's dealing; then opens its own. @throws ProtocolAbort */
export function openReplace(
  state: ReplaceStarted,
  message: MessageOf<'replace.res1'>,
  random: Random,
): { state: ReplaceOpened; send: Uint8Array } {
  const s = take(state, 'replace.Started')
  const { dealer, rho, commitment } = s
  const { plan, nonce } = dealer
  if (isZero(message.nonce) || equalBytes(message.nonce, nonce)) throw new ProtocolAbort('nonce')
  const hello = { nonce, sealKey: dealer.sealKey.publicKey, commitment }
  const session = reshareSession(plan, hello, message)
  checkDealing(plan, session.sid, dealer.peer, message)
  const encryption = encryptForRecovery(session, dealer.party, dealer.f, random)
  const own = publicDealing(session.sid, dealer.party, dealer.f, random)
  const send = encodeMessage('replace.req2', {
    ...own,
    rho,
    sealedSubShare: sealForPeer(dealer, session, message.sealKey, random),
    encryption,
  })
  return { state: box('replace.Opened', { ...s, session, answer: message, own, encryption }), send }
}

/**
 * On Res2: every check of a receiver, Tr', and the proof of share of a cosigner that stays. The program verifies what the
 * responder signed, and hands the newcomer its part.
 * @returns the record of the new epoch; the initiator's own new share if it stays
 * @throws ProtocolAbort
 */
export function finishReplace(
  state: ReplaceOpened,
  message: MessageOf<'replace.res2'>,
  random: Random,
): { record: ReshareRecord; share?: KeyShare; handover: Handover } {
  const { dealer, session, answer, own, encryption } = take(state, 'replace.Opened')
  const { plan, peer } = dealer
  const received = openFromPeer(dealer, session, answer, message.sealedSubShare)
  checkEncryption(session, peer, answer, message.encryption)
  const [a, b] = inOrder(dealer, { ...own, encryption }, { ...answer, encryption: message.encryption })
  const completed = reshareRecord(plan, session, [a, b], noOtSetups())
  const { record, polynomial } = completed
  const share = newShareOf(dealer, received, completed)
  if (stays(plan, peer)) verifyShareProof({ ...record, ...polynomial }, peer, message.shareProof)
  else if (!isZero(message.shareProof)) throw new ProtocolAbort('context')
  const { nI, nJ, ekI, ekJ, commitment } = session.sidInputs
  const handover: Handover = {
    dealers: dealersName(plan.dealers),
    nonceI: nI,
    nonceJ: nJ,
    sealKeyI: ekI,
    sealKeyJ: ekJ,
    recoveryKey: plan.recoveryKey,
    commitment,
    aA0: a.a0,
    aA1: a.a1,
    aB0: b.a0,
    aB1: b.a1,
    proofA0: a.proof0,
    proofA1: a.proof1,
    proofB0: b.proof0,
    proofB1: b.proof1,
    encryptionA: a.encryption,
    encryptionB: b.encryption,
    sealedByInitiator: sealForNewcomer(dealer, session, random),
    sealedByResponder: message.sealedForNewcomer,
    shareProof: message.shareProof,
  }
  return { record, ...(share && { share }), handover }
}

function dealersName([a, b]: Dealers): Handover['dealers'] {
  if (b === COSIGNER) return 'device-cosigner'
  return a === DEVICE ? 'device-recovery' : 'cosigner-recovery'
}

/**
 * The newcomer's answer: it holds the same transcript and knows its share. The program verifies its signature on Tr' and
 * commits only then.
 * @throws ProtocolAbort `transcript`, `keygen-proof`
 */
export function checkAcknowledgement(
  record: ReshareRecord,
  newcomer: 1 | 2,
  message: MessageOf<'newcomer.res2'>,
): void {
  const { polynomial } = completeRecord(record)
  if (!equalBytes(message.transcript, record.transcript)) throw new ProtocolAbort('transcript')
  verifyShareProof({ ...record, ...polynomial }, newcomer, message.shareProof)
}

// How does a replace run between honest programs, with any message exchanged for another? (SPEC 5.3)

import type { Point } from '@tercet/protocol/curve'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { ReshareRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import type { Party } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import {
  accept,
  answerReplace,
  checkAcknowledgement,
  commit,
  confirm,
  dealReplace,
  finishReplace,
  type Handover,
  type NewcomerOffered,
  offer,
  openReplace,
  type ReplaceAnswered,
  type ReplacedKey,
  type ReplaceOpened,
  type ReplaceStarted,
  startReplace,
} from '@tercet/protocol/reshare'
import { type FixtureWallet, type Identity, identityOf } from './fixture.js'
import { newRecoveryKey } from './reshare.js'
import { endings, type Judge, type Recorded } from './reshare-endings.js'
import {
  baseKit,
  committedFields,
  NO_SIGNATURE,
  offerValue,
  recoveryParty,
  releaseValue,
  requireBase,
  requireCommitted,
  requireNothing,
  requireOffer,
  requireSignature,
  requireTranscript,
  signTranscript,
} from './reshare-programs.js'
import { forks } from './signing.js'
import type { Stage } from './stage.js'

/** Who deals and who comes in a replace. */
interface Roles {
  readonly initiator: Party
  readonly responder: Party
  readonly party: 1 | 2
}

/** The device is lost: recovery party and cosigner deal, and a new device comes; K changes on the way. */
export function deviceLostStages(wallet: FixtureWallet, random: Random): Stage[] {
  return replaceStages(wallet, { initiator: 3, responder: 2, party: 1 }, random)
}

/** The operator changes: device and old cosigner deal, and a new cosigner comes. */
export function operatorChangedStages(wallet: FixtureWallet, random: Random): Stage[] {
  return replaceStages(wallet, { initiator: 1, responder: 2, party: 2 }, random)
}

/** Records two honest sessions, of two attempts, and lets every message of the first be exchanged. */
function replaceStages(wallet: FixtureWallet, roles: Roles, random: Random): Stage[] {
  const identity = identityOf(random(32))
  const fresh = newRecoveryKey(random)
  const owner = ownerOf(roles.party === 1 ? identity.id : wallet.identities.device.id)
  const subject = {
    identity,
    claim: random(32),
    recoveryKey: fresh.recoveryKey,
    recoveryProof: proveRecoveryKey(fresh.kappa, owner, random),
    kit: baseKit(wallet),
  }
  const session = (attempt: number) => recorded(wallet, roles, { ...subject, attempt }, random)
  const other = session(4)
  return session(3).map(([message, body, deliver], n) => ({
    message,
    batch: 1,
    body,
    other: other[n]?.[1] as Uint8Array,
    deliver,
  }))
}

interface Subject {
  /** The newcomer. */
  readonly identity: Identity
  readonly claim: Uint8Array
  readonly recoveryKey: Point
  readonly recoveryProof: Uint8Array
  /** Of the base. */
  readonly kit: Uint8Array
  readonly attempt: number
}

/** One honest session, every state of which can be used again. */
function recorded(wallet: FixtureWallet, roles: Roles, subject: Subject, random: Random): Recorded {
  const { initiator, responder, party } = roles
  const { identity, claim, recoveryKey, recoveryProof, kit, attempt } = subject
  const { record, identities } = wallet
  const { keyId, transcript } = record
  const V = recoveryParty(wallet.kappa)
  const id = { epoch: 1, attempt }
  // Who is device and cosigner afterwards.
  const D = party === 1 ? identity : identities.device
  const C = party === 2 ? identity : identities.cosigner
  const dealt3 = initiator === 3

  const invitation = encodeMessage('newcomer.req1', {
    nonce: random(32),
    keyId,
    party: party === 1 ? 'device' : 'cosigner',
    transcriptBase: transcript,
    ...id,
  })
  const offered = (body: Uint8Array) => {
    const message = decodeMessage('newcomer.req1', body)
    const { state, sealKey } = offer(message, identity.id, random)
    const signature = identity.sign(offerValue(message, sealKey))
    return { state, send: encodeMessage('newcomer.res1', { identity: identity.id, sealKey, signature }) }
  }
  const begin = (body: Uint8Array) => {
    const message = decodeMessage('newcomer.res1', body)
    requireOffer(identity.id, { ...message, keyId, transcriptBase: transcript, ...id, party })
    const change = { recoveryKey, recoveryProof }
    const newcomer = { party, ...message }
    const share = wallet.share(initiator)
    return startReplace({ share, record, id, responder, newcomer, authorisation: claim, change }, random)
  }
  const answer = (body: Uint8Array) => {
    const message = decodeMessage('replace.req1', body)
    if (!Buffer.from(message.authorisation).equals(claim)) throw new ProtocolAbort('context')
    const pins = {
      share: wallet.share(responder),
      record,
      initiator,
      newcomer: { party, identity: identity.id },
      recoveryKey,
    }
    const next = answerReplace(pins, message, random)
    requireOffer(identity.id, {
      ...message,
      transcriptBase: transcript,
      party,
      identity: message.newcomerIdentity,
      sealKey: message.newcomerSealKey,
      signature: message.newcomerSignature,
    })
    return next
  }
  const deal = (state: ReplaceAnswered, body: Uint8Array) => {
    const next = dealReplace(state, decodeMessage('replace.req2', body), random)
    const signature = next.share ? signTranscript(C, 'cosigner', next.record) : NO_SIGNATURE
    return { ...next, send: encodeMessage('replace.res2', { ...next.send, signature }) }
  }
  const finish = (state: ReplaceOpened, body: Uint8Array) => {
    const message = decodeMessage('replace.res2', body)
    const next = finishReplace(state, message, random)
    if (party === 1) requireTranscript(C.id, 'cosigner', next.record, message.signature)
    else requireNothing(message.signature)
    return { ...next, send: handed(next.handover, next.record, message.signature) }
  }
  const dealerSignature = (r: ReshareRecord): Uint8Array =>
    dealt3 ? signTranscript(V, 'recovery', r) : NO_SIGNATURE
  // A new cosigner begins when the old one has let go.
  const consent = (r: ReshareRecord): Uint8Array =>
    party === 2 ? identities.cosigner.sign(releaseValue(r)) : dealerSignature(r)
  const handed = (fields: Handover, r: ReshareRecord, signature: Uint8Array): Uint8Array =>
    encodeMessage('newcomer.req2', {
      ...fields,
      signature,
      dealerSignature: dealerSignature(r),
      baseKit: kit,
    })
  const requireDealer = (r: ReshareRecord, signature: Uint8Array): void =>
    dealt3 ? requireTranscript(V.id, 'recovery', r, signature) : requireNothing(signature)
  const acceptance = (state: NewcomerOffered, body: Uint8Array) => {
    const message = decodeMessage('newcomer.req2', body)
    const pins = { record: requireBase(message.baseKit, wallet), recoveryKey }
    const { key, send } = accept(state, pins, message, random)
    if (party === 1) requireTranscript(C.id, 'cosigner', key.record, message.signature)
    else requireNothing(message.signature)
    requireDealer(key.record, message.dealerSignature)
    const signature = signTranscript(identity, party === 1 ? 'device' : 'cosigner', key.record)
    return { key, send: encodeMessage('newcomer.res2', { ...send, signature }) }
  }
  const commitName = party === 1 ? 'reshare.req3' : 'newcomer.req3'
  const committedName = party === 1 ? 'reshare.res3' : 'newcomer.res3'
  const committing = (i: Finished, body: Uint8Array): Uint8Array => {
    const message = decodeMessage('newcomer.res2', body)
    checkAcknowledgement(i.record, party, message)
    requireTranscript(identity.id, party === 1 ? 'device' : 'cosigner', i.record, message.signature)
    const own = i.share
      ? { ...commit(i.share, random), signature: signTranscript(D, 'device', i.record) }
      : { ...message, ...id }
    return encodeMessage(commitName, { ...own, dealerSignature: consent(i.record) })
  }
  const committed = (pending: KeyShare, r: ReshareRecord, body: Uint8Array): Uint8Array => {
    const message = decodeMessage(commitName, body)
    confirm(pending, message)
    requireTranscript(D.id, 'device', r, message.signature)
    if (party === 2) requireSignature(identities.cosigner.id, releaseValue(r), message.dealerSignature)
    else requireDealer(r, message.dealerSignature)
    return encodeMessage(committedName, committedFields(C, r))
  }

  const onInvitation = (body: Uint8Array): Judge => {
    const next = offered(body)
    return onOffer(next.state, next.send)
  }
  const onOffer = (n: NewcomerOffered, body: Uint8Array): Judge => {
    const next = begin(body)
    return onReq1(n, next.state, next.send)
  }
  const onReq1 = (n: NewcomerOffered, i: ReplaceStarted, body: Uint8Array): Judge => {
    const next = answer(body)
    return onRes1(n, i, next.state, next.send)
  }
  const onRes1 = (n: NewcomerOffered, i: ReplaceStarted, j: ReplaceAnswered, body: Uint8Array): Judge => {
    const next = openReplace(i, decodeMessage('replace.res1', body), random)
    return onReq2(n, next.state, j, next.send)
  }
  const onReq2 = (n: NewcomerOffered, i: ReplaceOpened, j: ReplaceAnswered, body: Uint8Array): Judge => {
    const next = deal(j, body)
    return onRes2(n, i, next.share, next.send)
  }
  const onRes2 = (n: NewcomerOffered, i: ReplaceOpened, j: KeyShare | undefined, body: Uint8Array): Judge => {
    const next = finish(i, body)
    return onHandover(n, next, j, next.send)
  }
  type Finished = ReturnType<typeof finish>
  const onHandover = (n: NewcomerOffered, i: Finished, j: KeyShare | undefined, body: Uint8Array): Judge => {
    const next = acceptance(n, body)
    return onAck(next.key, i, j, next.send)
  }
  const onAck = (n: ReplacedKey, i: Finished, j: KeyShare | undefined, body: Uint8Array): Judge =>
    onCommit(i, party === 2 ? n.share : (j as KeyShare), committing(i, body))
  const onCommit = (i: Finished, pending: KeyShare, body: Uint8Array): Judge =>
    onCommitted(i, pending, committed(pending, i.record, body))
  const onCommitted = (i: Finished, pending: KeyShare, body: Uint8Array): Judge => {
    requireCommitted(C.id, i.record, decodeMessage(committedName, body))
    return pending.publicKey.equals(wallet.share(1).publicKey) ? [] : ['the key is another']
  }

  const o = offered(invitation)
  const offer0 = forks(o.state)
  const s = begin(o.send)
  const started = forks(s.state)
  const a = answer(s.send)
  const answered = forks(a.state)
  const p = openReplace(started(), decodeMessage('replace.res1', a.send), random)
  const opened = forks(p.state)
  const d = deal(answered(), p.send)
  const f = finish(opened(), d.send)
  const n = acceptance(offer0(), f.send)
  const commitBody = committing(f, n.send)
  const pending = party === 2 ? n.key.share : (d.share as KeyShare)
  const committedBody = committed(pending, f.record, commitBody)
  return [
    ['newcomer.req1', invitation, onInvitation],
    ['newcomer.res1', o.send, (body) => onOffer(offer0(), body)],
    ['replace.req1', s.send, (body) => onReq1(offer0(), started(), body)],
    ['replace.res1', a.send, (body) => onRes1(offer0(), started(), answered(), body)],
    ['replace.req2', p.send, (body) => onReq2(offer0(), opened(), answered(), body)],
    ['replace.res2', d.send, (body) => onRes2(offer0(), opened(), d.share, body)],
    ['newcomer.req2', f.send, (body) => onHandover(offer0(), f, d.share, body)],
    ['newcomer.res2', n.send, (body) => onAck(n.key, f, d.share, body)],
    [commitName, commitBody, (body) => onCommit(f, pending, body)],
    [committedName, committedBody, (body) => onCommitted(f, pending, body)],
    ...endings(f.record, { cosigner: C, before: identities.cosigner }),
  ]
}

// How does a party that was not there before come to its share? offer -> accept. (SPEC 5.3)

import { equalBytes, isZero } from '../bytes.js'
import { encodePoint, type Point } from '../curve.js'
import { checkEncryption, checkSubShare, joinSubShares, proveShare, verifyShareProof } from '../dealing.js'
import { ProtocolAbort } from '../errors.js'
import { type Dealers, type KeyRecord, rolesOf } from '../key-record.js'
import type { FieldsOf, MessageOf } from '../messages/index.js'
import { box, type OneTime, take } from '../one-time.js'
import { COSIGNER, DEVICE } from '../party.js'
import type { Random } from '../random.js'
import { newSealKey, unseal } from '../seal.js'
import { checkDealing, noOtSetups, reshareRecord } from './dealer.js'
import { baseOf, dealersOf, follows, type Newcomer, type Plan, reshareSession } from './plan.js'
import { FOR_NEWCOMER, type ReplacedKey } from './replace-common.js'

interface Offered {
  readonly invitation: MessageOf<'newcomer.req1'>
  readonly identity: Uint8Array
  readonly sealKey: { secretKey: Uint8Array; publicKey: Uint8Array }
}
export type NewcomerOffered = OneTime<'newcomer.Offered', Offered>

/**
 * On the invitation: an encryption key for this reshare alone. The program signs `TH("sig/ek", keyId, TrBase, epoch,
 * attempt, j, ek_j)` with the new identity, which it adds with the key to what is sent.
 * @param identity id'_j, 34 bytes
 * @throws ProtocolAbort `nonce`
 */
export function offer(
  invitation: MessageOf<'newcomer.req1'>,
  identity: Uint8Array,
  random: Random,
): { state: NewcomerOffered; sealKey: Uint8Array } {
  if (isZero(invitation.nonce)) throw new ProtocolAbort('nonce')
  const sealKey = newSealKey(random)
  return {
    state: box('newcomer.Offered', { invitation, identity, sealKey }),
    sealKey: sealKey.publicKey.slice(),
  }
}

/** What a newcomer knows from elsewhere than its initiator. */
export interface NewcomerPins {
  /** The base epoch's record: signatures verified against pinned identities, X compared with a pinned value. */
  readonly record: KeyRecord
  /** K' where its user or operator named another; absent, K stays. */
  readonly recoveryKey?: Point | undefined
}

/**
 * On the handover: every check of a receiver, on both dealers. The program verifies the signatures on Tr' that came with
 * it (of a cosigner that stays, of dealer 3), stores the share as pending, durably, and signs Tr' in its answer.
 * @throws ProtocolAbort, Malformed
 */
export function accept(
  state: NewcomerOffered,
  pins: NewcomerPins,
  message: MessageOf<'newcomer.req2'>,
  random: Random,
): { key: ReplacedKey; send: Omit<FieldsOf<'newcomer.res2'>, 'signature'> } {
  const { invitation, identity, sealKey } = take(state, 'newcomer.Offered')
  const party = invitation.party === 'device' ? DEVICE : COSIGNER
  const plan = planOf(pins, invitation, message, { party, identity, sealKey: sealKey.publicKey })
  const { base, dealers, initiator, responder } = plan
  const first = { nonce: message.nonceI, sealKey: message.sealKeyI, commitment: message.commitment }
  const session = reshareSession(plan, first, { nonce: message.nonceJ, sealKey: message.sealKeyJ })
  const a = {
    a0: message.aA0,
    a1: message.aA1,
    proof0: message.proofA0,
    proof1: message.proofA1,
    encryption: message.encryptionA,
  }
  const b = {
    a0: message.aB0,
    a1: message.aB1,
    proof0: message.proofB0,
    proof1: message.proofB1,
    encryption: message.encryptionB,
  }
  const dealt = [
    [dealers[0], a],
    [dealers[1], b],
  ] as const
  for (const [dealer, dealing] of dealt) checkDealing(plan, session.sid, dealer, dealing)
  const receive = (by: 'initiator' | 'responder', sealed: Uint8Array): bigint => {
    const from = by === 'initiator' ? initiator : responder
    const context = {
      ...FOR_NEWCOMER[by],
      from: base.identities[from - 1] as Uint8Array,
      to: identity,
      sessionId: session.session,
      ...sealKey,
    }
    return checkSubShare(unseal(context, sealed), party, from === dealers[0] ? a : b)
  }
  const subShares = [
    receive('initiator', message.sealedByInitiator),
    receive('responder', message.sealedByResponder),
  ] as const
  for (const [dealer, dealing] of dealt) checkEncryption(session, dealer, dealing, dealing.encryption)
  const completed = reshareRecord(plan, session, [a, b], noOtSetups())
  const share = joinSubShares(party, subShares, completed, plan.recoveryKey)
  // A cosigner that stays has proven its share; a device that stays does so when it commits.
  if (party === DEVICE) verifyShareProof(share, COSIGNER, message.shareProof)
  else if (!isZero(message.shareProof)) throw new ProtocolAbort('context')
  return {
    key: { share, record: completed.record },
    send: { transcript: share.transcript.slice(), shareProof: proveShare(share, random) },
  }
}

/** The plan that invitation, handover and base give together. @throws ProtocolAbort `context`, `newcomer` */
function planOf(
  pins: NewcomerPins,
  invitation: MessageOf<'newcomer.req1'>,
  message: MessageOf<'newcomer.req2'>,
  newcomer: Newcomer,
): Plan {
  const base = baseOf(pins.record)
  const id = { epoch: invitation.epoch, attempt: invitation.attempt }
  const recoveryKey = pins.recoveryKey ?? message.recoveryKey
  const expected = pins.recoveryKey ? encodePoint(pins.recoveryKey) : base.record.sidInputs.recoveryKey
  const same =
    equalBytes(invitation.keyId, base.record.keyId) &&
    equalBytes(invitation.transcriptBase, base.record.transcript) &&
    equalBytes(encodePoint(message.recoveryKey), expected) &&
    follows('replace', id, base.record)
  if (!same) throw new ProtocolAbort('context')
  const dealers = DEALERS[message.dealers]
  const { initiator, responder } = rolesOf(dealers)
  const known = base.identities.some((identity) => equalBytes(identity, newcomer.identity))
  if (known || dealersOf(initiator, responder, newcomer.party) === undefined)
    throw new ProtocolAbort('newcomer')
  return { base, kind: 'replace', id, dealers, initiator, responder, newcomer, recoveryKey }
}

const DEALERS = {
  'device-cosigner': [1, 2],
  'device-recovery': [1, 3],
  'cosigner-recovery': [2, 3],
} as const satisfies Record<MessageOf<'newcomer.req2'>['dealers'], Dealers>

// What does a dealer of a reshare do, whichever its kind and side? (SPEC 5.1, 5.3)

import { equalBytes, isZero } from '../bytes.js'
import { encodePoint, mod, type Point, randomBytes } from '../curve.js'
import {
  checkSubShare,
  joinSubShares,
  newPolynomial,
  type Polynomial,
  type PublicDealing,
  subShare,
  verifyDealing,
} from '../dealing.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import { type Completed, completeRecord, type ReshareRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { evaluate, lagrange } from '../math/polynomial.js'
import type { Party } from '../party.js'
import type { Random } from '../random.js'
import { ownerOf, verifyRecoveryKey } from '../recovery-key.js'
import { newSealKey, SEAL_OVERHEAD, type SealContext, seal, unseal } from '../seal.js'
import { expose } from '../secret.js'
import { checkBinding, nextIdentities, type Plan, type ReshareSession, stays } from './plan.js'

/** Length of a sealed sub-share. */
export const SEALED_BYTES = 32 + SEAL_OVERHEAD
/** What a field holds that has no meaning between these parties. */
export const nothing = (length: number): Uint8Array => new Uint8Array(length)
/** The setup ids of an epoch that has no setups yet. */
export const noOtSetups = (): readonly [Uint8Array, Uint8Array] => [nothing(32), nothing(32)]

/** A dealer's secrets of one reshare. */
export interface Dealer {
  readonly plan: Plan
  readonly party: Party
  readonly peer: Party
  readonly nonce: Uint8Array
  readonly sealKey: { secretKey: Uint8Array; publicKey: Uint8Array }
  /** f'_i(z) = lam(i,j)*s_i + c_i*z */
  readonly f: Polynomial
}

/** Draws everything but what the share determines. */
export function newDealer(plan: Plan, share: KeyShare, random: Random): Dealer {
  const { initiator, responder } = plan
  const peer = share.party === initiator ? responder : initiator
  const shared = mod(lagrange(share.party, peer) * expose(share.secretShare))
  return {
    plan,
    party: share.party,
    peer,
    nonce: randomBytes(random, 32),
    sealKey: newSealKey(random),
    f: newPolynomial(random, shared),
  }
}

/** PoKs of both coefficients, and the old share in the first. @throws ProtocolAbort `keygen-proof`, `dealer-binding` */
export function checkDealing(plan: Plan, sid: Uint8Array, dealer: Party, dealing: PublicDealing): void {
  verifyDealing(sid, dealer, dealing)
  checkBinding(plan.base, plan.dealers, dealer, dealing.a0)
}

/** K' with its proof, or K with none. @throws ProtocolAbort `context`, `keygen-proof` */
export function checkRecoveryKey(plan: Plan, proof: Uint8Array): void {
  if (keepsRecoveryKey(plan)) {
    if (!isZero(proof)) throw new ProtocolAbort('context')
  } else if (!verifyRecoveryKey(plan.recoveryKey, ownerOf(nextIdentities(plan).idD), proof)) {
    throw new ProtocolAbort('keygen-proof')
  }
}

/** Whether K' is K. */
export function keepsRecoveryKey({ base, recoveryKey }: Plan): boolean {
  return equalBytes(encodePoint(recoveryKey), base.record.sidInputs.recoveryKey)
}

/** f'_i(j) for the other machine if it stays, else zero bytes. */
export function sealForPeer(
  dealer: Dealer,
  session: ReshareSession,
  peerKey: Uint8Array,
  random: Random,
): Uint8Array {
  const { plan, party, peer, f } = dealer
  if (!stays(plan, peer)) return nothing(SEALED_BYTES)
  return seal({ ...between(plan, session, party, peer), peerKey }, subShare(f, peer), random)
}

/** The other machine's sub-share for this one, checked; undefined if this one does not stay. @throws ProtocolAbort, Malformed */
export function openFromPeer(
  dealer: Dealer,
  session: ReshareSession,
  dealing: { a0: Point; a1: Point },
  sealed: Uint8Array,
): bigint | undefined {
  const { plan, party, peer, sealKey } = dealer
  if (!stays(plan, party)) {
    if (!isZero(sealed)) throw new ProtocolAbort('context')
    return undefined
  }
  const plain = unseal({ ...between(plan, session, peer, party), ...sealKey }, sealed)
  return checkSubShare(plain, party, dealing)
}

/** Requests are of step 3 and answers of step 4, as in a keygen. */
function between(plan: Plan, { session }: ReshareSession, from: Party, to: Party): SealContext {
  const asks = from === plan.initiator
  return {
    from: plan.base.identities[from - 1] as Uint8Array,
    to: plan.base.identities[to - 1] as Uint8Array,
    sessionId: session,
    step: asks ? 3 : 4,
    direction: asks ? 'req' : 'res',
    field: 'sealedSubShare',
  }
}

/** A dealer's contribution to the record. */
export interface Contribution {
  readonly a0: Point
  readonly a1: Point
  readonly encryption: Uint8Array
}

/** This dealer's own contribution. */
export function contributionOf({ f }: Dealer, encryption: Uint8Array): Contribution {
  return { a0: f.A0, a1: f.A1, encryption }
}

/** Completes the new epoch's record. Chain code and key are those of the base. @throws ProtocolAbort `keygen-identity` */
export function reshareRecord(
  plan: Plan,
  session: Pick<ReshareSession, 'names' | 'sidInputs'>,
  [a, b]: readonly [Contribution, Contribution],
  otSetupIds: readonly [Uint8Array, Uint8Array],
): Completed<ReshareRecord> {
  const completed = completeRecord({
    ...session.names,
    sidInputs: session.sidInputs,
    commitments: [
      [encodePoint(a.a0), encodePoint(a.a1)],
      [encodePoint(b.a0), encodePoint(b.a1)],
    ],
    encryptions: [a.encryption, b.encryption],
    otSetupIds,
    chainCode: plan.base.record.chainCode.slice(),
  })
  // It follows from both bindings.
  if (!completed.polynomial.publicKey.equals(plan.base.publicKey))
    throw new Misuse('a reshare changes the public key')
  return completed
}

/** Both contributions in the order of the dealers' numbers. */
export function inOrder<T extends Contribution>({ party, peer }: Dealer, own: T, theirs: T): readonly [T, T] {
  return party < peer ? [own, theirs] : [theirs, own]
}

/** This party's new share if it stays. @throws ProtocolAbort `sub-share` */
export function newShareOf(
  { plan, party, f }: Dealer,
  received: bigint | undefined,
  completed: Completed<ReshareRecord>,
): KeyShare | undefined {
  if (!stays(plan, party) || received === undefined) return undefined
  return joinSubShares(party, [evaluate(f.a0, f.a1, party), received], completed, plan.recoveryKey)
}

// Who deals, who receives and who is new in a reshare, and what names its session? (SPEC 5.1, 5.3)

import { equalBytes } from '../bytes.js'
import { encodePoint, mulPublic, type Point } from '../curve.js'
import type { DealingContext } from '../dealing.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import {
  type Dealers,
  type KeyRecord,
  type ReshareInputs,
  type ReshareKind,
  type ReshareNames,
  reshareSidOf,
  rolesOf,
} from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { lagrange } from '../math/polynomial.js'
import { COSIGNER, DEVICE, type Party, RECOVERY } from '../party.js'
import { checkRecord } from '../record-check.js'
import { recoveryIdentityOf } from '../recovery-key.js'
import { sessionId, VER } from '../session.js'
import { TH, u32be } from '../transcript.js'

/** Which generation of shares: unique for ever under one key. (SPEC 5.2) */
export interface ShareId {
  readonly epoch: number
  readonly attempt: number
}

/** The party of the new epoch that is neither of the two machines of the exchange. */
export interface Newcomer {
  readonly party: typeof DEVICE | typeof COSIGNER
  /** id'_j, 34 bytes */
  readonly identity: Uint8Array
  /** ek_j, 32 bytes */
  readonly sealKey: Uint8Array
}

/** The epoch that is reshared, as its record proves it. */
export interface Base {
  readonly record: KeyRecord
  readonly publicKey: Point
  readonly publicShares: KeyShare['publicShares']
  /** Of the parties 1, 2 and 3 as they signed so far; the last is 0x02 || K. */
  readonly identities: readonly [Uint8Array, Uint8Array, Uint8Array]
}

/** What both dealers agree on before the first message. */
export interface Plan {
  readonly base: Base
  readonly kind: ReshareKind
  readonly id: ShareId
  readonly dealers: Dealers
  readonly initiator: Party
  readonly responder: Party
  readonly newcomer: Newcomer | undefined
  /** K' */
  readonly recoveryKey: Point
}

/** Recomputes the base epoch's record: whatever follows takes X and S_j from it alone. @throws Malformed, ProtocolAbort */
export function baseOf(record: KeyRecord): Base {
  const { polynomial } = checkRecord(record)
  const { idD, idC, recoveryKey } = record.sidInputs
  return { record, ...polynomial, identities: [idD, idC, recoveryIdentityOf(recoveryKey)] }
}

/** The base of a party that holds a share of it. @throws Misuse when share and record are not of one epoch */
export function ownBase(record: KeyRecord, share: KeyShare): Base {
  if (!equalBytes(record.transcript, share.transcript)) throw new Misuse('the record is not of this share')
  return baseOf(record)
}

/**
 * The dealers of a newcomer's exchange: two holders, neither of whom it replaces, or both as they are.
 * @returns undefined where no reshare has such parties
 */
export function dealersOf(initiator: Party, responder: Party, newcomer?: 1 | 2): Dealers | undefined {
  const all: readonly Dealers[] = [
    [1, 2],
    [1, 3],
    [2, 3],
  ]
  const dealers = all.find((pair) => {
    const roles = rolesOf(pair)
    return roles.initiator === initiator && roles.responder === responder
  })
  if (dealers === undefined || dealers[1] !== RECOVERY) return dealers
  // With 3 as a dealer, the party that does not deal is the one that comes new.
  return newcomer !== undefined && newcomer !== dealers[0] ? dealers : undefined
}

/** Whether a party is the same machine before and after. */
export function stays(plan: Pick<Plan, 'newcomer'>, party: Party): party is 1 | 2 {
  return party !== RECOVERY && plan.newcomer?.party !== party
}

/** Whether the id can follow its base: an epoch later, in a replace perhaps two, as its base may be the one before. */
export function follows(kind: ReshareKind, id: ShareId, base: KeyRecord): boolean {
  const step = id.epoch - base.epoch
  return id.attempt > 0 && (step === 1 || (kind === 'replace' && step === 2))
}

/** idD' and idC'. */
export function nextIdentities({ base, newcomer }: Plan): { idD: Uint8Array; idC: Uint8Array } {
  const [idD, idC] = base.identities
  return {
    idD: newcomer?.party === DEVICE ? newcomer.identity : idD,
    idC: newcomer?.party === COSIGNER ? newcomer.identity : idC,
  }
}

/** What one machine of the exchange showed first. */
export interface Hello {
  readonly nonce: Uint8Array
  readonly sealKey: Uint8Array
}

/** A reshare once both first messages are known. */
export interface ReshareSession extends DealingContext {
  readonly names: ReshareNames
  readonly sidInputs: ReshareInputs
  /** Of the channel and the seals: `TH("sess", "reshare", nI, idI, idJ)` */
  readonly session: Uint8Array
}

/** Names the session by what both messages said. */
export function reshareSession(
  plan: Plan,
  first: Hello & { readonly commitment: Uint8Array },
  second: Hello,
): ReshareSession {
  const { base, kind, id, dealers, initiator, newcomer, recoveryKey } = plan
  const [a, b] = dealers
  const receives = (party: 1 | 2): Uint8Array => {
    if (newcomer?.party === party) return newcomer.sealKey
    return party === initiator ? first.sealKey : second.sealKey
  }
  const names: ReshareNames = {
    kind,
    keyId: base.record.keyId.slice(),
    ...id,
    transcriptPrev: base.record.transcript.slice(),
    dealers,
  }
  const sidInputs: ReshareInputs = {
    nI: first.nonce,
    nJ: second.nonce,
    idDealerA: base.identities[a - 1] as Uint8Array,
    idDealerB: base.identities[b - 1] as Uint8Array,
    ...nextIdentities(plan),
    ekI: first.sealKey,
    ekJ: second.sealKey,
    ek1: receives(DEVICE),
    ek2: receives(COSIGNER),
    recoveryKey: encodePoint(recoveryKey),
    policyHash: base.record.sidInputs.policyHash.slice(),
    commitment: first.commitment,
  }
  const sid = reshareSidOf(names, sidInputs)
  return { names, sidInputs, sid, ...id, recoveryKey, session: sessionOf(plan, first.nonce) }
}

/** The session identifier that the channel uses as well. */
export function sessionOf({ base, initiator, responder }: Plan, nonceI: Uint8Array): Uint8Array {
  const [idI, idJ] = [initiator, responder].map((party) => base.identities[party - 1] as Uint8Array)
  return sessionId('reshare', nonceI, idI as Uint8Array, idJ as Uint8Array)
}

/** `C1 = TH("rs/com", ver, nI, keyId, TrBase, I, K', A'_I0, A'_I1, rho)` */
export function reshareCommitment(
  plan: Pick<Plan, 'initiator' | 'recoveryKey'> & { readonly base: Pick<Base, 'record'> },
  nonce: Uint8Array,
  opening: { a0: Point; a1: Point; rho: Uint8Array },
): Uint8Array {
  return TH(
    'rs/com',
    VER,
    nonce,
    plan.base.record.keyId,
    plan.base.record.transcript,
    u32be(plan.initiator),
    encodePoint(plan.recoveryKey),
    encodePoint(opening.a0),
    encodePoint(opening.a1),
    opening.rho,
  )
}

/** `A'_a0 == lam(a,b)*S_a`: the dealer shares its old share and nothing else. @throws ProtocolAbort `dealer-binding` */
export function checkBinding(base: Base, dealers: Dealers, dealer: Party, a0: Point): void {
  const other = dealers[0] === dealer ? dealers[1] : dealers[0]
  const share = base.publicShares[dealer - 1] as Point
  if (!a0.equals(mulPublic(share, lagrange(dealer, other)))) throw new ProtocolAbort('dealer-binding')
}

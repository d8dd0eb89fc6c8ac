// Which names and public inputs does a presign session have, at both sides alike? (SPEC 0.6, 4.1)

import { encodePoint, mod, mulPublic, type Point } from '../curve.js'
import { Misuse } from '../errors.js'
import type { KeyShare } from '../key-share.js'
import { lagrange } from '../math/polynomial.js'
import type { OtSetup } from '../ot-setup/material.js'
import type { Party } from '../party.js'
import { expose } from '../secret.js'
import { VER } from '../session.js'
import { TH, u32be, u64be } from '../transcript.js'

/** Everything that one party brings to a presign session, and the two authenticated identities. */
export interface SigningContext {
  readonly share: KeyShare
  readonly otSetup: OtSetup
  /** 34 bytes */
  readonly idInitiator: Uint8Array
  /** 34 bytes */
  readonly idResponder: Uint8Array
}

export type Mode = 'fresh' | 'pool'

export const NO_REQUEST = new Uint8Array(32)

/** `reqHash = TH("request", canonical request bytes)` */
export function requestHash(request: Uint8Array): Uint8Array {
  return TH('request', request)
}

/** Refuses a share and a setup that do not belong together: a bug of the caller, never a peer. @throws Misuse */
export function checkContext(context: SigningContext, role: OtSetup['role']): void {
  const { share, otSetup } = context
  const party = role === 'initiator' ? otSetup.initiator : otSetup.responder
  const same = otSetup.keyId.every((b, i) => b === share.keyId[i])
  if (
    otSetup.role !== role ||
    share.party !== party ||
    !same ||
    otSetup.epoch !== share.epoch ||
    otSetup.attempt !== share.attempt
  )
    throw new Misuse('the OT setup is not of this share and role')
}

/** `psid0`, from the values that Req1 shows. */
export function psid0(
  context: SigningContext,
  mode: Mode,
  batch: number,
  reqHash: Uint8Array,
  nonceI: Uint8Array,
): Uint8Array {
  const { share, otSetup } = context
  return TH(
    'psid0',
    VER,
    share.keyId,
    u64be(share.epoch),
    u64be(share.attempt),
    share.transcript,
    otSetup.idA,
    otSetup.idB,
    context.idInitiator,
    context.idResponder,
    u32be(otSetup.initiator),
    u32be(otSetup.responder),
    mode,
    u32be(batch),
    reqHash,
    nonceI,
  )
}

/** `psid = TH("psid", psid0, nJ, TH("m1", body of Req1))` */
export function psidOf(first: Uint8Array, nonceJ: Uint8Array, request1: Uint8Array): Uint8Array {
  return TH('psid', first, nonceJ, TH('m1', request1))
}

/** `sidR(A) = TH("ote/A", psid0)`, `sidR(B) = TH("ote/B", psid)`: the OT receiver's own nonce is always inside. */
export function receiverSid(direction: 'A' | 'B', id: Uint8Array): Uint8Array {
  return TH(`ote/${direction}`, id)
}

/** `sidF(dir, n) = TH("pad/" + dir, psid, n)` for every batch index: both nonces are inside. */
export function padSids(direction: 'A' | 'B', psid: Uint8Array, batch: number): Uint8Array[] {
  return indices(batch).map((n) => TH(`pad/${direction}`, psid, u32be(n)))
}

/** `presigId_n = TH("presig", psid, n)` */
export function presigIds(psid: Uint8Array, batch: number): Uint8Array[] {
  return indices(batch).map((n) => TH('presig', psid, u32be(n)))
}

/** `C1_n = TH("com/R", psid0, n, R_I_n, rho_n)` */
export function nonceCommitment(first: Uint8Array, n: number, r: Point, rho: Uint8Array): Uint8Array {
  return TH('com/R', first, u32be(n), encodePoint(r), rho)
}

/** 0, 1, .., batch - 1 */
export function indices(batch: number): number[] {
  return Array.from({ length: batch }, (_, n) => n)
}

/** `x_i = lam(i,j)*s_i` of this party, and `X_j = lam(j,i)*S_j` of its peer. */
export function pairShares(share: KeyShare, peer: Party): { own: bigint; peerPoint: Point } {
  return {
    own: mod(lagrange(share.party, peer) * expose(share.secretShare)),
    peerPoint: mulPublic(share.publicShares[peer - 1] as Point, lagrange(peer, share.party)),
  }
}

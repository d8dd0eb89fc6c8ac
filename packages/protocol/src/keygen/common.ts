// What do device and cosigner compute alike in a keygen? (SPEC 1.2: C1, sid, the setup's names, what is kept)

import { encodePoint, type Point } from '../curve.js'
import { type DealingContext, joinSubShares, type Polynomial, type PublicDealing } from '../dealing.js'
import { completeRecord, type KeyRecord, type SessionInputs, sidOf } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import { evaluate } from '../math/polynomial.js'
import type { SetupContext } from '../ot-setup/exchange.js'
import type { OtSetup } from '../ot-setup/material.js'
import { COSIGNER, DEVICE } from '../party.js'
import { keyIdOf, VER } from '../session.js'
import { TH, u32be } from '../transcript.js'

/** The two identities that a keygen is between; each side has pinned both. */
export interface KeygenParties {
  /** idD, 34 bytes */
  readonly idDevice: Uint8Array
  /** idC, 34 bytes */
  readonly idCosigner: Uint8Array
}

/** What a finished keygen leaves at a party: to be stored durably, the first two sealed. */
export interface KeyMaterial {
  readonly share: KeyShare
  readonly otSetup: OtSetup
  readonly record: KeyRecord
}

/** `C1 = TH("dkg/com", ver, nD, idD, idC, 1, K, A_10, A_11, cc_1, rho_1)` */
export function keygenCommitment(
  nonce: Uint8Array,
  parties: KeygenParties,
  recoveryKey: Point,
  opening: { a0: Point; a1: Point; chainCode: Uint8Array; rho: Uint8Array },
): Uint8Array {
  return TH(
    'dkg/com',
    VER,
    nonce,
    parties.idDevice,
    parties.idCosigner,
    u32be(DEVICE),
    encodePoint(recoveryKey),
    encodePoint(opening.a0),
    encodePoint(opening.a1),
    opening.chainCode,
    opening.rho,
  )
}

/** What both sides know once Req1 and Res1 are exchanged. */
export interface KeygenSession extends DealingContext {
  readonly sidInputs: SessionInputs
  readonly setup: SetupContext
}

/** Names the session by what both messages said. */
export function keygenSession(
  parties: KeygenParties,
  recoveryKey: Point,
  policyHash: Uint8Array,
  first: { nonce: Uint8Array; sealKey: Uint8Array; commitment: Uint8Array },
  second: { nonce: Uint8Array; sealKey: Uint8Array },
): KeygenSession {
  const sidInputs: SessionInputs = {
    nD: first.nonce,
    nC: second.nonce,
    idD: parties.idDevice,
    idC: parties.idCosigner,
    ekD: first.sealKey,
    ekC: second.sealKey,
    recoveryKey: encodePoint(recoveryKey),
    policyHash,
    commitment: first.commitment,
  }
  const sid = sidOf(sidInputs)
  const setup: SetupContext = {
    keyId: keyIdOf(sid),
    epoch: 0,
    attempt: 0,
    initiator: DEVICE,
    responder: COSIGNER,
    nonceI: first.nonce,
    nonceJ: second.nonce,
  }
  return { sid, epoch: 0, attempt: 0, recoveryKey, sidInputs, setup }
}

/** A dealer's contribution to the record. */
export type Contribution = Pick<PublicDealing, 'a0' | 'a1'> & {
  readonly chainCode: Uint8Array
  readonly encryption: Uint8Array
}

/** Joins everything that a party keeps. @throws ProtocolAbort `keygen-identity`, `sub-share` */
export function assemble(
  party: typeof DEVICE | typeof COSIGNER,
  session: KeygenSession,
  subShares: { readonly own: Polynomial; readonly received: bigint },
  [device, cosigner]: readonly [Contribution, Contribution],
  otSetup: OtSetup,
): KeyMaterial {
  const completed = completeRecord({
    epoch: 0,
    attempt: 0,
    sidInputs: session.sidInputs,
    chainCodes: [device.chainCode, cosigner.chainCode],
    commitments: [
      [encodePoint(device.a0), encodePoint(device.a1)],
      [encodePoint(cosigner.a0), encodePoint(cosigner.a1)],
    ],
    encryptions: [device.encryption, cosigner.encryption],
    transcriptPrev: new Uint8Array(32),
    otSetupIds: [otSetup.idA, otSetup.idB],
  })
  const { own, received } = subShares
  const values = [evaluate(own.a0, own.a1, party), received] as const
  return {
    share: joinSubShares(party, values, completed, session.recoveryKey),
    otSetup,
    record: completed.record,
  }
}

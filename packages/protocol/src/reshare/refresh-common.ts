// What do device and cosigner compute alike in a refresh? (SPEC 5.1, 5.3)

import { isZero } from '../bytes.js'
import type { Point } from '../curve.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { KeyRecord, ReshareRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import type { SetupContext } from '../ot-setup/exchange.js'
import type { OtSetup } from '../ot-setup/material.js'
import { COSIGNER, DEVICE, type Party } from '../party.js'
import {
  checkRecoveryKey,
  type Dealer,
  type inOrder,
  keepsRecoveryKey,
  newShareOf,
  reshareRecord,
} from './dealer.js'
import { ownBase, type Plan, type ReshareSession, type ShareId } from './plan.js'

/** What a refresh leaves at a party: to be stored durably as pending, the first two sealed. */
export interface RefreshedKey {
  readonly share: KeyShare
  readonly otSetup: OtSetup
  readonly record: ReshareRecord
}

/** Between the parties as they are. @throws Misuse for the share of another party */
export function refreshPlan(
  record: KeyRecord,
  share: KeyShare,
  party: Party,
  id: ShareId,
  recoveryKey?: Point,
): Plan {
  if (share.party !== party) throw new Misuse('the share is of another party')
  return {
    base: ownBase(record, share),
    kind: 'refresh',
    id,
    dealers: [1, 2],
    initiator: DEVICE,
    responder: COSIGNER,
    newcomer: undefined,
    recoveryKey: recoveryKey ?? share.recoveryKey,
  }
}

/** A claim stands behind another recovery key, and behind nothing else. @throws ProtocolAbort `context`, `keygen-proof` */
export function checkChange(plan: Plan, proof: Uint8Array, authorisation: Uint8Array): void {
  if (keepsRecoveryKey(plan) !== isZero(authorisation)) throw new ProtocolAbort('context')
  checkRecoveryKey(plan, proof)
}

/** What names the OT setups of the new epoch. */
export function setupOf(
  { base, id, initiator, responder }: Plan,
  nonceI: Uint8Array,
  nonceJ: Uint8Array,
): SetupContext {
  return { keyId: base.record.keyId, ...id, initiator, responder, nonceI, nonceJ }
}

/** Joins everything that a party keeps. @throws ProtocolAbort `keygen-identity`, `sub-share` */
export function refreshedKey(
  dealer: Dealer,
  session: ReshareSession,
  received: bigint | undefined,
  contributions: ReturnType<typeof inOrder>,
  otSetup: OtSetup,
): RefreshedKey {
  const completed = reshareRecord(dealer.plan, session, contributions, [otSetup.idA, otSetup.idB])
  const share = newShareOf(dealer, received, completed)
  if (share === undefined) throw new Misuse('both parties of a refresh stay')
  return { share, otSetup, record: completed.record }
}

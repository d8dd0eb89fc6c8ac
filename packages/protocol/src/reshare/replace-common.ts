// What do both dealers of a replace compute alike? (SPEC 5.1, 5.3)

import { equalBytes } from '../bytes.js'
import type { Point } from '../curve.js'
import { subShare } from '../dealing.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { KeyRecord, ReshareRecord } from '../key-record.js'
import type { KeyShare } from '../key-share.js'
import type { Party } from '../party.js'
import type { Random } from '../random.js'
import { seal } from '../seal.js'
import { assertOnlineIdentity } from '../session.js'
import type { Dealer } from './dealer.js'
import { dealersOf, type Newcomer, ownBase, type Plan, type ReshareSession, type ShareId } from './plan.js'

/** What a replace leaves at a party that stays or comes: to be stored durably as pending, the first sealed. */
export interface ReplacedKey {
  readonly share: KeyShare
  readonly record: ReshareRecord
}

/** Where a newcomer's sub-share travels: in Res2 of the dealers, or in what the initiator hands over. */
export const FOR_NEWCOMER = {
  responder: { step: 4, direction: 'res', field: 'sealedForNewcomer' },
  initiator: { step: 3, direction: 'req', field: 'sealedByInitiator' },
} as const

/** The parties of a replace. @throws ProtocolAbort `newcomer` where no such reshare exists, or the identity is not new */
export function replacePlan(
  record: KeyRecord,
  share: KeyShare,
  parties: { readonly initiator: Party; readonly responder: Party; readonly newcomer: Newcomer },
  id: ShareId,
  recoveryKey?: Point,
): Plan {
  const { initiator, responder, newcomer } = parties
  const base = ownBase(record, share)
  const dealers = dealersOf(initiator, responder, newcomer.party)
  const known = base.identities.some((identity) => equalBytes(identity, newcomer.identity))
  if (dealers === undefined || known) throw new ProtocolAbort('newcomer')
  assertOnlineIdentity(newcomer.identity)
  if (share.party !== initiator && share.party !== responder) throw new Misuse('the share is of no dealer')
  return {
    base,
    kind: 'replace',
    id,
    dealers,
    initiator,
    responder,
    newcomer,
    recoveryKey: recoveryKey ?? share.recoveryKey,
  }
}

/** f'_i(j) for the newcomer. @throws ProtocolAbort `seal` if its key is of low order */
export function sealForNewcomer(dealer: Dealer, session: ReshareSession, random: Random): Uint8Array {
  const { plan, party, f } = dealer
  const { newcomer } = plan
  if (newcomer === undefined) throw new Misuse('a replace has a newcomer')
  const place = party === plan.initiator ? FOR_NEWCOMER.initiator : FOR_NEWCOMER.responder
  const from = plan.base.identities[party - 1] as Uint8Array
  const to = newcomer.identity
  return seal(
    { ...place, from, to, sessionId: session.session, peerKey: newcomer.sealKey },
    subShare(f, newcomer.party),
    random,
  )
}

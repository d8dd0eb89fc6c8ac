// What does a claim change of a key's state, and what does the log say of it? (SPEC 5.2, 5.4)

import { cosigner } from '@tercet/protocol/epochs'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import {
  type Authorisation,
  type Claim,
  claimHash,
  decodeClaim,
  encodeClaim,
  waits,
} from '@tercet/wire/claim'
import { recoveryIdentity } from '@tercet/wire/identity'
import type { NoticeEvent } from '@tercet/wire/notice'
import { builtInPolicyOf, claimDelayOf, DEFAULT_POLICY } from '@tercet/wire/policy'
import type { Entry, KeyState } from '../store/key-state.js'
import {
  type ClaimEnd,
  type ClaimRow,
  type Clocks,
  decide,
  isAnnounced,
  mayVeto,
  type Refused,
  stateOf,
  withClaim,
  withEnd,
  withVeto,
} from './state.js'

/** What happened to one claim. */
export interface ClaimEvent {
  readonly event: NoticeEvent
  readonly row: ClaimRow
}

/** The state after it, and what is to be logged and told. Where pend is gone, its rows are to go too. */
export interface ClaimChange {
  readonly state: KeyState
  readonly events: readonly ClaimEvent[]
}

/** idV of a key's state. */
export function recoveryOf({ recoveryKey }: KeyState): Uint8Array {
  return recoveryIdentity(fromBase64url(recoveryKey, 'recoveryKey', 33))
}

/** The claim inside a row. */
export function claimOf(row: ClaimRow): Claim {
  return decodeClaim(fromBase64url(row.claim, 'claim'))
}

export function findClaim({ claims: { claims } }: KeyState, hash: Uint8Array): ClaimRow | undefined {
  const name = toBase64url(hash)
  return claims.find((row) => row.name === name)
}

/** Announces a claim whose signatures were verified. */
export function announce(
  before: KeyState,
  claim: Claim,
  authorisation: Authorisation,
  clocks: Clocks,
): ClaimChange | { readonly refused: Refused | 'released' } {
  // The next cosigner may serve the key already, and is to be asked.
  if (before.epochs.released !== null) return { refused: 'released' }
  const row = rowOf(before, claim, authorisation, clocks)
  const newDeviceKnown = before.devices.some(({ identity }) => identity === row.newDevice)
  const asked = { ...row, createdAt: claim.createdAt, locked: before.locked, newDeviceKnown }
  const decision = decide(asked, before.claims, clocks)
  if ('refused' in decision) return decision
  let change: ClaimChange = { state: before, events: [] }
  for (const name of decision.supersedes) change = end(change, name, 'superseded')
  const { state, events } = change
  let { epochs } = state
  if (row.newDevice !== null) {
    const initiator = row.kind === 'device-moved' ? epochs.act.holder : toBase64url(recoveryOf(before))
    const claimed = { newHolder: row.newDevice, initiator, vetoable: !row.secondFactor }
    epochs = cosigner.announce(epochs, claimed).state
  }
  return {
    state: { ...state, epochs, claims: withClaim(state.claims, row) },
    events: [...events, { event: 'recovery-claimed', row }],
  }
}

/** Stops a claim for a device whose signature was verified. */
export function veto(
  before: KeyState,
  row: ClaimRow,
  credential: string,
  clocks: Clocks,
): ClaimChange | { readonly refused: 'no' | 'protected' | 'spent' } {
  const may = mayVeto(row, credential, before.claims, clocks)
  if (may !== 'yes') return { refused: may }
  const { state, events } = end({ state: before, events: [] }, row.name, 'vetoed')
  return { state: { ...state, claims: withVeto(before.claims, row, credential, clocks.wall) }, events }
}

/** Claims whose time to be used is over end. Undefined where there is none. */
export function expire(before: KeyState, clocks: Clocks): ClaimChange | undefined {
  const over = before.claims.claims.filter(
    (row) => row.ended === null && stateOf(row, clocks).state === 'expired',
  )
  if (over.length === 0) return undefined
  return over.reduce<ClaimChange>((change, { name }) => end(change, name, 'expired'), {
    state: before,
    events: [],
  })
}

/**
 * The reshare of a claim was committed: it is done, and every other one is superseded. Of a commit without a claim: all
 * are. To be used on the state that the commit's own step left.
 */
export function complete(before: KeyState, hash: Uint8Array | undefined): ClaimChange {
  const own = hash && toBase64url(hash)
  return before.claims.claims
    .filter(({ ended }) => ended === null)
    .reduce<ClaimChange>((change, { name }) => end(change, name, name === own ? 'done' : 'superseded'), {
      state: before,
      events: [],
    })
}

/** What a reshare may do under a claim whose time has come. */
export interface Authorised {
  readonly kind: Claim['kind']
  /** id'_1; null for a new recovery key alone */
  readonly newDevice: Uint8Array | null
  /** K', 33 bytes; null where K stays */
  readonly newRecoveryKey: Uint8Array | null
}

/** Undefined unless the claim is ready now. */
export function authorisationOf(state: KeyState, hash: Uint8Array, clocks: Clocks): Authorised | undefined {
  const row = findClaim(state, hash)
  if (row === undefined || stateOf(row, clocks).state !== 'ready') return undefined
  const { kind, newDevice, newRecoveryKey } = claimOf(row)
  return { kind, newDevice, newRecoveryKey }
}

/** Whether any claim is announced, so that the devices are to be told. */
export function hasAnnounced({ claims: { claims } }: KeyState, clocks: Clocks): boolean {
  return claims.some((row) => isAnnounced(row, clocks))
}

/** What the log says of events. */
export function entriesOf(events: readonly ClaimEvent[], time: number): Entry[] {
  return events.map(({ event, row }) => ({
    event,
    time,
    claim: fromBase64url(row.name, 'claim', 32),
    reason: row.kind,
  }))
}

function end({ state, events }: ClaimChange, name: string, ended: ClaimEnd): ClaimChange {
  const row = state.claims.claims.find((known) => known.name === name)
  if (row === undefined) return { state, events }
  // A new recovery key comes by a refresh, which nobody else prepares while it is announced.
  const step =
    ended === 'done'
      ? undefined
      : row.newDevice === null
        ? state.epochs.pend?.kind === 'refresh'
          ? cosigner.expire(state.epochs)
          : undefined
        : cosigner.lapse(state.epochs, row.newDevice)
  return {
    state: { ...state, epochs: step?.state ?? state.epochs, claims: withEnd(state.claims, name, ended) },
    events: [...events, { event: `recovery-${ended}`, row }],
  }
}

function rowOf(state: KeyState, claim: Claim, authorisation: Authorisation, clocks: Clocks): ClaimRow {
  const policy = builtInPolicyOf(fromBase64url(state.policyHash, 'policyHash', 32)) ?? DEFAULT_POLICY
  return {
    name: toBase64url(claimHash(claim)),
    claim: toBase64url(encodeClaim(claim)),
    kind: claim.kind,
    newDevice: claim.newDevice && toBase64url(claim.newDevice),
    announced: clocks.wall,
    uptime: clocks.uptime,
    delay: waits(claim.kind, authorisation) ? claimDelayOf(policy, claim.kind) : 0,
    both: authorisation.recovery && authorisation.device,
    secondFactor: authorisation.secondFactor,
    ended: null,
  }
}

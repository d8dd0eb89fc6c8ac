// How far is a claim, who may stop it, and which claims give way? Decided from what is durable and clocks. (SPEC 5.2, 5.4)

import type { ClaimKind } from '@tercet/wire/claim'
import type { ClaimState } from '@tercet/wire/claim-status'

/** A ready claim that nobody uses ends after this; the owner's own, before which all others give way, much sooner. */
export const READY_SECONDS = 30 * 86_400
export const OWNER_SECONDS = 3600
/** A credential has one veto in this time. */
export const VETO_SECONDS = 30 * 86_400
/** How old a claim may be when it is handed in, and how far in the future. */
export const CLAIM_AGE_SECONDS = 86_400
export const CLAIM_SKEW_SECONDS = 60
/** Claims of one wallet that are announced at once. */
export const ANNOUNCED_CLAIMS = 8
/** Accepted in a day: of recoveries, and of what the device asks for. A stolen device must not use up the owner's. */
export const CLAIMS_A_DAY = 8
/** Claims that ended and are remembered: at least those of a day, after which none is handed in again. */
const ENDED_CLAIMS = 20
/** New devices that were refused and are remembered. */
const TAKEN_BACK = 64

export type ClaimEnd = Exclude<ClaimState, 'waiting' | 'ready'>

/** What is durable of a claim. Bytes stand as base64url. */
export interface ClaimRow {
  /** The claim hash. */
  readonly name: string
  /** The claim's canonical bytes. */
  readonly claim: string
  readonly kind: ClaimKind
  /** id'_1 */
  readonly newDevice: string | null
  /** Unix seconds by the wall clock when the claim became durable. */
  readonly announced: number
  /** Seconds that nodes had recorded as up at that moment. */
  readonly uptime: number
  /** 0 where the claim does not wait. */
  readonly delay: number
  /** Signed by kappa as well as by the device. */
  readonly both: boolean
  readonly secondFactor: boolean
  readonly ended: ClaimEnd | null
}

/** What is durable of all claims of a wallet. */
export interface ClaimsState {
  /** In the order of their announcement; of those that ended only the newest. */
  readonly claims: readonly ClaimRow[]
  /** Vetoes that still count. */
  readonly vetoes: readonly { readonly credential: string; readonly at: number }[]
  /** New devices whose move was taken back. */
  readonly takenBack: readonly string[]
}

export const NO_CLAIMS: ClaimsState = { claims: [], vetoes: [], takenBack: [] }

/** Both clocks that a delay is measured by. */
export interface Clocks {
  /** Unix seconds. */
  readonly wall: number
  /** Seconds that nodes were up, as durably recorded. */
  readonly uptime: number
}

/** The claim's state now. Elapsed is the smaller of both clocks, so that neither one alone can shorten a delay. */
export function stateOf(
  row: ClaimRow,
  clocks: Clocks,
): { readonly state: ClaimState; readonly remainingSeconds: number } {
  if (row.ended !== null) return { state: row.ended, remainingSeconds: 0 }
  const elapsed = Math.max(0, Math.min(clocks.wall - row.announced, clocks.uptime - row.uptime))
  const remainingSeconds = Math.max(0, row.delay - elapsed)
  if (remainingSeconds > 0) return { state: 'waiting', remainingSeconds }
  const usable = isOwners(row) ? OWNER_SECONDS : READY_SECONDS
  return { state: elapsed < row.delay + usable ? 'ready' : 'expired', remainingSeconds: 0 }
}

/** Whether the claim is announced: neither done nor stopped. */
export function isAnnounced(row: ClaimRow, clocks: Clocks): boolean {
  const { state } = stateOf(row, clocks)
  return state === 'waiting' || state === 'ready'
}

type Kind = Pick<ClaimRow, 'kind' | 'both'>

/** A recovery by the holder of kappa. */
function isRecovery({ kind }: Kind): boolean {
  return kind === 'device-lost' || kind === 'suspected-theft'
}

/** A new recovery key that device and kappa both signed: nobody but the owner has both. */
function isOwners({ kind, both }: Kind): boolean {
  return kind === 'recovery-key' && both
}

/** A claim that is handed in, its signatures verified, with what the wallet says to it. */
export interface Asked extends Pick<ClaimRow, 'kind' | 'newDevice' | 'both'> {
  readonly createdAt: number
  readonly locked: boolean
  /** Whether id'_1 is or was a credential of this key. */
  readonly newDeviceKnown: boolean
}

/** Why a claim with good signatures is not announced. */
export type Refused = 'stale' | 'new-device' | 'locked' | 'claim-announced' | 'too-many'

/** Whether a claim is announced, and which ones it supersedes. */
export function decide(
  asked: Asked,
  { claims, takenBack }: ClaimsState,
  clocks: Clocks,
): { readonly refused: Refused } | { readonly supersedes: readonly string[] } {
  const { wall } = clocks
  const { kind, newDevice, both, createdAt } = asked
  const announced = claims.filter((row) => isAnnounced(row, clocks))
  if (createdAt < wall - CLAIM_AGE_SECONDS || createdAt > wall + CLAIM_SKEW_SECONDS)
    return { refused: 'stale' }
  // A move order covers id'_1 alone, so one that was taken back must not come back under another nonce.
  const again = kind === 'device-moved' && !both && newDevice !== null && takenBack.includes(newDevice)
  if (asked.newDeviceKnown || again) return { refused: 'new-device' }
  if (kind === 'device-moved' && asked.locked) return { refused: 'locked' }
  const before = isOwners(asked)
    ? []
    : announced.filter((row) => isOwners(row) || (!isRecovery(asked) && isRecovery(row)))
  if (before.length > 0) return { refused: 'claim-announced' }
  const gives = (row: ClaimRow): boolean =>
    isOwners(asked) ||
    (newDevice !== null && row.newDevice === newDevice) ||
    (isRecovery(asked) && !isRecovery(row))
  const supersedes = announced.filter(gives).map(({ name }) => name)
  const isAlike = (row: ClaimRow): boolean => isRecovery(row) === isRecovery(asked)
  const today = claims.filter((row) => row.announced > wall - 86_400 && isAlike(row))
  const tooMany = announced.length - supersedes.length >= ANNOUNCED_CLAIMS || today.length >= CLAIMS_A_DAY
  // The owner's own claim is never one too many: whoever has kappa alone must not keep it out.
  return tooMany && !isOwners(asked) ? { refused: 'too-many' } : { supersedes }
}

/** Whether a credential may stop a claim now: `no` for one that is not announced. */
export function mayVeto(
  row: ClaimRow,
  credential: string,
  { vetoes }: ClaimsState,
  clocks: Clocks,
): 'yes' | 'no' | 'protected' | 'spent' {
  if (!isAnnounced(row, clocks)) return 'no'
  if (!isRecovery(row)) return 'yes'
  if (row.secondFactor) return 'protected'
  const spent = vetoes.some((veto) => veto.credential === credential && veto.at > clocks.wall - VETO_SECONDS)
  return spent ? 'spent' : 'yes'
}

/** A claim more. */
export function withClaim(state: ClaimsState, row: ClaimRow): ClaimsState {
  return prune({ ...state, claims: [...state.claims, row] })
}

/** The claim of that name ended. */
export function withEnd(state: ClaimsState, name: string, ended: ClaimEnd): ClaimsState {
  return prune({ ...state, claims: state.claims.map((row) => (row.name === name ? { ...row, ended } : row)) })
}

/** A credential stopped a claim. */
export function withVeto(state: ClaimsState, row: ClaimRow, credential: string, wall: number): ClaimsState {
  const { vetoes, takenBack } = withEnd(state, row.name, 'vetoed')
  const counting = vetoes.filter(({ at }) => at > wall - VETO_SECONDS)
  const back = row.kind === 'device-moved' && row.newDevice !== null ? [row.newDevice] : []
  return {
    ...withEnd(state, row.name, 'vetoed'),
    vetoes: isRecovery(row) ? [...counting, { credential, at: wall }] : counting,
    takenBack: [...takenBack, ...back].slice(-TAKEN_BACK),
  }
}

/** Forgets the oldest of those that ended. */
function prune(state: ClaimsState): ClaimsState {
  const surplus = state.claims.filter(({ ended }) => ended !== null).slice(0, -ENDED_CLAIMS)
  return { ...state, claims: state.claims.filter((row) => !surplus.includes(row)) }
}

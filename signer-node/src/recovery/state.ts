// How far is a claim, who may stop it, and which claims give way? Decided from rows and clocks alone. (SPEC 5.2, 5.4)

import type { ClaimKind } from '@tercet/wire/claim'
import type { ClaimState } from '@tercet/wire/claim-status'

/** A ready claim that nobody uses ends after this. */
export const READY_SECONDS = 30 * 86_400
/** A credential has one veto in this time. */
export const VETO_SECONDS = 30 * 86_400
/** How old a claim may be when it is handed in, and how far in the future. */
export const CLAIM_AGE_SECONDS = 86_400
export const CLAIM_SKEW_SECONDS = 60
/** Claims of one wallet that are announced at once, and that are accepted in a day. */
export const ANNOUNCED_CLAIMS = 8
export const CLAIMS_A_DAY = 16

/** What is durable of a claim. */
export interface ClaimRow {
  /** base64url of the claim hash */
  readonly name: string
  readonly kind: ClaimKind
  /** base64url of id'_1, or null */
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
  readonly ended: Extract<ClaimState, 'done' | 'vetoed' | 'superseded'> | null
  /** Unix seconds, with `ended`. */
  readonly endedAt: number | null
  /** base64url of the credential that vetoed it. */
  readonly vetoedBy: string | null
}

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
  return { state: elapsed < row.delay + READY_SECONDS ? 'ready' : 'expired', remainingSeconds: 0 }
}

/** Whether the claim is announced: neither done nor stopped. */
export function isAnnounced(row: ClaimRow, clocks: Clocks): boolean {
  const { state } = stateOf(row, clocks)
  return state === 'waiting' || state === 'ready'
}

/** A recovery of the owner of kappa, before which every other claim gives way. */
function isRecovery({ kind }: Pick<ClaimRow, 'kind'>): boolean {
  return kind === 'device-lost' || kind === 'suspected-theft'
}

/** A claim that is handed in, its signatures verified, with what the wallet says to it. */
export interface Asked extends Pick<ClaimRow, 'name' | 'kind' | 'newDevice' | 'both'> {
  readonly createdAt: number
  readonly locked: boolean
  /** Whether id'_1 is or was a credential of this key, or a node. */
  readonly newDeviceKnown: boolean
}

/** Why a claim with good signatures is not announced. */
export type Refused = 'stale' | 'new-device' | 'locked' | 'claim-announced' | 'too-many'

/** Whether a claim is announced, and which ones it supersedes. */
export function decide(
  asked: Asked,
  rows: readonly ClaimRow[],
  clocks: Clocks,
): { readonly refused: Refused } | { readonly supersedes: readonly string[] } {
  const { wall } = clocks
  const announced = rows.filter((row) => isAnnounced(row, clocks))
  const today = rows.filter((row) => row.announced > wall - 86_400)
  const stale = asked.createdAt < wall - CLAIM_AGE_SECONDS || asked.createdAt > wall + CLAIM_SKEW_SECONDS
  if (stale) return { refused: 'stale' }
  if (asked.newDeviceKnown || wasRefused(asked, rows)) return { refused: 'new-device' }
  if (asked.kind === 'device-moved' && asked.locked) return { refused: 'locked' }
  // Whoever has kappa and the device is the owner, and may change K before a stolen kappa gets through.
  const owner = asked.kind === 'recovery-key' && asked.both
  if (!isRecovery(asked) && !owner && announced.some(isRecovery)) return { refused: 'claim-announced' }
  if (announced.length >= ANNOUNCED_CLAIMS || today.length >= CLAIMS_A_DAY) return { refused: 'too-many' }
  const gives = (row: ClaimRow): boolean =>
    (asked.newDevice !== null && row.newDevice === asked.newDevice) ||
    (isRecovery(asked) && !isRecovery(row) && !(row.kind === 'recovery-key' && row.both))
  return { supersedes: announced.filter(gives).map(({ name }) => name) }
}

/** A move order covers id'_1 alone, so one that was taken back must not come back under another nonce. */
function wasRefused({ kind, newDevice, both }: Asked, rows: readonly ClaimRow[]): boolean {
  if (kind !== 'device-moved' || both) return false
  return rows.some((row) => row.newDevice === newDevice && row.ended === 'vetoed')
}

/** Whether a credential may stop a claim now: `no` for one that is not announced. */
export function mayVeto(
  row: ClaimRow,
  credential: string,
  rows: readonly ClaimRow[],
  clocks: Clocks,
): 'yes' | 'no' | 'protected' | 'spent' {
  if (!isAnnounced(row, clocks)) return 'no'
  if (!isRecovery(row)) return 'yes'
  if (row.secondFactor) return 'protected'
  return hasVeto(credential, rows, clocks) ? 'yes' : 'spent'
}

function hasVeto(credential: string, rows: readonly ClaimRow[], { wall }: Clocks): boolean {
  return !rows.some(
    (row) =>
      row.ended === 'vetoed' &&
      row.vetoedBy === credential &&
      isRecovery(row) &&
      (row.endedAt ?? 0) > wall - VETO_SECONDS,
  )
}

/**
 * Whether a refresh may be prepared: not while a claim for another device is announced. A refresh to a new recovery key
 * under a claim that device and kappa signed goes through.
 */
export function mayRefresh(rows: readonly ClaimRow[], clocks: Clocks, under: string | undefined): boolean {
  const own = rows.find(({ name }) => name === under)
  if (own?.both && own.kind === 'recovery-key' && stateOf(own, clocks).state === 'ready') return true
  return !rows.some((row) => row.newDevice !== null && isAnnounced(row, clocks))
}

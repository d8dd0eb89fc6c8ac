// What does an application see of a claim on its wallet? (SPEC 5.4)

import type { ClaimKind } from '@tercet/wire/claim'
import type { ClaimState } from '@tercet/wire/claim-status'

/** A claim on this wallet, as its node tells it. */
export interface Claimed {
  /** Names the claim, base64url. */
  readonly id: string
  /** `waiting` and `ready` can still be obeyed; the others are over. */
  readonly state: ClaimState
  readonly kind: ClaimKind
  /** base64url of the identity that would take this device's place; null where none would. */
  readonly newDevice: string | null
  /** base64url of the recovery key that would take the place of the present one; null where it stays. */
  readonly newRecoveryKey: string | null
  /** Unix seconds. */
  readonly announcedAt: number
  /** Until it can be obeyed. */
  readonly remainingSeconds: number
}

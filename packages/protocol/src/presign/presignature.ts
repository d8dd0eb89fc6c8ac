// What is a presignature, and what may be seen of it? (SPEC 4.3; held in memory alone)

import type { Point } from '../curve.js'
import type { OneTime } from '../one-time.js'

/**
 * One party's half of a presignature: R, and the shares of phi, k*phi and x*phi. Deviation: attempt, Tr, pair, setup ids,
 * device credential and expiry are not in the box; presigId hashes the first four, and the program keeps what it
 * compares beside the box, where it can read it without opening it.
 */
export interface PresignatureContent {
  readonly presigId: Uint8Array
  readonly keyId: Uint8Array
  readonly epoch: number
  /** X */
  readonly publicKey: Point
  /** R = R_I + R_J */
  readonly r: Point
  readonly phi: bigint
  /** u_i + u_j = k*phi */
  readonly u: bigint
  /** v_i + v_j = x*phi */
  readonly v: bigint
  /** In fresh mode the request that the session is for; undefined in pool mode. */
  readonly reqHash: Uint8Array | undefined
}

export type InitiatorPresignature = OneTime<'InitiatorPresignature', PresignatureContent>
export type ResponderPresignature = OneTime<'ResponderPresignature', PresignatureContent>

// When has an OT setup served long enough? (SPEC 2.4: 2^20 sessions, or 90 days)

/** How long and how often a setup was used. */
export interface SetupAge {
  /** Unix seconds. */
  readonly made: number
  /** Sessions that were begun under it. */
  readonly sessions: number
}

const MAX_SESSIONS = 2 ** 20
const MAX_SECONDS = 90 * 24 * 60 * 60
/** Sessions after which their number is stored: a process that ends before leaves fewer than this uncounted. */
export const STORED_EVERY = 256

/** Of a setup that was made now. */
export function newAge(now: number): SetupAge {
  return { made: now, sessions: 0 }
}

/** Whether the setup is to be made anew before it is used again. */
export function isWornOut({ made, sessions }: SetupAge, now: number): boolean {
  return sessions >= MAX_SESSIONS || now - made >= MAX_SECONDS
}

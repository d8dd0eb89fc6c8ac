// When has a node been caught so often that the pair is locked? (SPEC 3.5)

const DAY_SECONDS = 24 * 60 * 60
const STRIKES_TO_LOCK = 3

/** Whether the pair is locked: for good, only a reshare with the recovery key's holder opens it. */
export function isLocked(strikes: readonly number[] = []): boolean {
  return strikes.length >= STRIKES_TO_LOCK
}

/** The strikes with new ones behind them, unix seconds; those older than a day go, unless they have locked the pair. */
export function withStrikes(before: readonly number[] = [], added: readonly number[]): readonly number[] {
  let strikes = before
  for (const time of added) {
    if (isLocked(strikes)) return strikes
    strikes = [...strikes.filter((earlier) => time - earlier < DAY_SECONDS), time]
  }
  return strikes
}

// Did time jump? Then this may be a resumed or cloned machine, and all one-time state goes. (SPEC 0.5)

/** How far wall clock and monotonic clock may part between two looks, in milliseconds. */
const JUMP_MILLISECONDS = 3_000

/**
 * Returns a look at both clocks, in milliseconds. It is to be called every second and before a message is acted on, so
 * that nothing made before a jump is used after it.
 */
export function createClockWatch(
  wall: () => number,
  monotonic: () => number,
  onJump: () => void,
): () => void {
  let offset = wall() - monotonic()
  return () => {
    const now = wall() - monotonic()
    if (Math.abs(now - offset) > JUMP_MILLISECONDS) onJump()
    offset = now
  }
}

// For how long did the page's thread do nothing else? The longest time between two turns of a timer.

export interface GapWatch {
  /** Ends the watch. The longest gap, in milliseconds. */
  stop(): number
}

const TURN_MS = 5

/** Watches from now on. A gap that is still open when the watch ends counts. */
export function watchGaps(): GapWatch {
  let last = performance.now()
  let longest = 0
  const turn = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }
  const timer = setInterval(turn, TURN_MS)
  return {
    stop: () => {
      turn()
      clearInterval(timer)
      return Math.round(longest)
    },
  }
}

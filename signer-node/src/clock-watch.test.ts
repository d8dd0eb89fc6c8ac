import { expect, test } from 'vitest'
import { createClockWatch } from './clock-watch.js'

test('a jump either way is seen at the next look, once; running and small corrections are none', () => {
  let wall = 1_000_000
  let monotonic = 5
  let jumps = 0
  const look = createClockWatch(
    () => wall,
    () => monotonic,
    () => jumps++,
  )
  for (const [byWall, byMonotonic, seen] of [
    [60_000, 60_000, 0],
    [3_500, 1_000, 0],
    [10_000, 1_000, 1],
    [1_000, 1_000, 1],
    [-10_000, 1_000, 2],
  ] as const) {
    wall += byWall
    monotonic += byMonotonic
    look()
    expect(jumps).toBe(seen)
  }
})

import { expect, test } from 'vitest'
import { createLimiter } from './limiter.js'

test('a name has its limit a window, counted smoothly, and names do not share it', () => {
  let now = 0
  const count = createLimiter(4, 10, () => now)
  for (let n = 0; n < 4; n++) count('a')
  expect(() => count('a')).toThrow('rate-limited')
  count('b')
  now = 11_000
  // 90 % of the window before still counts: 3.6 of 4.
  count('a')
  expect(() => count('a')).toThrow('rate-limited')
  now = 40_000
  for (let n = 0; n < 4; n++) count('a')
  expect(() => count('a')).toThrow('rate-limited')
})

import { randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StartRefused } from './refusal.js'
import { createWrappingKey, readWrappingKey } from './wrapping-key.js'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const path = (): string => join(mkdtempSync(join(tmpdir(), 'tercet-key-')), 'wrapping.key')

test('a key file is its owner alone, and is never overwritten', () => {
  const file = path()
  const key = createWrappingKey(file, random)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readWrappingKey(file)).toEqual(key)
  expect(() => createWrappingKey(file, random)).toThrow(StartRefused)
})

test.each([0o640, 0o604, 0o660, 0o601])('mode %o is refused', (mode) => {
  const file = path()
  createWrappingKey(file, random)
  chmodSync(file, mode)
  expect(() => readWrappingKey(file)).toThrow(/read by others/)
})

test('an absent or foreign file is refused', () => {
  const file = path()
  expect(() => readWrappingKey(file)).toThrow(StartRefused)
  writeFileSync(file, 'tercet-wrapping-key-1:AAAA\n', { mode: 0o600 })
  expect(() => readWrappingKey(file)).toThrow(StartRefused)
})

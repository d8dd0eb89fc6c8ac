import { randomBytes } from 'node:crypto'
import { Malformed } from '@tercet/protocol/errors'
import { expect, test } from 'vitest'
import { createSealer, type Place } from './seal.js'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const key = random(32)
const place: Place = { table: 'shares', row: 'r', keyId: random(32), epoch: 3, purpose: 'share' }
const plain = new TextEncoder().encode('a share')

test('opens at its own place alone', () => {
  const sealer = createSealer(key, random)
  const sealed = sealer.seal(place, plain)
  expect(sealer.open(place, sealed)).toEqual(plain)
  const others: Place[] = [
    { ...place, table: 'ot_setups' },
    { ...place, row: 's' },
    { ...place, keyId: random(32) },
    { ...place, epoch: 4 },
    { ...place, purpose: 'other' },
    { ...place, table: 'share', row: 'sr' },
  ]
  for (const other of others) expect(() => sealer.open(other, sealed)).toThrow(Malformed)
})

test('every flipped bit, truncation and foreign key is refused', () => {
  const sealer = createSealer(key, random)
  const sealed = sealer.seal(place, plain)
  for (let at = 0; at < sealed.length; at++) {
    const changed = sealed.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(() => sealer.open(place, changed)).toThrow(Malformed)
    expect(() => sealer.open(place, sealed.slice(0, at))).toThrow(Malformed)
  }
  expect(() => createSealer(random(32), random).open(place, sealed)).toThrow(Malformed)
})

test('seals the same bytes differently each time, and hides its key', () => {
  const sealer = createSealer(key, random)
  expect(sealer.seal(place, plain)).not.toEqual(sealer.seal(place, plain))
  expect(JSON.stringify(sealer)).toBe('{}')
})

// Does public derivation give the child keys of BIP-32, and of an implementation that is not ours? (SPEC 4.6)

import { readFileSync } from 'node:fs'
import { HDKey } from '@scure/bip32'
import { decodePoint, encodePoint, encodeScalar, mulBase, ORDER } from '@tercet/protocol/curve'
import { derive, type ExtendedKey, formatPath, parsePath } from '@tercet/protocol/derivation'
import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../support/random.js'

interface Step {
  readonly name: string
  readonly parent: string
  readonly path: string
  readonly child: string
}

const { steps } = JSON.parse(readFileSync(new URL('./derivation.json', import.meta.url), 'utf8')) as {
  steps: readonly Step[]
}

const hex = (bytes: Uint8Array | null): string => Buffer.from(bytes ?? []).toString('hex')

function extendedKey(key: HDKey): ExtendedKey {
  const publicKey = decodePoint(key.publicKey ?? new Uint8Array(0), 'publicKey')
  return { publicKey, chainCode: key.chainCode ?? new Uint8Array(0) }
}

function same(derived: ExtendedKey, expected: HDKey): void {
  expect(hex(encodePoint(derived.publicKey))).toBe(hex(expected.publicKey))
  expect(hex(derived.chainCode)).toBe(hex(expected.chainCode))
}

describe('public derivation', () => {
  it.each(steps)('$name', ({ parent, path, child }) => {
    const key = extendedKey(HDKey.fromExtendedKey(parent))
    const derived = derive(key, parsePath(path))
    same(derived, HDKey.fromExtendedKey(child))
    expect(key.publicKey.add(mulBase(derived.tweak.scalar)).equals(derived.publicKey)).toBe(true)
  })

  it('agrees with @scure/bip32 on random keys and paths of up to five levels (seed tercet/derivation)', () => {
    const random = seededRandom('tercet/derivation')
    for (let n = 0; n < 25; n++) {
      const master = HDKey.fromMasterSeed(random(32))
      const levels = Array.from({ length: n % 6 }, () => Buffer.from(random(4)).readUInt32BE() >>> 1)
      const key = extendedKey(master)
      const derived = derive(key, levels)
      const path = formatPath(levels)
      const child = path === 'm' ? master : master.derive(path)
      same(derived, child)
      // The tweak is what the two private keys differ by.
      const [x, childX] = [master, child].map((k) => BigInt(`0x${hex(k.privateKey)}`)) as [bigint, bigint]
      expect(hex(encodeScalar(derived.tweak.scalar))).toBe(hex(encodeScalar((childX - x + ORDER) % ORDER)))
      expect(parsePath(path)).toEqual(levels)
    }
  })

  it.each([
    '',
    'm/',
    'M/0',
    'm/00',
    'm/01',
    "m/0'",
    'm/-1',
    'm/2147483648',
    'm/0/0/0/0/0/0',
    'm/1e3',
    'm/ 1',
    '0/1',
  ])('refuses the path "%s"', (text) => {
    expect(() => parsePath(text)).toThrow(Malformed)
  })

  it('refuses levels that are no child index', () => {
    const key = extendedKey(HDKey.fromMasterSeed(new Uint8Array(32).fill(1)))
    for (const levels of [[-1], [0.5], [2 ** 31], [Number.NaN], [0, 0, 0, 0, 0, 0]])
      expect(() => derive(key, levels)).toThrow(Malformed)
  })
})

// Do points decode and multiply as Wycheproof says, and is every other form of a point or scalar refused? (SPEC 7, row 17; 0.3)

import { readFileSync } from 'node:fs'
import { decodePoint, decodeScalar, encodePoint, encodeScalar, mul, ORDER } from '@tercet/protocol/curve'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { describe, expect, it } from 'vitest'

interface Vector {
  readonly tcId: number
  /** SEC1, uncompressed or compressed, hexadecimal */
  readonly point: string
  readonly private?: string
  /** x of private*point */
  readonly shared?: string
  readonly valid: boolean
}

const { tests } = JSON.parse(readFileSync(new URL('./secp256k1-points.json', import.meta.url), 'utf8')) as {
  tests: readonly Vector[]
}
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** The compressed form that has this x and the parity of this y. */
function compressed(sec1: Uint8Array): Uint8Array {
  if (sec1.length === 33) return sec1
  return Uint8Array.of(2 + ((sec1[64] as number) & 1), ...sec1.subarray(1, 33))
}

describe('Wycheproof points', () => {
  it.each(tests.filter((t) => t.valid))('$tcId decodes and multiplies', (vector) => {
    const bytes = compressed(hex(vector.point))
    const point = decodePoint(bytes, 'point')
    expect(encodePoint(point)).toEqual(bytes)
    const product = encodePoint(mul(point, BigInt(`0x${vector.private}`) % ORDER))
    expect(Buffer.from(product.subarray(1)).toString('hex')).toBe(vector.shared)
    expect(() => decodePoint(hex(vector.point), 'point')).toThrow(Malformed)
  })

  it.each(tests.filter((t) => !t.valid))('$tcId is no point', (vector) => {
    const sec1 = hex(vector.point)
    expect(() => decodePoint(sec1, 'point')).toThrow(new Malformed('point'))
    if (sec1.length === 33) return
    // Some of them have an x that belongs to the curve, with a y that does not; compression heals those.
    const x = BigInt(`0x${vector.point.slice(2, 66)}`)
    const y = BigInt(`0x${vector.point.slice(66)}`)
    const p = 2n ** 256n - 2n ** 32n - 977n
    expect(x < p && y < p && (y * y - x ** 3n - 7n) % p === 0n).toBe(false)
  })
})

describe('forms of a point that are not the one', () => {
  const good = encodePoint(decodePoint(compressed(hex(tests[0]?.point as string)), 'point'))
  const P = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f'
  const forms: readonly (readonly [string, Uint8Array])[] = [
    ['identity, one byte', hex('00')],
    ['identity, 33 bytes', new Uint8Array(33)],
    ['x = 0', hex(`02${'00'.repeat(32)}`)],
    ['x = p', hex(`02${P}`)],
    ['x = p + 1', hex(`02${P.slice(0, -2)}30`)],
    ['x = 2^256 - 1', hex(`03${'ff'.repeat(32)}`)],
    ['not on the curve', hex(`02${'00'.repeat(31)}05`)],
    ['hybrid, even', Uint8Array.of(6, ...good.subarray(1))],
    ['hybrid, odd', Uint8Array.of(7, ...good.subarray(1))],
    ['prefix 00', Uint8Array.of(0, ...good.subarray(1))],
    ['prefix 04 of 33 bytes', Uint8Array.of(4, ...good.subarray(1))],
    ['hybrid, 65 bytes', Uint8Array.of(6, ...hex(tests[0]?.point as string).subarray(1))],
    ['uncompressed', hex(tests[0]?.point as string)],
    ['x alone', good.slice(1)],
    ['one byte short', good.slice(0, -1)],
    ['one byte long', Uint8Array.of(...good, 0)],
    ['nothing', new Uint8Array(0)],
  ]

  it.each(forms)('%s', (_, bytes) => {
    expect(() => decodePoint(bytes, 'point')).toThrow(new Malformed('point'))
  })

  it('every other first byte is refused', () => {
    for (let first = 0; first < 256; first++) {
      const step = () => decodePoint(Uint8Array.of(first, ...good.subarray(1)), 'point')
      if (first === 2 || first === 3) expect(step().is0()).toBe(false)
      else expect(step).toThrow(Malformed)
    }
  })

  it('the identity is never encoded', () => {
    const point = decodePoint(good, 'point')
    expect(() => encodePoint(point.subtract(point))).toThrow(Misuse)
  })
})

describe('forms of a scalar that are not the one', () => {
  const refused: readonly (readonly [string, Uint8Array])[] = [
    ['q', encodeScalar(ORDER)],
    ['q + 1', encodeScalar(ORDER + 1n)],
    ['2^256 - 1', new Uint8Array(32).fill(255)],
    ['31 bytes', new Uint8Array(31).fill(1)],
    ['33 bytes', new Uint8Array(33).fill(1)],
    ['nothing', new Uint8Array(0)],
  ]
  it.each(refused)('%s', (_, bytes) => {
    for (const zero of ['zero-allowed', 'nonzero'] as const)
      expect(() => decodeScalar(bytes, 'scalar', zero)).toThrow(new Malformed('scalar'))
  })

  it('q - 1 is the largest, and zero is allowed only where the caller says so', () => {
    expect(decodeScalar(encodeScalar(ORDER - 1n), 'scalar', 'nonzero')).toBe(ORDER - 1n)
    expect(decodeScalar(new Uint8Array(32), 'scalar', 'zero-allowed')).toBe(0n)
    expect(() => decodeScalar(new Uint8Array(32), 'scalar', 'nonzero')).toThrow(new Malformed('scalar'))
  })

  it('a message never reduces what it reads', () => {
    const body = encodeMessage('sign.res1', { nonce: new Uint8Array(32).fill(1), w: 1n, u: 2n })
    for (const at of [34, 66]) {
      const high = body.slice()
      high.set(encodeScalar(ORDER + 1n), at)
      expect(() => decodeMessage('sign.res1', high)).toThrow(new Malformed(at === 34 ? 'w' : 'u'))
    }
  })
})

// Does a seeded course, keygen to signature, give the same bytes as when it was written down? (SPEC 11)

import { createPublicKey, verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { expect, it } from 'vitest'
import { course } from './course.js'

const file = new URL('./course.json', import.meta.url)
const seed = 'tercet/vectors/course'
const run = course(seed)

// TERCET_WRITE_VECTORS=1 writes the file anew: only for a change of the protocol that is meant.
if (process.env['TERCET_WRITE_VECTORS'] === '1') writeFileSync(file, `${JSON.stringify(run, null, 2)}\n`)
const vector = JSON.parse(readFileSync(file, 'utf8')) as typeof run

it('sends the same messages, byte for byte', () => {
  expect(run.messages).toEqual(vector.messages)
})

it('makes the same key, shares, setups and transcript', () => {
  expect(run.key).toEqual(vector.key)
  expect(run.renewedOtSetupIds).toEqual(vector.renewedOtSetupIds)
})

it('makes the same signatures', () => {
  expect(run.pool).toEqual(vector.pool)
  expect(run.fresh).toEqual(vector.fresh)
})

it('holds shares of one key: any two give X', () => {
  const q = secp256k1.Point.Fn.ORDER
  const s = vector.key.s.map((text) => BigInt(`0x${text}`)) as [bigint, bigint, bigint]
  const half = (q + 1n) / 2n
  const sums = [2n * s[0] - s[1], (3n * s[0] - s[2]) * half, 3n * s[1] - 2n * s[2]]
  for (const x of sums)
    expect(secp256k1.Point.BASE.multiply(((x % q) + q) % q).toHex(true)).toBe(vector.key.X)
})

it('was written with signatures that OpenSSL accepts under the child key', () => {
  for (const signed of [...vector.pool, vector.fresh]) {
    const point = Buffer.from(secp256k1.Point.fromHex(signed.childKey).toBytes(false))
    const [x, y] = [point.subarray(1, 33).toString('base64url'), point.subarray(33).toString('base64url')]
    const key = createPublicKey({ key: { kty: 'EC', crv: 'secp256k1', x, y }, format: 'jwk' })
    const compact = Buffer.from(signed.r + signed.s, 'hex')
    expect(verify('sha256', Buffer.from(signed.request), { key, dsaEncoding: 'ieee-p1363' }, compact)).toBe(
      true,
    )
  }
})

import { createPublicKey, verify as opensslVerify } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { ORDER } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { expect, test } from 'vitest'
import { recoveryIdentity, recoverySigner, signTagged, verifyTagged, verifyWithIdentity } from './identity.js'

const message = new TextEncoder().encode('message')
const signer = (n: number) => recoverySigner(recoveryKeyFromSeed(new Uint8Array(32).fill(n)).kappa)

test('signs with kappa what OpenSSL verifies under K', async () => {
  for (let n = 1; n <= 8; n++) {
    const { publicIdentity, sign } = signer(n)
    expect(publicIdentity).toHaveLength(34)
    expect(publicIdentity[0]).toBe(2)
    const raw = secp256k1.Point.fromBytes(publicIdentity.slice(1)).toBytes(false)
    const part = (from: number) => Buffer.from(raw.subarray(from, from + 32)).toString('base64url')
    const jwk = { kty: 'EC', crv: 'secp256k1', x: part(1), y: part(33) }
    const key = createPublicKey({ key: jwk, format: 'jwk' })
    const signature = await sign(message)
    expect(opensslVerify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    expect(await verifyWithIdentity(publicIdentity, message, signature)).toBe(true)
  }
})

test('another key, another message, a high s and a bad point do not verify', async () => {
  const { publicIdentity, sign } = signer(1)
  const signature = await sign(message)
  expect(await verifyWithIdentity(signer(2).publicIdentity, message, signature)).toBe(false)
  expect(await verifyWithIdentity(publicIdentity, message.slice(1), signature)).toBe(false)
  expect(await verifyWithIdentity(publicIdentity, message, signature.slice(1))).toBe(false)
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
  const high = (ORDER - s).toString(16).padStart(64, '0')
  const malleable = new Uint8Array([...signature.subarray(0, 32), ...Buffer.from(high, 'hex')])
  expect(await verifyWithIdentity(publicIdentity, message, malleable)).toBe(false)
  expect(await verifyWithIdentity(publicIdentity.with(1, 9), message, signature)).toBe(false)
  expect(() => recoveryIdentity(publicIdentity.slice(1).with(0, 9))).toThrow(Malformed)
})

test('signs tagged values like any identity', async () => {
  const identity = signer(3)
  const signature = await signTagged(identity, 'sig/claim', message)
  expect(await verifyTagged(identity.publicIdentity, signature, 'sig/claim', message)).toBe(true)
  expect(await verifyTagged(identity.publicIdentity, signature, 'sig/drill', message)).toBe(false)
})

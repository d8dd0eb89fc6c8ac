import { createPrivateKey, createPublicKey, sign as opensslSign, verify as opensslVerify } from 'node:crypto'
import { p256 } from '@noble/curves/nist.js'
import { Malformed } from '@tercet/protocol/errors'
import { TH } from '@tercet/protocol/transcript'
import { describe, expect, test } from 'vitest'
import {
  decodeIdentity,
  exportIdentity,
  generateIdentity,
  importIdentity,
  signTagged,
  verifyTagged,
  verifyWithIdentity,
} from './identity.js'

const message = new TextEncoder().encode('message')

/** OpenSSL's view of an identity, through an uncompressed JWK. */
function opensslKey(publicIdentity: Uint8Array) {
  const raw = decodeIdentity(publicIdentity, 'x')
  const part = (from: number) => Buffer.from(raw.subarray(from, from + 32)).toString('base64url')
  return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x: part(1), y: part(33) }, format: 'jwk' })
}

describe('identity', () => {
  test('signs what OpenSSL verifies, and verifies what OpenSSL signs', async () => {
    for (let i = 0; i < 8; i++) {
      const identity = await generateIdentity({ extractable: true })
      expect(identity.publicIdentity).toHaveLength(34)
      const signature = await identity.sign(message)
      expect(signature).toHaveLength(64)
      const key = opensslKey(identity.publicIdentity)
      expect(opensslVerify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)

      const pkcs8 = Buffer.from(await exportIdentity(identity))
      const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
      const other = opensslSign('sha256', message, { key: privateKey, dsaEncoding: 'ieee-p1363' })
      expect(await verifyWithIdentity(identity.publicIdentity, message, other)).toBe(true)
    }
  })

  test('keys stay inside unless asked for', async () => {
    const identity = await generateIdentity()
    expect(identity.privateKey.extractable).toBe(false)
    await expect(exportIdentity(identity)).rejects.toThrow()
    const again = await importIdentity(identity)
    expect(await verifyWithIdentity(identity.publicIdentity, message, await again.sign(message))).toBe(true)
  })

  test('comes back from PKCS #8', async () => {
    const identity = await generateIdentity({ extractable: true })
    const pkcs8 = await exportIdentity(identity)
    const again = await importIdentity(pkcs8)
    expect(again.publicIdentity).toEqual(identity.publicIdentity)
    expect(again.privateKey.extractable).toBe(false)
    expect(await verifyWithIdentity(identity.publicIdentity, message, await again.sign(message))).toBe(true)
    expect((await importIdentity(pkcs8, { extractable: true })).privateKey.extractable).toBe(true)
    await expect(importIdentity(pkcs8.slice(1))).rejects.toThrow(Malformed)
    await expect(importIdentity(new Uint8Array())).rejects.toThrow(Malformed)
  })

  test('refuses other signatures, messages and identities', async () => {
    const [mine, theirs] = [await generateIdentity(), await generateIdentity()]
    const signature = await mine.sign(message)
    const verify = (id: Uint8Array, m: Uint8Array, s: Uint8Array) => verifyWithIdentity(id, m, s)
    expect(await verify(mine.publicIdentity, message, signature)).toBe(true)
    expect(await verify(theirs.publicIdentity, message, signature)).toBe(false)
    expect(await verify(mine.publicIdentity, message.slice(1), signature)).toBe(false)
    expect(await verify(mine.publicIdentity, message, signature.slice(1))).toBe(false)
    expect(await verify(mine.publicIdentity, message, new Uint8Array(64))).toBe(false)
    const broken = signature.slice()
    broken[63] = (broken[63] as number) ^ 1
    expect(await verify(mine.publicIdentity, message, broken)).toBe(false)
  })

  test('a malformed identity is false, and named where it is decoded', async () => {
    const { publicIdentity, sign } = await generateIdentity()
    const signature = await sign(message)
    // x of a point that is not on the curve: the smallest one.
    let x = 1n
    const compressed = () => Uint8Array.of(2, ...new Uint8Array(31), Number(x))
    const onCurve = () => {
      try {
        p256.Point.fromBytes(compressed())
        return true
      } catch {
        return false
      }
    }
    while (onCurve()) x++
    const bad = [
      publicIdentity.slice(0, 33),
      Uint8Array.of(...publicIdentity, 0),
      Uint8Array.of(2, ...publicIdentity.slice(1)),
      Uint8Array.of(1, 4, ...publicIdentity.slice(2)),
      Uint8Array.of(1, 2, ...new Uint8Array(32).fill(255)),
      Uint8Array.of(1, ...compressed()),
      new Uint8Array(34),
    ]
    for (const identity of bad) {
      expect(await verifyWithIdentity(identity, message, signature)).toBe(false)
      expect(() => decodeIdentity(identity, 'who')).toThrow(new Malformed('who'))
    }
  })

  test('a tagged signature is over TH(tag, parts) and holds for nothing else', async () => {
    const { publicIdentity, ...identity } = await generateIdentity()
    const keyId = new Uint8Array(32).fill(1)
    const tr = new Uint8Array(32).fill(2)
    const signature = await signTagged({ ...identity, publicIdentity }, 'sig/tr', 'device', keyId, tr)
    expect(await verifyTagged(publicIdentity, signature, 'sig/tr', 'device', keyId, tr)).toBe(true)
    expect(await verifyWithIdentity(publicIdentity, TH('sig/tr', 'device', keyId, tr), signature)).toBe(true)
    expect(await verifyTagged(publicIdentity, signature, 'sig/tr', 'cosigner', keyId, tr)).toBe(false)
    expect(await verifyTagged(publicIdentity, signature, 'sig/tr', 'device', tr, keyId)).toBe(false)
    expect(await verifyTagged(publicIdentity, signature, 'sig/active', 'device', keyId, tr)).toBe(false)
  })
})

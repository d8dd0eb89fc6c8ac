// Is a signature right, in the eyes of three implementations that are not ours?

import { createPublicKey, verify } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint, encodeScalar, ORDER, type Point } from '@tercet/protocol/curve'
import type { Signature } from '@tercet/protocol/sign'
import * as libsecp256k1 from 'tiny-secp256k1'
import { sha256 } from './hash.js'

/** What each judge objects to in a signature on SHA-256(message); nothing if all agree that it is right. */
export function faults(publicKey: Point, message: Uint8Array, signature: Signature): string[] {
  const { r, s, recoveryId } = signature
  const compact = new Uint8Array([...encodeScalar(r), ...encodeScalar(s)])
  const digest = sha256(message)
  const key = encodePoint(publicKey)
  const found: string[] = []
  if (r <= 0n || r >= ORDER || s <= 0n) found.push('range')
  if (s > ORDER / 2n) found.push('high s')
  if (!secp256k1.verify(compact, digest, key, { prehash: false, lowS: true })) found.push('noble')
  if (!openssl(publicKey, message, compact)) found.push('OpenSSL')
  if (!libsecp256k1.verify(digest, key, compact, true)) found.push('libsecp256k1')
  const recovered = libsecp256k1.recover(digest, compact, recoveryId, true)
  if (recovered === null || !Buffer.from(recovered).equals(key)) found.push('recovery id')
  return found
}

function openssl(publicKey: Point, message: Uint8Array, compact: Uint8Array): boolean {
  const uncompressed = Buffer.from(publicKey.toBytes(false))
  const jwk = {
    kty: 'EC',
    crv: 'secp256k1',
    x: uncompressed.subarray(1, 33).toString('base64url'),
    y: uncompressed.subarray(33).toString('base64url'),
  }
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, compact)
}

// What does one signature cost when one key makes it? The first yardstick, and the judge of every other signature.

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint } from '@tercet/protocol/curve'
import { cpuMilliseconds } from './measure.js'
import { type Made, random } from './protocol.js'

/** Signatures per measurement: one alone is too short for the clock. */
const BLOCK = 10

/** Keeps one secret key and signs fresh digests with it; returns CPU milliseconds a signature. */
export function plainSigner(): () => number {
  const secretKey = secp256k1.utils.randomSecretKey()
  return () => {
    const digests = Array.from({ length: BLOCK }, () => random(32))
    const begun = cpuMilliseconds()
    for (const digest of digests) secp256k1.sign(digest, secretKey, { prehash: false })
    return (cpuMilliseconds() - begun) / BLOCK
  }
}

/** @throws Error when a measured signature is not one */
export function assertVerifies({ signature, publicKey, digest }: Made): void {
  const compact = new secp256k1.Signature(signature.r, signature.s).toBytes('compact')
  if (!secp256k1.verify(compact, digest, encodePoint(publicKey), { prehash: false, lowS: true }))
    throw new Error('a measured signature does not verify')
}

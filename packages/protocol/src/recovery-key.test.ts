// Is a recovery key bound to its owner, and a seed to one key? (SPEC 1.1)

import { hkdfSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { encodePoint, G, IDENTITY, mulBase, ORDER, randomScalar } from './curve.js'
import { proveDiscreteLog, verifyDiscreteLog } from './proofs/discrete-log.js'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed, verifyRecoveryKey } from './recovery-key.js'
import { seededRandom } from './testing/seeded-random.js'
import { integer, TH } from './transcript.js'

const SEED = 'recovery-key'
const random = seededRandom(SEED)
const idD = random(34)
const owner = ownerOf(idD)
const kappa = randomScalar(random)
const K = mulBase(kappa)

describe(`recovery key (seed ${SEED})`, () => {
  const proof = proveRecoveryKey(kappa, owner, random)

  it('registers for its owner', () => {
    expect(owner).toEqual(TH('owner', idD))
    expect(verifyRecoveryKey(K, owner, proof)).toBe(true)
    expect(verifyDiscreteLog(TH('reg', encodePoint(K), owner), 200, K, proof)).toBe(true)
  })

  it('is refused for another owner, key or purpose', () => {
    expect(verifyRecoveryKey(K, ownerOf(random(34)), proof)).toBe(false)
    expect(verifyRecoveryKey(K.add(G), owner, proof)).toBe(false)
    expect(verifyRecoveryKey(IDENTITY, owner, proof)).toBe(false)
    const other = proveDiscreteLog(TH('reg', encodePoint(K), owner), 201, kappa, K, random)
    expect(verifyRecoveryKey(K, owner, other)).toBe(false)
  })

  it('names a proof that is not an encoding', () => {
    expect(() => verifyRecoveryKey(K, owner, proof.slice(1))).toThrow(
      expect.objectContaining({ code: 'malformed', field: 'proof' }),
    )
  })

  it('comes from a seed by HKDF with its own tag', () => {
    const seed = random(32)
    const wide = new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), 'mpc/v1/recovery-key', 48))
    const pair = recoveryKeyFromSeed(seed)
    expect(pair.kappa).toBe((integer(wide) % (ORDER - 1n)) + 1n)
    expect(pair.publicKey.equals(mulBase(pair.kappa))).toBe(true)
    expect(recoveryKeyFromSeed(random(32)).kappa).not.toBe(pair.kappa)
    for (const length of [0, 16, 31, 33])
      expect(() => recoveryKeyFromSeed(new Uint8Array(length))).toThrow('32 bytes')
  })
})

// Does a Schnorr proof hold for its own statement and for no other? (SPEC 1.4, attacks 6 and 17)

import { describe, expect, it } from 'vitest'
import { encodePoint, encodeScalar, G, IDENTITY, mod, mulBase, ORDER, randomScalar } from '../curve.js'
import { Malformed } from '../errors.js'
import { seededRandom } from '../testing/seeded-random.js'
import { HS, u32be } from '../transcript.js'
import { DISCRETE_LOG_PROOF_BYTES, proveDiscreteLog, verifyDiscreteLog } from './discrete-log.js'

const SEED = 'discrete-log'
const random = seededRandom(SEED)
const context = random(32)
const x = randomScalar(random)
const X = mulBase(x)
const proof = proveDiscreteLog(context, 10, x, X, random)

describe(`proof of knowledge (seed ${SEED})`, () => {
  it('verifies, is 65 bytes, and is fresh each time', () => {
    expect(proof.length).toBe(DISCRETE_LOG_PROOF_BYTES)
    expect(proof.length).toBe(65)
    expect(verifyDiscreteLog(context, 10, X, proof)).toBe(true)
    expect(proveDiscreteLog(context, 10, x, X, random)).not.toEqual(proof)
  })

  it('is z = k + c*x with the challenge over context, id, X and R', () => {
    const seed = 'formula'
    const k = randomScalar(seededRandom(seed))
    const R = mulBase(k)
    const c = HS('pok', context, u32be(11), encodePoint(X), encodePoint(R))
    const expected = new Uint8Array([...encodePoint(R), ...encodeScalar(mod(k + c * x))])
    expect(proveDiscreteLog(context, 11, x, X, seededRandom(seed))).toEqual(expected)
  })

  it('is refused for another context, id or point', () => {
    expect(verifyDiscreteLog(flip(context, 0), 10, X, proof)).toBe(false)
    expect(verifyDiscreteLog(context.slice(1), 10, X, proof)).toBe(false)
    expect(verifyDiscreteLog(context, 11, X, proof)).toBe(false)
    expect(verifyDiscreteLog(context, 10, X.add(G), proof)).toBe(false)
    expect(verifyDiscreteLog(context, 10, X.negate(), proof)).toBe(false)
  })

  it('proves nothing about the identity, for which anybody could answer', () => {
    const k = randomScalar(random)
    const forged = new Uint8Array([...encodePoint(mulBase(k)), ...encodeScalar(k)])
    expect(verifyDiscreteLog(context, 10, IDENTITY, forged)).toBe(false)
  })

  it('is refused or malformed with any one byte changed', () => {
    for (let i = 0; i < proof.length; i++) {
      let accepted = false
      try {
        accepted = verifyDiscreteLog(context, 10, X, flip(proof, i))
      } catch (error) {
        expect(error).toBeInstanceOf(Malformed)
      }
      expect(accepted, `byte ${i}`).toBe(false)
    }
  })

  it('refuses R and z that are not encodings', () => {
    const z = proof.slice(33)
    const R = proof.slice(0, 33)
    const bad = [
      new Uint8Array(0),
      proof.slice(1),
      new Uint8Array([...proof, 0]),
      new Uint8Array([...R, ...encodeScalar(ORDER)]),
      new Uint8Array([...R, ...new Uint8Array(32).fill(255)]),
      new Uint8Array([0, ...R.slice(1), ...z]),
      new Uint8Array([4, ...R.slice(1), ...z]),
      new Uint8Array([2, ...new Uint8Array(32).fill(255), ...z]),
      new Uint8Array([...new Uint8Array(33), ...z]),
    ]
    for (const bytes of bad) {
      expect(() => verifyDiscreteLog(context, 10, X, bytes)).toThrow(
        expect.objectContaining({ code: 'malformed', field: 'proof' }),
      )
    }
  })

  it('takes z = 0 for a scalar: wrong here, not malformed', () => {
    expect(
      verifyDiscreteLog(context, 10, X, new Uint8Array([...proof.slice(0, 33), ...new Uint8Array(32)])),
    ).toBe(false)
  })
})

function flip(bytes: Uint8Array, i: number): Uint8Array {
  return bytes.map((byte, at) => (at === i ? byte ^ 1 : byte))
}

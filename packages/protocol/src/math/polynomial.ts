// How do two shares make the key? (SPEC 0.1)

import { invertPublic, mod } from '../curve.js'
import type { Party } from '../party.js'

/** `lam(i,j) = j / (j - i) mod q`: the Lagrange coefficient of party i in the signing pair {i, j}. */
export function lagrange(i: Party, j: Party): bigint {
  return mod(BigInt(j) * invertPublic(mod(BigInt(j - i))))
}

/** `a0 + a1*z mod q`. */
export function evaluate(a0: bigint, a1: bigint, z: Party): bigint {
  return mod(a0 + a1 * BigInt(z))
}

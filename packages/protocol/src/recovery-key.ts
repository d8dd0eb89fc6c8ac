// Where does the recovery key come from, and how does its owner prove that it exists? (SPEC 1.1)

import { hkdf } from '@noble/hashes/hkdf.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { concat } from './bytes.js'
import { encodePoint, mulBase, ORDER, type Point } from './curve.js'
import { Misuse } from './errors.js'
import { proveDiscreteLog, verifyDiscreteLog } from './proofs/discrete-log.js'
import type { Random } from './random.js'
import { integer, TH } from './transcript.js'

const REGISTRATION = 200
const SEED_BYTES = 32
const SEED_INFO = utf8ToBytes('mpc/v1/recovery-key')

/** `TH("owner", idD)`: the device that a recovery key is registered for, 32 bytes. */
export function ownerOf(idD: Uint8Array): Uint8Array {
  return TH('owner', idD)
}

/** idV = 0x02 || K, 34 bytes: the identity of party 3, which signs with kappa. (SPEC 0.4) */
export function recoveryIdentityOf(recoveryKey: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(2), recoveryKey)
}

/** The registration proof (65 bytes): its maker knows `kappa` with `K = kappa*G`, and means it for this owner. */
export function proveRecoveryKey(kappa: bigint, owner: Uint8Array, random: Random): Uint8Array {
  const K = mulBase(kappa)
  return proveDiscreteLog(registration(K, owner), REGISTRATION, kappa, K, random)
}

/**
 * Whether the registration proof holds for K and this owner. Both dealers check it before they pin K.
 * @throws Malformed naming `proof` when it is not an encoding
 */
export function verifyRecoveryKey(K: Point, owner: Uint8Array, proof: Uint8Array): boolean {
  return !K.is0() && verifyDiscreteLog(registration(K, owner), REGISTRATION, K, proof)
}

/** The recovery key pair of a 32-byte uniform seed: HKDF-SHA256 to 384 bits, modulo q - 1, plus one. */
export function recoveryKeyFromSeed(seed: Uint8Array): { kappa: bigint; publicKey: Point } {
  if (seed.length !== SEED_BYTES) throw new Misuse('a recovery seed is 32 bytes')
  const kappa = (integer(hkdf(sha256, seed, undefined, SEED_INFO, 48)) % (ORDER - 1n)) + 1n
  return { kappa, publicKey: mulBase(kappa) }
}

function registration(K: Point, owner: Uint8Array): Uint8Array {
  return TH('reg', encodePoint(K), owner)
}

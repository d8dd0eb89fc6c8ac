// How is the key put together from the shares of device and recovery party, for a user who leaves for good? (SPEC 5.6)

import { concat, equalBytes } from './bytes.js'
import { decodeScalar, encodePoint, encodeScalar, mod, mulBase } from './curve.js'
import type { Tweak } from './derivation.js'
import { Misuse, ProtocolAbort } from './errors.js'
import type { KeyShare } from './key-share.js'
import { lagrange } from './math/polynomial.js'
import { box, type OneTime, take } from './one-time.js'
import { DEVICE, RECOVERY } from './party.js'
import type { Random } from './random.js'
import { newSealKey, type SealContext, seal, unseal } from './seal.js'
import { expose } from './secret.js'
import { TH } from './transcript.js'

/** The session in which a share changes hands. */
export interface Assembly {
  /** idD, 34 bytes */
  readonly device: Uint8Array
  /** idV, 34 bytes */
  readonly recovery: Uint8Array
  /** Names the session over the link, 16 bytes. */
  readonly session: Uint8Array
}

export type AssemblyOpened = OneTime<'assemble.Opened', ReturnType<typeof newSealKey>>

/** Recovery party: a fresh key for this session, to which the device seals its share. 32 bytes to send. */
export function open(random: Random): { state: AssemblyOpened; send: Uint8Array } {
  const key = newSealKey(random)
  return { state: box('assemble.Opened', key), send: key.publicKey.slice() }
}

/**
 * Device: its share, sealed to the recovery party's key. Whoever calls this has stored before that the key is exposed.
 * @throws ProtocolAbort `seal` when the key is of low order
 */
export function sealShare(
  share: KeyShare,
  assembly: Assembly,
  peerKey: Uint8Array,
  random: Random,
): Uint8Array {
  if (share.party !== DEVICE) throw new Misuse('assemble: not the share of the device')
  const secret = encodeScalar(expose(share.secretShare))
  return seal({ ...contextOf(assembly), peerKey }, secret, random)
}

/**
 * Recovery party: the private key of the tweaked public key, 32 bytes. Both shares meet here, and x*G is X.
 * @throws ProtocolAbort `seal`, `sub-share`; Malformed
 */
export function assemble(
  state: AssemblyOpened,
  share: KeyShare,
  assembly: Assembly,
  sealed: Uint8Array,
  tweak: Tweak,
): Uint8Array {
  const key = take(state, 'assemble.Opened')
  if (share.party !== RECOVERY) throw new Misuse('assemble: not the share of the recovery party')
  const theirs = decodeScalar(unseal({ ...contextOf(assembly), ...key }, sealed), 'secretShare', 'nonzero')
  const x = mod(lagrange(DEVICE, RECOVERY) * theirs + lagrange(RECOVERY, DEVICE) * expose(share.secretShare))
  if (x === 0n || !equalBytes(encodePoint(mulBase(x)), encodePoint(share.publicKey)))
    throw new ProtocolAbort('sub-share')
  const child = mod(x + tweak.scalar)
  if (child === 0n) throw new ProtocolAbort('keygen-identity')
  return concat(encodeScalar(child))
}

function contextOf({ device, recovery, session }: Assembly): SealContext {
  return {
    from: device,
    to: recovery,
    sessionId: TH('link', session),
    step: 3,
    direction: 'req',
    field: 'secretShare',
  }
}

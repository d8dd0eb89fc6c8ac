// Which recovery key does a test register where no recovery process takes part?
import type { Recovery, RecoveryRegistration } from '@tercet/client'
import { encodePoint, mulBase, randomScalar } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { fromBase64url } from '@tercet/wire/base64url'

/** A recovery key whose secret the test has. */
export interface TestRecoveryKey {
  readonly kappa: bigint
  /** 33 bytes */
  readonly publicKey: Uint8Array
  /** For a device, by its identity in base64url. */
  registration(identity: string): RecoveryRegistration
}

export function newRecoveryKey(random: Random): TestRecoveryKey {
  const kappa = randomScalar(random)
  const publicKey = encodePoint(mulBase(kappa))
  return {
    kappa,
    publicKey,
    registration: (identity) => ({
      publicKey,
      proof: proveRecoveryKey(kappa, ownerOf(fromBase64url(identity, 'identity', 34)), random),
    }),
  }
}

/** A recovery key of its own, proved for whatever device asks. */
export function someRecovery(random: Random): Recovery {
  const { registration } = newRecoveryKey(random)
  return ({ identity }) => registration(identity)
}

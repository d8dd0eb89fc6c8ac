// Which recovery key does a test register where no recovery process takes part?
import type { Recovery } from '@tercet/client'
import { encodePoint, mulBase, randomScalar } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { fromBase64url } from '@tercet/wire/base64url'

/** A recovery key of its own, proved for whatever device asks. */
export function someRecovery(random: Random): Recovery {
  const kappa = randomScalar(random)
  return ({ identity }) => ({
    publicKey: encodePoint(mulBase(kappa)),
    proof: proveRecoveryKey(kappa, ownerOf(fromBase64url(identity, 'identity', 34)), random),
  })
}

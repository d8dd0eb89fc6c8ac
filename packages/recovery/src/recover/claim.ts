// How is a recovery claimed, and how far is it? The node announces it, waits, and hears the old device. (SPEC 5.4)

import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { toBase64url } from '@tercet/wire/base64url'
import {
  type Claim,
  claimHash,
  decodeClaim,
  encodeClaim,
  encodeClaimRequest,
  signClaim,
} from '@tercet/wire/claim'
import { type ClaimStatus, decodeClaimStatus } from '@tercet/wire/claim-status'
import type { Identity } from '@tercet/wire/identity'
import { Refused } from '../exit.js'
import { tell } from '../terminal.js'
import type { NodeClient } from './node-client.js'

export interface ClaimOptions {
  readonly walletId: string
  readonly kind: 'device-lost' | 'suspected-theft'
  /** id'_1, 34 bytes */
  readonly newDevice: Uint8Array
  /** K', 33 bytes, where it changes */
  readonly newRecoveryKey: Uint8Array | null
}

/** The canonical bytes of a new claim. */
export function newClaim({ walletId, kind, newDevice, newRecoveryKey }: ClaimOptions): Uint8Array {
  const nonce = new Uint8Array(randomBytes(32))
  const createdAt = Math.floor(Date.now() / 1000)
  return encodeClaim({ version: 1, walletId, kind, newDevice, newRecoveryKey, nonce, createdAt })
}

/** Whether an earlier run claimed the same. */
export function isSameClaim(
  bytes: Uint8Array,
  { walletId, newDevice, newRecoveryKey }: ClaimOptions,
): boolean {
  const claim = decodeClaim(bytes)
  const text = (value: Uint8Array | null) => (value === null ? '' : toBase64url(value))
  return (
    claim.walletId === walletId &&
    text(claim.newDevice) === text(newDevice) &&
    text(claim.newRecoveryKey) === text(newRecoveryKey)
  )
}

/** Makes the claim at the node, or asks how far it is: the same claim may be made as often as one likes. @throws NodeError */
export async function postClaim(client: NodeClient, identity: Identity, claim: Claim): Promise<ClaimStatus> {
  const recovery = await signClaim(identity, claim)
  const body = encodeClaimRequest({ claim, authorities: { recovery } })
  const status = decodeClaimStatus(await client.ask('claims.post', body))
  if (toBase64url(status.claimHash) !== toBase64url(claimHash(claim)))
    throw new Refused('failed', 'the node answered with another claim', { reason: 'mismatch' })
  return status
}

/**
 * The status of a claim that is ready. While the delay runs, this waits where it is asked to, and else ends the run.
 * @throws Refused `waiting`, or `failed` for a claim that has come to nothing
 */
export async function readyClaim(
  client: NodeClient,
  identity: Identity,
  claim: Claim,
  stay: boolean,
): Promise<ClaimStatus> {
  for (;;) {
    const status = await postClaim(client, identity, claim)
    switch (status.state) {
      case 'ready':
        return status
      case 'waiting': {
        const until = new Date(Date.now() + status.remainingSeconds * 1000).toISOString()
        if (!stay)
          throw new Refused('waiting', `announced; the delay ends at ${until}: run this again then`, {
            reason: 'waiting',
            remainingSeconds: status.remainingSeconds,
            claim: toBase64url(status.claimHash),
          })
        tell(`announced; the delay ends at ${until}`)
        await sleep(Math.min(Math.max(status.remainingSeconds, 1), 30) * 1000)
        break
      }
      default:
        throw new Refused('failed', ENDED[status.state], { reason: status.state })
    }
  }
}

const ENDED = {
  done: 'this recovery is done already; the node serves the new device',
  vetoed: 'the old device has vetoed this recovery',
  superseded: 'another recovery of this wallet has won',
  expired: 'this claim was ready for too long: begin anew with another --state file',
} as const

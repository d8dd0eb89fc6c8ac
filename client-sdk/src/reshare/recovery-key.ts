// How does a wallet get another recovery key: a claim first, then a refresh that deals to the new key? (SPEC 5.1, 5.4)

import { toBase64url } from '@tercet/wire/base64url'
import {
  type Claim,
  type ClaimRequest,
  claimHash,
  decodeClaimRequest,
  encodeClaim,
  encodeClaimRequest,
  signAsDevice,
} from '@tercet/wire/claim'
import type { Claimed } from '../claimed.js'
import { claimedOf, decodeStatus } from '../claims.js'
import { TercetError } from '../errors.js'
import { type RecoveryRegistration, registerRecovery } from '../keygen.js'
import { namesOf } from '../kits.js'
import type { Live } from '../live.js'
import { keyOf, read, reading, write } from '../record-format.js'
import { type RefreshOptions, refresh } from './refresh.js'

export interface RecoveryKeyOptions extends RecoveryRegistration, RefreshOptions {
  /**
   * Signs the claim with the present recovery key: 64 bytes over `TH("sig/claim", hash)`. Without it, because that key
   * is lost, the change waits for the wallet's delay.
   */
  readonly authority?: (claim: {
    /** What is asked, canonical. */
    readonly document: Uint8Array
    /** 32 bytes */
    readonly hash: Uint8Array
  }) => Promise<Uint8Array> | Uint8Array
}

const NOTHING = new Uint8Array(0)

/** `waiting`: call again, with the same key, once the claim is ready. */
export type RecoveryKeyChanged =
  | { readonly state: 'changed' }
  | { readonly state: 'waiting'; readonly claim: Claimed }

/** Moves the wallet to another recovery key, or claims to. The old key opens nothing of the new epoch. @throws TercetError */
export async function changeRecoveryKey(
  live: Live,
  options: RecoveryKeyOptions,
): Promise<RecoveryKeyChanged> {
  const { identity } = live.channel.options
  const { publicKey, proof } = await registerRecovery(options, identity)
  await live.catchUp()
  if (isPresent(live, publicKey)) return changed(live)
  const request = await claimFor(live, publicKey, options)
  const hash = claimHash(request.claim)
  await write(live.storage, live.walletId, { claim: encodeClaimRequest(request) })
  const body = encodeClaimRequest(request)
  const answer = await live.channel.ask('claims.post', namesOf(live), body, options.signal)
  const status = decodeStatus(answer, hash)
  switch (status.state) {
    case 'waiting':
      return { state: 'waiting', claim: claimedOf(live, status) }
    case 'ready':
    case 'done':
      await refresh(live, options, { recoveryKey: publicKey, recoveryProof: proof, authorisation: hash })
      return changed(live)
    default:
      await forget(live)
      throw new TercetError('denied', {
        field: status.state,
        message: `The claim of a new recovery key is over (${status.state}); nothing was changed.`,
      })
  }
}

/**
 * The claim of this key that was made before; a new one where there is none, or where the present key agrees now: a claim
 * has the authority that it was announced with.
 */
async function claimFor(
  live: Live,
  newRecoveryKey: Uint8Array,
  { authority }: RecoveryKeyOptions,
): Promise<ClaimRequest> {
  const before = await storedClaim(live)
  const same =
    before !== undefined &&
    toBase64url(before.claim.newRecoveryKey ?? NOTHING) === toBase64url(newRecoveryKey)
  if (same && (authority === undefined || before.authorities.recovery !== undefined)) return before
  const { identity, random, clock } = live.channel.options
  const claim: Claim = {
    version: 1,
    walletId: live.walletId,
    kind: 'recovery-key',
    newDevice: null,
    newRecoveryKey,
    nonce: random(32),
    createdAt: Math.floor(clock() / 1000),
  }
  const device = await signAsDevice(identity, claim)
  const recovery = await authority?.({ document: encodeClaim(claim), hash: claimHash(claim) })
  return { claim, authorities: recovery === undefined ? { device } : { device, recovery } }
}

async function storedClaim({ storage, walletId }: Live): Promise<ClaimRequest | undefined> {
  const bytes = await read(storage, walletId, 'claim')
  return bytes && reading(() => decodeClaimRequest(bytes))
}

function isPresent({ records }: Live, recoveryKey: Uint8Array): boolean {
  return toBase64url(records.kit.record.sidInputs.recoveryKey) === toBase64url(recoveryKey)
}

async function changed(live: Live): Promise<RecoveryKeyChanged> {
  await forget(live)
  return { state: 'changed' }
}

/** The claim is done with. One that stays is recognised as such. */
async function forget({ storage, walletId }: Live): Promise<void> {
  await storage.delete([keyOf(walletId, 'claim')]).catch(() => undefined)
}

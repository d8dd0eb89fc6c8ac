// Who asks to take over this wallet, and how does its device say no? (SPEC 5.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { claimHash, decodeClaimRequest } from '@tercet/wire/claim'
import {
  type ClaimStatus,
  decodeClaimList,
  decodeClaimStatus,
  encodeVeto,
  signVeto,
} from '@tercet/wire/claim-status'
import type { Claimed } from './claimed.js'
import { TercetError } from './errors.js'
import type { WalletEvents } from './events.js'
import { namesOf } from './kits.js'
import type { Live } from './live.js'
import { read } from './record-format.js'

/** The newest claims on the wallet, the newest first. @throws TercetError */
export async function listClaims(live: Live, signal?: AbortSignal): Promise<Claimed[]> {
  const answer = await live.channel.ask('claims.list', namesOf(live), undefined, signal)
  return decoded(() => decodeClaimList(answer)).map((status) => claimedOf(live, status))
}

/** Stops a claim. A device has one veto in 30 days. @throws TercetError */
export async function vetoClaim(live: Live, id: string, signal?: AbortSignal): Promise<Claimed> {
  const hash = fromBase64url(id, 'claim', 32)
  const body = encodeVeto(await signVeto(live.channel.options.identity, hash))
  const names = { ...namesOf(live), claimHash: id }
  const answer = await live.channel.ask('claims.veto', names, body, signal)
  return claimedOf(live, decodeStatus(answer, hash))
}

/** The node's word on one claim. @throws TercetError `peer-fault` */
export function decodeStatus(answer: Uint8Array, hash: Uint8Array): ClaimStatus {
  const status = decoded(() => decodeClaimStatus(answer))
  if (!equalBytes(claimHash(status.claim), hash)) throw new TercetError('peer-fault', { incident: 'claim' })
  return status
}

/** @throws TercetError `peer-fault` when the claim is not on this wallet, or not the one that it is called */
export function claimedOf(live: Live, status: ClaimStatus): Claimed {
  const { claim, state, announcedAt, remainingSeconds } = status
  const hash = claimHash(claim)
  if (claim.walletId !== live.walletId || !equalBytes(hash, status.claimHash))
    throw new TercetError('peer-fault', { incident: 'claim' })
  const { kind, newDevice, newRecoveryKey } = claim
  return {
    id: toBase64url(hash),
    state,
    kind,
    newDevice: newDevice && toBase64url(newDevice),
    newRecoveryKey: newRecoveryKey && toBase64url(newRecoveryKey),
    announcedAt,
    remainingSeconds,
  }
}

/** What is known of claims that others have announced, by the wallet that knows it. */
const KNOWN = new WeakMap<Live, readonly Claimed[]>()

/** Asks for the claims that a notice is about, and tells of those that are new. */
export async function heedNotice(live: Live): Promise<void> {
  const own = await ownClaim(live)
  const known = KNOWN.get(live) ?? []
  const claims = (await listClaims(live, live.stopped)).filter(
    ({ state, id }) => (state === 'waiting' || state === 'ready') && id !== own,
  )
  KNOWN.set(live, claims)
  if (claims.some(({ id }) => !known.some((before) => before.id === id)))
    live.events.emit('recovery-claimed', { claims })
}

/** The announced claims that are known already, for who listens later. */
export async function knownClaims(live: Live): Promise<WalletEvents['recovery-claimed'] | undefined> {
  const claims = KNOWN.get(live) ?? []
  return claims.length === 0 ? undefined : { claims }
}

/** The claim that this device has made itself. */
async function ownClaim({ storage, walletId }: Live): Promise<string | undefined> {
  const bytes = await read(storage, walletId, 'claim')
  return bytes && toBase64url(claimHash(decodeClaimRequest(bytes).claim))
}

function decoded<T>(decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    const incident = error instanceof Malformed ? `malformed ${error.field}` : 'claim'
    throw new TercetError('peer-fault', { incident, cause: error })
  }
}

// What does the node answer to who claims, asks and vetoes? (SPEC 5.4; invariant I18)

import { equalBytes } from '@tercet/protocol/bytes'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { authorisedBy, claimHash, decodeClaimRequest, type Signatories } from '@tercet/wire/claim'
import {
  type ClaimStatus,
  decodeVeto,
  encodeClaimList,
  encodeClaimStatus,
  MAX_LISTED_CLAIMS,
  verifyVeto,
} from '@tercet/wire/claim-status'
import { DOCUMENT_CONTENT_TYPE } from '@tercet/wire/endpoints'
import { recoveryIdentity } from '@tercet/wire/identity'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import { assertSessionId, type Incoming } from '../steps.js'
import type { KeyState } from '../store/key-state.js'
import { recordNonce } from '../store/nonces.js'
import type { Tx } from '../store/open.js'
import { claimOf, findClaim, recoveryOf } from './changes.js'
import type { Claims } from './claims.js'
import { createSourceLimiter } from './source-limiter.js'
import { type ClaimRow, type Clocks, stateOf } from './state.js'

/** Wrong claims from one network in an hour, before they are told `rate-limited` instead of `denied`. */
const WRONG_CLAIMS = 10

export function createClaimHandlers(node: Node, claims: Claims) {
  const { store } = node
  const countWrong = createSourceLimiter(WRONG_CLAIMS, 3600, node.clock.monotonic)

  /** A wrong claim changes nothing. A right one from the same network still gets through. */
  function refuseWrong(source: string): never {
    node.metrics.wrongClaims.inc()
    countWrong(source)
    throw new Refusal('denied')
  }

  const nonceOf = ({ auth }: Incoming) => {
    return (tx: Tx): Promise<void> => recordNonce(tx, auth.identity, auth.nonce, auth.created)
  }

  /** A wallet that does not exist here looks like one whose signatories are others. */
  async function post(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const request = decodeClaimRequest(incoming.body)
    const hash = claimHash(request.claim)
    const state = await servedState(node, keyId)
    const authorisation = await authorisedBy(request, signatoriesOf(state, node.identity.publicIdentity))
    const { walletId, newDevice } = request.claim
    const concerned = state !== undefined && isConcerned(state, newDevice, incoming.auth.identity)
    if (authorisation === undefined || walletId !== wallet || !concerned) return refuseWrong(incoming.source)
    await claims.post(keyId, request.claim, hash, authorisation, nonceOf(incoming))
    return status(keyId, hash)
  }

  async function status(keyId: Uint8Array, hash: Uint8Array): Promise<Reply> {
    return document(
      await store.read(async (db) => {
        const state = await store.states.require(db, keyId)
        const row = findClaim(state, hash)
        if (row === undefined) throw new Refusal('not-found')
        return encodeClaimStatus(statusOf(row, state, await claims.clocksOf(db)))
      }),
    )
  }

  /** The claims that this caller may see: device and recovery party every one, a new device those that name it. */
  async function visible(
    keyId: Uint8Array,
    caller: Uint8Array,
  ): Promise<{ state: KeyState; rows: ClaimRow[] }> {
    await claims.tick()
    const state = await servedState(node, keyId)
    if (state === undefined) throw new Refusal('not-found')
    const name = toBase64url(caller)
    const own = isConcerned(state, null, caller)
    const rows = state.claims.claims.filter(({ newDevice }) => own || newDevice === name)
    if (!own && rows.length === 0) throw new Refusal('not-found')
    return { state, rows }
  }

  async function list(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const { state, rows } = await visible(keyId, incoming.auth.identity)
    const clocks = await store.read(claims.clocksOf)
    const newest = rows.slice(-MAX_LISTED_CLAIMS).reverse()
    return document(encodeClaimList(newest.map((row) => statusOf(row, state, clocks))))
  }

  async function get(incoming: Incoming, wallet: string, name: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const hash = bytesOf(name)
    const { rows } = await visible(keyId, incoming.auth.identity)
    if (!rows.some((row) => row.name === toBase64url(hash))) throw new Refusal('not-found')
    return status(keyId, hash)
  }

  async function veto(incoming: Incoming, wallet: string, name: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const hash = bytesOf(name)
    const signature = decodeVeto(incoming.body)
    const { identity } = incoming.auth
    const state = await servedState(node, keyId)
    if (!devicesOf(state).some((device) => equalBytes(device, identity))) throw new Refusal('not-found')
    if (!(await verifyVeto(identity, hash, signature))) throw new Refusal('denied', { field: 'signature' })
    await claims.stop(keyId, hash, toBase64url(identity), nonceOf(incoming))
    return status(keyId, hash)
  }

  return { post, list, get, veto }
}

/** The checks that every request for a wallet's documents begins with, whoever sends it. @throws Refusal */
export function openingOf(
  node: Node,
  incoming: Incoming,
  wallet: string,
  opType: 'control' | 'reshare' = 'control',
): Uint8Array {
  const keyId = bytesOf(wallet)
  assertSessionId(node, incoming, opType, incoming.auth.nonce)
  if (!equalBytes(incoming.auth.context.keyId, keyId)) {
    throw new Refusal('mismatch', { field: 'context.key-id' })
  }
  return keyId
}

/** A name in a path. @throws Refusal `not-found` */
function bytesOf(text: string): Uint8Array {
  try {
    return fromBase64url(text, 'path', 32)
  } catch {
    throw new Refusal('not-found')
  }
}

/** The state of a key that this node serves. */
export async function servedState({ store }: Node, keyId: Uint8Array): Promise<KeyState | undefined> {
  const state = await store.read((db) => store.states.read(db, keyId))
  return state?.retired === null ? state : undefined
}

function devicesOf(state: KeyState | undefined): Uint8Array[] {
  const current = state?.devices.filter(({ revoked }) => revoked === null) ?? []
  return current.map(({ identity }) => fromBase64url(identity, 'identity', 34))
}

/** Whether this caller is a device of the wallet, the holder of kappa, or the new device that is named. */
export function isConcerned(state: KeyState, newDevice: Uint8Array | null, caller: Uint8Array): boolean {
  const concerned = [...devicesOf(state), recoveryOf(state), ...(newDevice === null ? [] : [newDevice])]
  return concerned.some((identity) => equalBytes(identity, caller))
}

/** Nobody's: signatures are checked against it where there is no wallet, in the same time. */
const NOBODY = recoveryIdentity(fromBase64url('Anm-Zn753LusVaBilc6HCwcCm_zbLc4o2VnygVsW-BeY', 'G', 33))

/** @param own this node's identity, of which no claim is: it stands for the device where there is no wallet */
function signatoriesOf(state: KeyState | undefined, own: Uint8Array): Signatories {
  // No wallet has a second registered credential yet.
  if (state === undefined) return { recovery: NOBODY, devices: [own], secondFactors: [] }
  return { recovery: recoveryOf(state), devices: devicesOf(state), secondFactors: [] }
}

function statusOf(row: ClaimRow, { epochs }: KeyState, clocks: Clocks): ClaimStatus {
  return {
    claim: claimOf(row),
    claimHash: fromBase64url(row.name, 'claimHash', 32),
    ...stateOf(row, clocks),
    delaySeconds: row.delay,
    announcedAt: row.announced,
    act: epochs.act.id,
    att: epochs.att,
  }
}

/** A JSON document as an answer. */
export function document(body: Uint8Array): Reply {
  return { status: 200, contentType: DOCUMENT_CONTENT_TYPE, body }
}

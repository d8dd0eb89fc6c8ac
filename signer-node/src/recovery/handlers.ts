// What does the node answer to who claims, asks, vetoes or rehearses? (SPEC 5.4, 5.5; invariant I18)

import { equalBytes } from '@tercet/protocol/bytes'
import { fromBase64url } from '@tercet/wire/base64url'
import { authorisedBy, claimHash, decodeClaimRequest, type Signatories } from '@tercet/wire/claim'
import { decodeVeto, encodeClaimList, encodeClaimStatus, verifyVeto } from '@tercet/wire/claim-status'
import { DOCUMENT_CONTENT_TYPE } from '@tercet/wire/endpoints'
import { recoveryIdentity } from '@tercet/wire/identity'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import { assertSessionId, type Incoming } from '../steps.js'
import type { Tx } from '../store/open.js'
import { recordNonce } from '../store/wallets.js'
import type { Claims } from './claims.js'
import { claimsOf, factsOf, newest, type StoredClaim, statusOf, type WalletFacts } from './rows.js'
import { createSourceLimiter } from './source-limiter.js'

/** Wrong claims from one address in an hour, before they are told `rate-limited` instead of `denied`. */
const WRONG_CLAIMS = 10

export function createClaimHandlers(node: Node, claims: Claims) {
  const countWrong = createSourceLimiter(WRONG_CLAIMS, 3600, node.clock.monotonic)

  /** A wrong claim changes nothing. A right one from the same address still gets through. */
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
    const { source } = incoming
    const keyId = openingOf(node, incoming, wallet)
    const request = decodeClaimRequest(incoming.body)
    const hash = claimHash(request.claim)
    const facts = await node.store.read((db) => factsOf(node.store.states, db, keyId))
    const authorisation = await authorisedBy(request, signatoriesOf(facts))
    const { walletId, newDevice } = request.claim
    if (facts === undefined || authorisation === undefined || walletId !== wallet) return refuseWrong(source)
    const callers = [...facts.devices, facts.recovery, ...(newDevice === null ? [] : [newDevice])]
    if (!holds(callers, incoming.auth.identity)) return refuseWrong(source)
    await claims.announce(request, hash, authorisation, keyId, nonceOf(incoming))
    return status(keyId, hash)
  }

  async function status(keyId: Uint8Array, hash: Uint8Array): Promise<Reply> {
    return document(
      await node.store.read(async (db) => {
        const facts = await factsOf(node.store.states, db, keyId)
        const row = (await claimsOf(db, keyId)).find((known) => equalBytes(known.claimHash, hash))
        if (facts === undefined || row === undefined) throw new Refusal('not-found')
        return encodeClaimStatus(statusOf(row, facts, await claims.clocksOf(db)))
      }),
    )
  }

  async function list(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const { facts, rows } = await visible(keyId, incoming.auth.identity)
    const clocks = await node.store.read(claims.clocksOf)
    return document(encodeClaimList(newest(rows).map((row) => statusOf(row, facts, clocks))))
  }

  async function get(incoming: Incoming, wallet: string, name: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const hash = hashOf(name)
    const { rows } = await visible(keyId, incoming.auth.identity)
    if (!rows.some((row) => equalBytes(row.claimHash, hash))) throw new Refusal('not-found')
    return status(keyId, hash)
  }

  /** What this caller may see: device and recovery party every claim, a new device those that name it. */
  async function visible(
    keyId: Uint8Array,
    caller: Uint8Array,
  ): Promise<{ facts: WalletFacts; rows: readonly StoredClaim[] }> {
    await claims.tick()
    const [facts, all] = await node.store.read((db) =>
      Promise.all([factsOf(node.store.states, db, keyId), claimsOf(db, keyId)] as const),
    )
    if (facts === undefined) throw new Refusal('not-found')
    const own = holds([...facts.devices, facts.recovery], caller)
    const rows = own ? all : all.filter(({ claim }) => claim.newDevice && equalBytes(claim.newDevice, caller))
    if (!own && rows.length === 0) throw new Refusal('not-found')
    return { facts, rows }
  }

  async function veto(incoming: Incoming, wallet: string, name: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet)
    const hash = hashOf(name)
    const signature = decodeVeto(incoming.body)
    const { identity } = incoming.auth
    const facts = await node.store.read((db) => factsOf(node.store.states, db, keyId))
    if (!holds(facts?.devices ?? [], identity)) throw new Refusal('not-found')
    if (!(await verifyVeto(identity, hash, signature))) throw new Refusal('denied', { field: 'signature' })
    await claims.veto(keyId, hash, identity, nonceOf(incoming))
    return status(keyId, hash)
  }

  return { post, list, get, veto }
}

/** The checks that every request for a wallet's documents begins with, whoever sends it. @throws Refusal */
export function openingOf(node: Node, incoming: Incoming, wallet: string): Uint8Array {
  const keyId = bytesOr404(wallet)
  assertSessionId(node, incoming, 'control', incoming.auth.nonce)
  if (!equalBytes(incoming.auth.context.keyId, keyId)) {
    throw new Refusal('mismatch', { field: 'context.key-id' })
  }
  return keyId
}

function hashOf(name: string): Uint8Array {
  return bytesOr404(name)
}

function bytesOr404(text: string): Uint8Array {
  try {
    return fromBase64url(text, 'path', 32)
  } catch {
    throw new Refusal('not-found')
  }
}

/** Whether one of the identities is this one. */
export function holds(identities: readonly Uint8Array[], identity: Uint8Array): boolean {
  return identities.some((known) => equalBytes(known, identity))
}

/** Nobody's: signatures are checked against it where there is no wallet, in the same time. */
const NOBODY = recoveryIdentity(fromBase64url('Anm-Zn753LusVaBilc6HCwcCm_zbLc4o2VnygVsW-BeY', 'G', 33))

function signatoriesOf(facts: WalletFacts | undefined): Signatories {
  // No wallet has a second registered credential yet.
  if (facts === undefined) return { recovery: NOBODY, devices: [NOBODY], secondFactors: [] }
  return { recovery: facts.recovery, devices: facts.devices, secondFactors: [] }
}

/** A JSON document as an answer. */
export function document(body: Uint8Array): Reply {
  return { status: 200, contentType: DOCUMENT_CONTENT_TYPE, body }
}

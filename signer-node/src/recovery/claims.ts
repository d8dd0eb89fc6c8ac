// How is a claim announced, stopped and used up, each in one transaction with its audit entry? (SPEC 5.2, 5.4)

import { toBase64url } from '@tercet/wire/base64url'
import type { Authorisation, Claim } from '@tercet/wire/claim'
import { encodeNotice } from '@tercet/wire/notice'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import { applyStep } from '../store/apply.js'
import { type Change, isDevice, type KeyState } from '../store/key-state.js'
import type { Tx } from '../store/open.js'
import {
  announce,
  type ClaimChange,
  type ClaimEvent,
  claimOf,
  entriesOf,
  expire,
  findClaim,
  hasAnnounced,
  veto,
} from './changes.js'
import type { Outbox } from './outbox.js'
import type { Clocks, Refused } from './state.js'
import { createUptime, uptimeOf } from './uptime.js'

export type ClaimsNode = Pick<Node, 'store' | 'clock' | 'metrics'>

export function createClaims(node: ClaimsNode, outbox: Outbox) {
  const { store, clock } = node
  const uptime = createUptime(node)
  /** Wallets with an announced claim, and their devices: each is told with every answer. Names are base64url. */
  const open = new Map<string, readonly string[]>()
  let noticed: ReadonlySet<string> = new Set()

  async function clocksOf(db: Pick<Tx, 'selectFrom'>): Promise<Clocks> {
    return { wall: clock.now(), uptime: await uptimeOf(db) }
  }

  /** Reads a wallet again after a change, so that its devices are told, and sends what is to be sent. */
  async function refresh(keyId: Uint8Array): Promise<void> {
    await note(keyId)
    settle()
  }

  async function note(keyId: Uint8Array): Promise<void> {
    await store.read(async (db) => {
      const state = await store.states.read(db, keyId)
      const name = toBase64url(keyId)
      if (state === undefined || !hasAnnounced(state, await clocksOf(db))) open.delete(name)
      else
        open.set(
          name,
          state.devices.flatMap(({ identity, revoked }) => (revoked === null ? [identity] : [])),
        )
    })
  }

  function settle(): void {
    noticed = new Set([...open.values()].flat())
    node.metrics.claims.set(open.size)
    outbox.wake()
  }

  /** Reads which wallets have a claim, once, before the node serves. */
  async function start(): Promise<void> {
    const rows = await store.read((db) =>
      db.selectFrom('audit').select('key_id').distinct().where('event', '=', 'recovery-claimed').execute(),
    )
    for (const { key_id } of rows) if (key_id !== null) await note(key_id)
    settle()
  }

  /** In the transaction of the change: the notices of its events. */
  async function tell(tx: Tx, keyId: Uint8Array, events: readonly ClaimEvent[], time: number): Promise<void> {
    for (const { event, row } of events) {
      const { walletId, kind, newDevice } = claimOf(row)
      const claimHash = Uint8Array.from(Buffer.from(row.name, 'base64url'))
      const about = { walletId, claimHash, kind, newDevice, delaySeconds: row.delay, time }
      await outbox.put(tx, keyId, encodeNotice({ version: 1, event, ...about }))
    }
  }

  /** A change of claims as a change of the key, with the rows of a reshare that it stops. */
  async function carryOut(
    tx: Tx,
    keyId: Uint8Array,
    before: KeyState,
    { state: after, events }: ClaimChange,
  ): Promise<Change<void>> {
    const time = clock.now()
    const { state } = await applyStep(tx, keyId, before, { state: after.epochs, revoke: [] }, time)
    await tell(tx, keyId, events, time)
    return { state: { ...state, claims: after.claims }, entries: entriesOf(events, time), result: undefined }
  }

  /**
   * Announces a claim whose signatures were verified; one that was announced before stays as it is.
   * @param nonce records the request's nonce, in the same transaction
   * @throws Refusal when another claim or the wallet's state stands against it
   */
  async function post(
    keyId: Uint8Array,
    claim: Claim,
    claimHash: Uint8Array,
    authorisation: Authorisation,
    nonce: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    await uptime.record()
    await store.write(async (tx) => {
      const known = await store.states.require(tx, keyId)
      if (findClaim(known, claimHash) !== undefined) return
      await store.states.update(tx, keyId, async (before) => {
        const change = announce(before, claim, authorisation, await clocksOf(tx))
        if ('refused' in change) throw refusalOf(change.refused)
        await nonce(tx)
        return carryOut(tx, keyId, before, change)
      })
    })
    await refresh(keyId)
  }

  /**
   * Stops a claim for a device of the wallet whose signature was verified. A claim that ended stays as it is.
   * @throws Refusal `denied` without a veto left, or where none is possible; `not-found`
   */
  async function stop(
    keyId: Uint8Array,
    claimHash: Uint8Array,
    credential: string,
    nonce: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    await uptime.record()
    await store.write(async (tx) => {
      const known = await store.states.require(tx, keyId)
      const row = findClaim(known, claimHash)
      // Whether it still is a device of the wallet is asked here once more: a commit may have come in between.
      if (row === undefined || !isDevice(known, credential)) throw new Refusal('not-found')
      const change = veto(known, row, credential, await clocksOf(tx))
      if ('refused' in change) {
        if (change.refused === 'no') return
        throw new Refusal('denied', { field: `veto-${change.refused}` })
      }
      await nonce(tx)
      await store.states.update(tx, keyId, (before) => carryOut(tx, keyId, before, change))
    })
    await refresh(keyId)
  }

  /** Ends the claims of a wallet whose time is over. */
  async function expireIn(keyId: Uint8Array): Promise<void> {
    await store.write(async (tx) => {
      const change = expire(await store.states.require(tx, keyId), await clocksOf(tx))
      if (change === undefined) return
      await store.states.update(tx, keyId, (before) => carryOut(tx, keyId, before, change))
    })
    await note(keyId)
  }

  return {
    start,
    post,
    stop,
    refresh,
    clocksOf,
    tell,
    /** Records the time that passed, where a claim waits for it, and ends those whose time is over. */
    async tick(): Promise<void> {
      if (open.size === 0 || !(await uptime.tick())) return
      for (const name of [...open.keys()]) await expireIn(Uint8Array.from(Buffer.from(name, 'base64url')))
      settle()
    },
    isNoticed: (identity: Uint8Array): boolean => noticed.size > 0 && noticed.has(toBase64url(identity)),
  }
}

export type Claims = ReturnType<typeof createClaims>

function refusalOf(refused: Refused | 'released'): Refusal {
  switch (refused) {
    case 'stale':
      return new Refusal('expired')
    case 'locked':
      return new Refusal('locked')
    case 'too-many':
      return new Refusal('rate-limited', { retryAfterSeconds: 3600 })
    default:
      return new Refusal('denied', { field: refused })
  }
}

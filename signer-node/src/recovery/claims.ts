// How is a claim announced, stopped and used up, each in one transaction with its audit entry? (SPEC 5.2, 5.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { type Announcement, cosigner } from '@tercet/protocol/epochs'
import { toBase64url } from '@tercet/wire/base64url'
import {
  type Authorisation,
  type Claim,
  type ClaimRequest,
  encodeClaimRequest,
  waits,
} from '@tercet/wire/claim'
import type { NoticeEvent } from '@tercet/wire/notice'
import { encodeNotice } from '@tercet/wire/notice'
import { append } from '../audit/log.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import { applyStep } from '../store/apply.js'
import type { KeyStates } from '../store/key-state.js'
import type { Tx } from '../store/open.js'
import type { Outbox } from './outbox.js'
import { claimsOf, factsOf, type StoredClaim, type WalletFacts } from './rows.js'
import {
  type ClaimRow,
  type Clocks,
  decide,
  isAnnounced,
  mayRefresh,
  mayVeto,
  type Refused,
  stateOf,
} from './state.js'
import { createUptime, uptimeOf } from './uptime.js'

/** What a reshare may do under a claim whose time has come. */
export interface Authorised {
  readonly kind: Claim['kind']
  /** id'_1; null for a new recovery key alone */
  readonly newDevice: Uint8Array | null
  /** K', 33 bytes; null where K stays */
  readonly newRecoveryKey: Uint8Array | null
}

export type ClaimsNode = Pick<Node, 'store' | 'clock' | 'metrics'>

export function createClaims(node: ClaimsNode, outbox: Outbox) {
  const { store, clock } = node
  const uptime = createUptime(node)
  /** Devices of wallets with an announced claim, as base64url; each is told with every answer. */
  let noticed: ReadonlySet<string> = new Set()
  /** Wallets with an announced claim. */
  let waiting = 0

  async function clocksOf(db: Pick<Tx, 'selectFrom'>): Promise<Clocks> {
    return { wall: clock.now(), uptime: await uptimeOf(db) }
  }

  /** Reads again who is to be told, and sends what is to be sent. After every change, and at the start. */
  async function refresh(): Promise<void> {
    outbox.wake()
    const names = new Set<string>()
    let wallets = 0
    await store.read(async (db) => {
      const clocks = await clocksOf(db)
      const open = await db
        .selectFrom('claims')
        .select('key_id')
        .distinct()
        .where('ended', 'is', null)
        .execute()
      for (const { key_id } of open) {
        if (!(await claimsOf(db, key_id)).some((row) => isAnnounced(row, clocks))) continue
        wallets++
        for (const device of (await factsOf(store.states, db, key_id))?.devices ?? [])
          names.add(toBase64url(device))
      }
    })
    noticed = names
    waiting = wallets
    node.metrics.claims.set(wallets)
  }

  /** One event of a claim: its audit entry and its notice. */
  async function tell(tx: Tx, event: NoticeEvent, row: Told, time: number): Promise<void> {
    const { keyId, claimHash, claim, delay } = row
    await append(tx, { event, time, keyId, claim: claimHash, reason: claim.kind })
    const { kind, newDevice, walletId } = claim
    const notice = encodeNotice({
      version: 1,
      event,
      walletId,
      claimHash,
      kind,
      newDevice,
      delaySeconds: delay,
      time,
    })
    await outbox.put(tx, keyId, notice)
  }

  async function end(
    tx: Tx,
    keyId: Uint8Array,
    row: StoredClaim,
    ended: 'done' | 'vetoed' | 'superseded',
    vetoedBy: Uint8Array | null = null,
  ): Promise<void> {
    const time = clock.now()
    await tx
      .updateTable('claims')
      .set({ ended, ended_at: time, vetoed_by: vetoedBy })
      .where('claim_hash', '=', row.claimHash)
      .execute()
    await tell(tx, `recovery-${ended}`, { ...row, keyId }, time)
  }

  /**
   * Announces a claim whose signatures were verified, or finds it as it was announced before.
   * @param nonce records the request's nonce, in the same transaction
   * @throws Refusal when another claim or the wallet's state stands against it
   */
  async function announce(
    request: ClaimRequest,
    claimHash: Uint8Array,
    authorisation: Authorisation,
    keyId: Uint8Array,
    nonce: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    await uptime.record()
    await store.write(async (tx) => {
      const facts = await factsOf(store.states, tx, keyId)
      if (facts === undefined) throw new Refusal('denied')
      const rows = await claimsOf(tx, keyId)
      if (rows.some((row) => equalBytes(row.claimHash, claimHash))) return
      const clocks = await clocksOf(tx)
      const row = rowOf(request.claim, claimHash, authorisation, facts, clocks)
      const decision = decide({ ...row, ...asked(request.claim, facts) }, rows, clocks)
      if ('refused' in decision) throw refusalOf(decision.refused)
      await nonce(tx)
      for (const other of rows)
        if (decision.supersedes.includes(other.name)) await end(tx, keyId, other, 'superseded')
      await tx
        .insertInto('claims')
        .values({
          key_id: keyId,
          claim_hash: claimHash,
          request: encodeClaimRequest(request),
          kind: row.kind,
          new_device: request.claim.newDevice,
          announced: row.announced,
          uptime: row.uptime,
          delay: row.delay,
          both: Number(row.both),
          second_factor: Number(row.secondFactor),
          ended: null,
          ended_at: null,
          vetoed_by: null,
        })
        .execute()
      await tell(
        tx,
        'recovery-claimed',
        { keyId, claimHash, claim: request.claim, delay: row.delay },
        row.announced,
      )
    })
    await refresh()
  }

  /**
   * Stops a claim for a device of the wallet whose signature was verified. A claim that ended already stays as it is.
   * @throws Refusal `denied` without a veto left, or where none is possible; `not-found`
   */
  async function veto(
    keyId: Uint8Array,
    claimHash: Uint8Array,
    credential: Uint8Array,
    nonce: (tx: Tx) => Promise<void>,
  ): Promise<void> {
    await uptime.record()
    await store.write(async (tx) => {
      const rows = await claimsOf(tx, keyId)
      const facts = await factsOf(store.states, tx, keyId)
      const row = rows.find((known) => equalBytes(known.claimHash, claimHash))
      // Whether it still is a device of the wallet is asked here once more: a commit may have come in between.
      const own = facts?.devices.some((device) => equalBytes(device, credential))
      if (row === undefined || !own) throw new Refusal('not-found')
      const may = mayVeto(row, toBase64url(credential), rows, await clocksOf(tx))
      if (may === 'no') return
      if (may !== 'yes') throw new Refusal('denied', { field: `veto-${may}` })
      await nonce(tx)
      await end(tx, keyId, row, 'vetoed', credential)
      if (row.newDevice !== null) await dropPending(store.states, tx, keyId, row.newDevice, clock.now())
    })
    await refresh()
  }

  /**
   * What a reshare may do under this claim now; undefined unless it is ready. In the transaction that prepares it.
   */
  async function authorisationOf(
    tx: Pick<Tx, 'selectFrom'>,
    keyId: Uint8Array,
    claimHash: Uint8Array,
  ): Promise<Authorised | undefined> {
    const rows = await claimsOf(tx, keyId)
    const row = rows.find((known) => equalBytes(known.claimHash, claimHash))
    if (row === undefined || stateOf(row, await clocksOf(tx)).state !== 'ready') return undefined
    const { kind, newDevice, newRecoveryKey } = row.claim
    return { kind, newDevice, newRecoveryKey }
  }

  /**
   * The announced claims for the guards of SPEC 5.2: which new device, and who may run its reshare. Empty for a refresh
   * under the claim that device and kappa both signed.
   */
  async function announcements(
    tx: Pick<Tx, 'selectFrom'>,
    keyId: Uint8Array,
    under?: Uint8Array,
  ): Promise<Announcement[]> {
    const clocks = await clocksOf(tx)
    const [rows, facts] = [await claimsOf(tx, keyId), await factsOf(store.states, tx, keyId)]
    if (facts === undefined || (under !== undefined && mayRefresh(rows, clocks, toBase64url(under))))
      return []
    return rows
      .filter((row) => isAnnounced(row, clocks))
      .flatMap(({ kind, newDevice, secondFactor }) => {
        const initiator = kind === 'device-moved' ? facts.devices[0] : facts.recovery
        if (newDevice === null || initiator === undefined) return []
        return [{ newHolder: newDevice, initiator: toBase64url(initiator), vetoable: !secondFactor }]
      })
  }

  /**
   * The reshare of a claim was committed: it is done, and every other one is superseded, for they were made for another
   * device or another recovery key. In the transaction of the commit; call {@link refresh} after it.
   */
  async function complete(tx: Tx, keyId: Uint8Array, claimHash: Uint8Array | undefined): Promise<void> {
    for (const row of await claimsOf(tx, keyId)) {
      if (row.ended !== null) continue
      const own = claimHash !== undefined && equalBytes(row.claimHash, claimHash)
      await end(tx, keyId, row, own ? 'done' : 'superseded')
    }
  }

  return {
    announce,
    veto,
    authorisationOf,
    announcements,
    complete,
    refresh,
    clocksOf,
    /** Records the time that passed, where a claim waits for it. */
    async tick(): Promise<void> {
      if (waiting > 0 && (await uptime.tick())) await refresh()
    },
    isNoticed: (identity: Uint8Array): boolean => noticed.size > 0 && noticed.has(toBase64url(identity)),
  }
}

export type Claims = ReturnType<typeof createClaims>

/** The claim of a reshare that was prepared does not stand any more. The attempt stays used. (SPEC 5.2) */
async function dropPending(states: KeyStates, tx: Tx, keyId: Uint8Array, newDevice: string, time: number) {
  const { epochs } = await states.require(tx, keyId)
  if (epochs.pend?.kind !== 'replace' || epochs.pend.holder !== newDevice) return
  await states.update(tx, keyId, async (before) => {
    const step = cosigner.lapse(before.epochs, newDevice)
    const { state } = await applyStep(tx, keyId, before, step, time)
    return { state, result: undefined, entries: [{ event: 'expired', time, reason: 'veto' }] }
  })
}

interface Told {
  readonly keyId: Uint8Array
  readonly claimHash: Uint8Array
  readonly claim: Claim
  readonly delay: number
}

function rowOf(
  claim: Claim,
  claimHash: Uint8Array,
  authorisation: Authorisation,
  facts: WalletFacts,
  { wall, uptime }: Clocks,
): ClaimRow {
  return {
    name: toBase64url(claimHash),
    kind: claim.kind,
    newDevice: claim.newDevice && toBase64url(claim.newDevice),
    announced: wall,
    uptime,
    delay: waits(claim.kind, authorisation) ? facts.delaySeconds : 0,
    both: authorisation.recovery && authorisation.device,
    secondFactor: authorisation.secondFactor,
    ended: null,
    endedAt: null,
    vetoedBy: null,
  }
}

function asked({ createdAt, newDevice }: Claim, { locked, known }: WalletFacts) {
  return { createdAt, locked, newDeviceKnown: newDevice !== null && known.has(toBase64url(newDevice)) }
}

function refusalOf(refused: Refused): Refusal {
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

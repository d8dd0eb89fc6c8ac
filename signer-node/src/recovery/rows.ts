// What is durable of claims and of the wallets they are about? (SPEC 5.4)

import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import type { Claim, ClaimKind } from '@tercet/wire/claim'
import { decodeClaimRequest } from '@tercet/wire/claim'
import { type ClaimStatus, MAX_LISTED_CLAIMS } from '@tercet/wire/claim-status'
import { recoveryIdentity } from '@tercet/wire/identity'
import { builtInPolicyOf, DEFAULT_POLICY, recoveryDelayOf } from '@tercet/wire/policy'
import type { Selectable } from 'kysely'
import type { KeyStates } from '../store/key-state.js'
import type { Tx } from '../store/open.js'
import { type ClaimRow, type Clocks, stateOf } from './state.js'
import type { RecoveryTables } from './tables.js'

type Db = Pick<Tx, 'selectFrom'>

/** What a wallet says to a claim. */
export interface WalletFacts {
  readonly keyId: Uint8Array
  /** idV = 0x02 || K */
  readonly recovery: Uint8Array
  readonly locked: boolean
  readonly delaySeconds: number
  /** Credentials that it has now, and every one that it ever had, as base64url. */
  readonly devices: readonly Uint8Array[]
  readonly known: ReadonlySet<string>
  readonly act: { readonly epoch: number; readonly attempt: number }
  readonly att: number
}

/** The wallet, whoever asks; undefined for a key that this node does not serve. */
export async function factsOf(
  states: KeyStates,
  db: Db,
  keyId: Uint8Array,
): Promise<WalletFacts | undefined> {
  const state = await states.read(db, keyId)
  if (state === undefined || state.retired !== null) return undefined
  const { devices, epochs } = state
  const current = devices.filter(({ revoked }) => revoked === null)
  return {
    keyId,
    recovery: recoveryIdentity(fromBase64url(state.recoveryKey, 'recoveryKey', 33)),
    locked: state.locked,
    delaySeconds: recoveryDelayOf(
      builtInPolicyOf(fromBase64url(state.policyHash, 'policyHash', 32)) ?? DEFAULT_POLICY,
    ),
    devices: current.map(({ identity }) => fromBase64url(identity, 'identity', 34)),
    known: new Set(devices.map(({ identity }) => identity)),
    act: epochs.act.id,
    att: epochs.att,
  }
}

/** A claim's row with the claim in it. */
export interface StoredClaim extends ClaimRow {
  readonly claim: Claim
  readonly claimHash: Uint8Array
}

/** Every claim that a wallet ever had, in the order of their announcement. */
export async function claimsOf(db: Db, keyId: Uint8Array): Promise<StoredClaim[]> {
  const rows = await db.selectFrom('claims').selectAll().where('key_id', '=', keyId).orderBy('id').execute()
  return rows.map(stored)
}

function stored(row: Selectable<RecoveryTables['claims']>): StoredClaim {
  return {
    claim: decodeClaimRequest(row.request).claim,
    claimHash: row.claim_hash,
    name: toBase64url(row.claim_hash),
    kind: row.kind as ClaimKind,
    newDevice: row.new_device && toBase64url(row.new_device),
    announced: row.announced,
    uptime: row.uptime,
    delay: row.delay,
    both: row.both !== 0,
    secondFactor: row.second_factor !== 0,
    ended: row.ended,
    endedAt: row.ended_at,
    vetoedBy: row.vetoed_by && toBase64url(row.vetoed_by),
  }
}

/** What the node answers about a claim. */
export function statusOf(row: StoredClaim, { act, att }: WalletFacts, clocks: Clocks): ClaimStatus {
  return {
    claim: row.claim,
    claimHash: row.claimHash,
    ...stateOf(row, clocks),
    delaySeconds: row.delay,
    announcedAt: row.announced,
    act,
    att,
  }
}

/** The newest claims, the newest first. */
export function newest(rows: readonly StoredClaim[]): StoredClaim[] {
  return rows.slice(-MAX_LISTED_CLAIMS).reverse()
}

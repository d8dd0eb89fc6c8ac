// How does every decision become an entry that cannot be changed unnoticed? (invariants I15, I16; product, Audit entry)

import { TH } from '@tercet/protocol/transcript'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject } from '@tercet/wire/canonical-json'
import { NOTICE_EVENTS } from '@tercet/wire/notice'
import { type Head, noteHead, type Tx } from '../store/transaction.js'

/** Events of entries that change nothing of the key's state. */
const OTHER_EVENTS = ['self-test', 'approved', 'denied', 'drill', 'handed-over', 'abandoned'] as const
const CHANGES = [
  'keygen',
  'ot-setup',
  'burn',
  'strike',
  'lock',
  'restore',
  'prepared',
  'expired',
  'refresh',
  'recovery',
  'move',
  'operator',
  'final',
  'released',
  'withdrawn',
  'joined',
  'retired',
  ...NOTICE_EVENTS,
] as const

export type AuditEvent = (typeof OTHER_EVENTS)[number] | (typeof CHANGES)[number]

/** Events of entries that a key's state is written with. */
export const CHANGING_EVENTS: ReadonlySet<AuditEvent> = new Set(CHANGES)

export interface AuditFacts {
  readonly event: AuditEvent
  /** Unix seconds. */
  readonly time: number
  /** keyId, 32 bytes; zero bytes for what concerns every key */
  readonly keyId: Uint8Array
  /** 32 bytes */
  readonly requestHash?: Uint8Array
  readonly decision?: 'allow' | 'deny'
  readonly rule?: string
  readonly policyHash?: Uint8Array
  readonly reason?: string
  /** otSetupId_A of the setup that became LIVE or was burned, 32 bytes */
  readonly otSetup?: Uint8Array
  /** Hash of the claim that was announced, stopped or done, 32 bytes */
  readonly claim?: Uint8Array
}

/** The previous hash of the first entry. */
export function genesis(): Uint8Array {
  return TH('audit/genesis')
}

/** `TH("audit/entry", canonical bytes)`; the bytes hold the previous hash. */
export function entryHash(entry: Uint8Array): Uint8Array {
  return TH('audit/entry', entry)
}

/** Appends an entry inside the transaction of the change that it records. */
export async function append(tx: Tx, facts: AuditFacts): Promise<Head> {
  const last = await tx
    .selectFrom('audit')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  const seq = (last?.seq ?? 0) + 1
  const document: JsonObject = {
    seq,
    time: facts.time,
    wallet: toBase64url(facts.keyId),
    event: facts.event,
    ...(facts.requestHash && { requestHash: toBase64url(facts.requestHash) }),
    ...(facts.decision && { decision: facts.decision }),
    ...(facts.rule && { rule: facts.rule }),
    ...(facts.policyHash && { policyHash: toBase64url(facts.policyHash) }),
    ...(facts.reason && { reason: facts.reason }),
    ...(facts.otSetup && { otSetup: toBase64url(facts.otSetup) }),
    ...(facts.claim && { claim: toBase64url(facts.claim) }),
    previous: toBase64url(last?.hash ?? genesis()),
  }
  const entry = canonicalize(document)
  const hash = entryHash(entry)
  await tx.insertInto('audit').values({ seq, key_id: facts.keyId, event: facts.event, entry, hash }).execute()
  const head = { seq, hash }
  noteHead(tx, head, last ?? { seq: 0, hash: genesis() })
  return head
}

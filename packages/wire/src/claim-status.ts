// How far is a claim, and what does its wallet's device say to it? (SPEC 5.4)

import * as z from 'zod/mini'
import { toBase64url } from './base64url.js'
import { canonicalize, type JsonObject, parseCanonical } from './canonical-json.js'
import { type Claim, checkClaim, claimDocument, claimSchema } from './claim.js'
import { type Identity, signTagged, verifyTagged } from './identity.js'
import { bytesOf, decimal, parseWith } from './schema.js'

export const CLAIM_STATES = ['waiting', 'ready', 'done', 'vetoed', 'superseded', 'expired'] as const
/** Only `waiting` and `ready` are announced; the others are for ever. */
export type ClaimState = (typeof CLAIM_STATES)[number]

/** One claim as the node sees it, the signed answer of every claims route. */
export interface ClaimStatus {
  readonly claim: Claim
  /** 32 bytes */
  readonly claimHash: Uint8Array
  readonly state: ClaimState
  /** 0 where the claim does not wait. */
  readonly delaySeconds: number
  readonly remainingSeconds: number
  /** Unix seconds. */
  readonly announcedAt: number
  /** The generation that the cosigner serves, and its last attempt: what the next reshare counts from. */
  readonly act: { readonly epoch: number; readonly attempt: number }
  readonly att: number
}

const statusSchema = z.strictObject({
  claim: claimSchema,
  claimHash: bytesOf(32),
  state: z.enum(CLAIM_STATES),
  delaySeconds: decimal(),
  remainingSeconds: decimal(),
  announcedAt: decimal(),
  act: z.strictObject({ epoch: decimal(), attempt: decimal() }),
  att: decimal(),
})
/** Claims in one list: the newest ones. */
export const MAX_LISTED_CLAIMS = 32

const listSchema = z.strictObject({ claims: z.array(statusSchema).check(z.maxLength(MAX_LISTED_CLAIMS)) })

export function encodeClaimStatus(status: ClaimStatus): Uint8Array {
  return canonicalize(statusDocument(status), 'claimStatus')
}

/** Throws Malformed with the field named. */
export function decodeClaimStatus(bytes: Uint8Array): ClaimStatus {
  return statusOf(parseWith(statusSchema, parseCanonical(bytes, 'claimStatus', 8192), 'claimStatus'))
}

/** The newest claims of a wallet, the newest first. */
export function encodeClaimList(claims: readonly ClaimStatus[]): Uint8Array {
  return canonicalize({ claims: claims.map(statusDocument) }, 'claimList')
}

/** Throws Malformed with the field named. */
export function decodeClaimList(bytes: Uint8Array): ClaimStatus[] {
  return parseWith(listSchema, parseCanonical(bytes, 'claimList'), 'claimList').claims.map(statusOf)
}

const vetoSchema = z.strictObject({ signature: bytesOf(64) })

/** The body of a veto: what {@link signVeto} made. */
export function encodeVeto(signature: Uint8Array): Uint8Array {
  return canonicalize({ signature: toBase64url(signature) }, 'veto')
}

/** The signature in a veto. Throws Malformed with the field named. */
export function decodeVeto(bytes: Uint8Array): Uint8Array {
  return parseWith(vetoSchema, parseCanonical(bytes, 'veto', 1024), 'veto').signature
}

/** What the wallet's present device signs to stop a claim. */
export function signVeto(identity: Identity, hash: Uint8Array): Promise<Uint8Array> {
  return signTagged(identity, 'sig/veto', hash)
}

/** Checks what {@link signVeto} made. */
export function verifyVeto(device: Uint8Array, hash: Uint8Array, signature: Uint8Array): Promise<boolean> {
  return verifyTagged(device, signature, 'sig/veto', hash)
}

function statusDocument(status: ClaimStatus): JsonObject {
  return {
    claim: claimDocument(status.claim),
    claimHash: toBase64url(status.claimHash),
    state: status.state,
    delaySeconds: String(status.delaySeconds),
    remainingSeconds: String(status.remainingSeconds),
    announcedAt: String(status.announcedAt),
    act: { epoch: String(status.act.epoch), attempt: String(status.act.attempt) },
    att: String(status.att),
  }
}

function statusOf(fields: z.output<typeof statusSchema>): ClaimStatus {
  return { ...fields, claim: checkClaim(fields.claim) }
}

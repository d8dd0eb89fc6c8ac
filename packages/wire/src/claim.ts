// Who asks to change a party or the recovery key of a wallet, and by whose authority? (SPEC 5.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { decodePoint } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { TH } from '@tercet/protocol/transcript'
import * as z from 'zod/mini'
import { fromBase64url, toBase64url } from './base64url.js'
import { canonicalize, type JsonObject, parseCanonical } from './canonical-json.js'
import { decodeIdentity, type Identity, signTagged, verifyTagged, verifyWithIdentity } from './identity.js'
import { bytesOf, decimal, parseWith } from './schema.js'

export const CLAIM_KINDS = ['device-lost', 'device-moved', 'suspected-theft', 'recovery-key'] as const
export type ClaimKind = (typeof CLAIM_KINDS)[number]

/** What is asked. Its hash is what authorities sign. */
export interface Claim {
  readonly version: 1
  /** base64url of keyId */
  readonly walletId: string
  readonly kind: ClaimKind
  /** id'_1, 34 bytes; null for `recovery-key` alone */
  readonly newDevice: Uint8Array | null
  /** K', 33 bytes; null where K stays: always for `device-moved`, never for `recovery-key` */
  readonly newRecoveryKey: Uint8Array | null
  /** 32 fresh bytes */
  readonly nonce: Uint8Array
  /** Unix seconds. */
  readonly createdAt: number
}

/** Signatures of 64 bytes that stand behind a claim; which kind needs which is {@link authorisedBy}'s to say. */
export interface Authorities {
  /** By kappa, on `TH("sig/claim", claimHash)`. */
  readonly recovery?: Uint8Array
  /** By the device that the wallet has, on what {@link signAsDevice} signs. */
  readonly device?: Uint8Array
  /** By another registered credential, on `TH("sig/claim", claimHash)`. */
  readonly secondFactor?: { readonly identity: Uint8Array; readonly signature: Uint8Array }
}

export const claimSchema = z.strictObject({
  version: z.literal(1),
  walletId: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  kind: z.enum(CLAIM_KINDS),
  newDevice: z.nullable(bytesOf(34)),
  newRecoveryKey: z.nullable(bytesOf(33)),
  nonce: bytesOf(32),
  createdAt: decimal(),
})

const authoritiesSchema = z.strictObject({
  recovery: z.exactOptional(bytesOf(64)),
  device: z.exactOptional(bytesOf(64)),
  secondFactor: z.exactOptional(z.strictObject({ identity: bytesOf(34), signature: bytesOf(64) })),
})

/** The claim's canonical bytes. Throws Malformed if it is not a claim that {@link decodeClaim} accepts. */
export function encodeClaim(claim: Claim): Uint8Array {
  const bytes = canonicalize(claimDocument(claim), 'claim')
  decodeClaim(bytes)
  return bytes
}

/** Reads a claim from its canonical bytes. Throws Malformed with the field named. */
export function decodeClaim(bytes: Uint8Array): Claim {
  return checkClaim(parseWith(claimSchema, parseCanonical(bytes, 'claim', 4096), 'claim'))
}

/** `TH("claim", canonical bytes)`, 32 bytes. */
export function claimHash(claim: Claim): Uint8Array {
  return TH('claim', encodeClaim(claim))
}

/** The body of `POST .../claims`. */
export interface ClaimRequest {
  readonly claim: Claim
  readonly authorities: Authorities
}

const requestSchema = z.strictObject({ claim: claimSchema, authorities: authoritiesSchema })

export function encodeClaimRequest({ claim, authorities }: ClaimRequest): Uint8Array {
  const { recovery, device, secondFactor } = authorities
  const given: JsonObject = {
    ...(recovery && { recovery: toBase64url(recovery) }),
    ...(device && { device: toBase64url(device) }),
    ...(secondFactor && {
      secondFactor: {
        identity: toBase64url(secondFactor.identity),
        signature: toBase64url(secondFactor.signature),
      },
    }),
  }
  const bytes = canonicalize({ claim: claimDocument(claim), authorities: given }, 'claimRequest')
  decodeClaimRequest(bytes)
  return bytes
}

/** Throws Malformed with the field named. */
export function decodeClaimRequest(bytes: Uint8Array): ClaimRequest {
  const request = parseWith(requestSchema, parseCanonical(bytes, 'claimRequest', 8192), 'claimRequest')
  return { claim: checkClaim(request.claim), authorities: request.authorities }
}

/** What the owner of kappa, or a second registered credential, signs for a claim. */
export function signClaim(identity: Identity, claim: Claim): Promise<Uint8Array> {
  return signTagged(identity, 'sig/claim', claimHash(claim))
}

/** What the wallet's present device signs: the move order, or the claim of a new recovery key. */
export function signAsDevice(identity: Identity, claim: Claim): Promise<Uint8Array> {
  return identity.sign(deviceValue(claim))
}

/** Whose signatures count for a wallet, by identity (34 bytes). */
export interface Signatories {
  /** idV = 0x02 || K. */
  readonly recovery: Uint8Array
  /** Device credentials that the wallet has now. */
  readonly devices: readonly Uint8Array[]
  /** Other registered credentials. No wallet has any yet. */
  readonly secondFactors: readonly Uint8Array[]
}

/** Which authorities of a claim hold. A signature that is given and does not hold makes the whole claim wrong. */
export interface Authorisation {
  readonly recovery: boolean
  readonly device: boolean
  readonly secondFactor: boolean
}

/**
 * Checks every signature that is given, and that those the kind needs are there. Undefined for a claim without authority.
 */
export async function authorisedBy(
  { claim, authorities }: ClaimRequest,
  signatories: Signatories,
): Promise<Authorisation | undefined> {
  const hash = claimHash(claim)
  const { recovery, device, secondFactor } = authorities
  const holds = await Promise.all([
    recovery && verifyTagged(signatories.recovery, recovery, 'sig/claim', hash),
    device && verifyByAny(signatories.devices, device, claim),
    secondFactor && verifySecondFactor(signatories.secondFactors, secondFactor, hash),
  ])
  if (holds.includes(false)) return undefined
  const given = { recovery: !!recovery, device: !!device, secondFactor: !!secondFactor }
  const needed = claim.kind === 'device-lost' || claim.kind === 'suspected-theft' ? 'recovery' : 'device'
  return given[needed] ? given : undefined
}

/** Whether the claim waits for the wallet's delay. */
export function waits(kind: ClaimKind, { recovery, secondFactor }: Authorisation): boolean {
  if (kind === 'device-moved') return !recovery && !secondFactor
  return kind !== 'recovery-key' || !recovery
}

/** The claim as JSON. */
export function claimDocument(claim: Claim): JsonObject {
  return {
    ...claim,
    newDevice: orNull(claim.newDevice),
    newRecoveryKey: orNull(claim.newRecoveryKey),
    nonce: toBase64url(claim.nonce),
    createdAt: String(claim.createdAt),
  }
}

/** Which parts a kind has, and that they are what they say. @throws Malformed */
export function checkClaim(claim: z.output<typeof claimSchema>): Claim {
  const { kind, newDevice, newRecoveryKey } = claim
  fromBase64url(claim.walletId, 'claim.walletId', 32)
  if ((newDevice === null) !== (kind === 'recovery-key')) throw new Malformed('claim.newDevice')
  if (newDevice !== null) decodeIdentity(newDevice, 'claim.newDevice')
  const keeps = newRecoveryKey === null
  if ((kind === 'recovery-key' && keeps) || (kind === 'device-moved' && !keeps)) {
    throw new Malformed('claim.newRecoveryKey')
  }
  if (newRecoveryKey !== null) decodePoint(newRecoveryKey, 'claim.newRecoveryKey')
  return claim
}

function deviceValue(claim: Claim): Uint8Array {
  const { kind, newDevice } = claim
  if (kind !== 'device-moved' || newDevice === null) return TH('sig/claim', claimHash(claim))
  return TH('sig/move', fromBase64url(claim.walletId, 'claim.walletId', 32), newDevice)
}

function orNull(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : toBase64url(bytes)
}

async function verifyByAny(
  devices: readonly Uint8Array[],
  signature: Uint8Array,
  claim: Claim,
): Promise<boolean> {
  const holds = await Promise.all(
    devices.map((device) => verifyWithIdentity(device, deviceValue(claim), signature)),
  )
  return holds.includes(true)
}

async function verifySecondFactor(
  registered: readonly Uint8Array[],
  { identity, signature }: Required<Authorities>['secondFactor'],
  hash: Uint8Array,
): Promise<boolean> {
  if (!registered.some((known) => equalBytes(known, identity))) return false
  return verifyTagged(identity, signature, 'sig/claim', hash)
}

// Does a digest stand for a tweak, or anything homemade for either? It must not compile. (SPEC 4.4, 4.6)
import { derive, type ExtendedKey, parsePath, type Tweak } from '@tercet/protocol/derivation'
import { type Digest, digest, type SigningInput } from '@tercet/protocol/sign'

declare const key: ExtendedKey
declare const hash: Uint8Array

const request = new Uint8Array(1)
const tweak: Tweak = derive(key, parsePath('m/0/7')).tweak
const h: Digest = digest(hash)

export const good: SigningInput = { digest: h, tweak, request }

// @ts-expect-error tweak and digest swapped
export const swapped: SigningInput = { digest: tweak, tweak: h, request }
// @ts-expect-error a digest is not a tweak
export const digestAsTweak: Tweak = h
// @ts-expect-error a tweak is not a digest
export const tweakAsDigest: Digest = tweak
// @ts-expect-error plain bytes are no digest, even 32 of them
export const plainBytes: Digest = hash
// @ts-expect-error a raw scalar is no tweak
export const scalar: Tweak = 5n
// @ts-expect-error an object that looks like a tweak was not derived
export const homemadeTweak: Tweak = { kind: 'tweak', scalar: 5n }
// @ts-expect-error an object that looks like a digest was not made by digest()
export const homemadeDigest: Digest = { kind: 'digest', bytes: hash }
// @ts-expect-error a copy of a tweak with another scalar is no tweak
export const bentTweak: Tweak = { ...tweak, scalar: 5n }
// @ts-expect-error a structured clone has no type that a step takes
export const cloned: Tweak = structuredClone<{ scalar: bigint }>(tweak)
// @ts-expect-error a string is no path
derive(key, 'm/0/7')
// @ts-expect-error an input without its request
export const noRequest: SigningInput = { digest: h, tweak }

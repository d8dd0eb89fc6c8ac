// What does a party keep for a key, and how is it stored? (SPEC 0.7; encoding version 1)

import { concat, equalBytes } from './bytes.js'
import { decodePoint, decodeScalar, encodePoint, encodeScalar, mulBase, type Point } from './curve.js'
import { Malformed } from './errors.js'
import type { Party } from './party.js'
import { expose, Secret } from './secret.js'
import { integer, u64be } from './transcript.js'

/** All a party keeps for a key in one epoch, its OT setup apart. The share itself prints as its name. */
export interface KeyShare {
  readonly party: Party
  /** 32 bytes */
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly attempt: number
  /** X */
  readonly publicKey: Point
  /** 32 bytes */
  readonly chainCode: Uint8Array
  /** [S_1, S_2, S_3] */
  readonly publicShares: readonly [Point, Point, Point]
  /** K */
  readonly recoveryKey: Point
  /** Tr, 32 bytes */
  readonly transcript: Uint8Array
  /** s_i */
  readonly secretShare: Secret<'SecretShare', bigint>
}

/** First bytes of every stored encoding: its version and its kind. */
export const ENCODING_VERSION = 1
export const KEY_SHARE_KIND = 1
export const OT_SETUP_KIND = 2

const KEY_SHARE_BYTES = 2 + 1 + 32 + 8 + 8 + 33 + 32 + 3 * 33 + 33 + 32 + 32

/** The stored form of a key share, 312 bytes. It holds the secret in clear: the program seals it. */
export function encodeKeyShare(share: KeyShare): Uint8Array {
  return concat(
    Uint8Array.of(ENCODING_VERSION, KEY_SHARE_KIND, share.party),
    share.keyId,
    u64be(share.epoch),
    u64be(share.attempt),
    encodePoint(share.publicKey),
    share.chainCode,
    ...share.publicShares.map(encodePoint),
    encodePoint(share.recoveryKey),
    share.transcript,
    encodeScalar(expose(share.secretShare)),
  )
}

/**
 * Reads what {@link encodeKeyShare} wrote, and checks that X and the public shares lie on one line and that the secret
 * belongs to its public share. @throws Malformed
 */
export function decodeKeyShare(bytes: Uint8Array): KeyShare {
  const read = reader(bytes, KEY_SHARE_KIND, KEY_SHARE_BYTES, 'keyShare')
  const party = read.party()
  const keyId = read.take(32)
  const epoch = read.counter()
  const attempt = read.counter()
  const publicKey = decodePoint(read.take(33), 'keyShare.publicKey')
  const chainCode = read.take(32)
  const publicShares = [read.point(), read.point(), read.point()] as const
  const recoveryKey = read.point()
  const transcript = read.take(32)
  const scalar = decodeScalar(read.take(32), 'keyShare.secretShare', 'nonzero')
  checkLine(publicKey, publicShares)
  const own = publicShares[party - 1] as Point
  if (!equalBytes(encodePoint(mulBase(scalar)), encodePoint(own))) throw new Malformed('keyShare.secretShare')
  const secretShare = new Secret('SecretShare', scalar)
  return {
    party,
    keyId,
    epoch,
    attempt,
    publicKey,
    chainCode,
    publicShares,
    recoveryKey,
    transcript,
    secretShare,
  }
}

/** `S_j = X + j*A_1` with one A_1 that is not the identity. */
function checkLine(X: Point, [s1, s2, s3]: KeyShare['publicShares']): void {
  const a1 = s1.subtract(X)
  if (a1.is0() || !s1.add(a1).equals(s2) || !s2.add(a1).equals(s3))
    throw new Malformed('keyShare.publicShares')
}

/** Reads the fixed layouts of stored values; each names its field in what it throws. */
export function reader(bytes: Uint8Array, kind: number, length: number, name: string) {
  if (bytes.length !== length) throw new Malformed(name)
  if (bytes[0] !== ENCODING_VERSION) throw new Malformed(`${name}.version`)
  if (bytes[1] !== kind) throw new Malformed(`${name}.kind`)
  // A Buffer's slice is a view of it, and the caller may wipe what it gave.
  const own = Uint8Array.from(bytes)
  let at = 2
  const take = (size: number): Uint8Array => {
    at += size
    return own.slice(at - size, at)
  }
  return {
    take,
    party(): Party {
      const party = take(1)[0]
      if (party !== 1 && party !== 2 && party !== 3) throw new Malformed(`${name}.party`)
      return party
    },
    counter(): number {
      const n = integer(take(8))
      if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(`${name}.counter`)
      return Number(n)
    },
    point: (): Point => decodePoint(take(33), `${name}.point`),
  }
}

// Which child key belongs to a path, and by which tweak? (SPEC 4.6; BIP-32 public derivation)

import { hmac } from '@noble/hashes/hmac.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat } from './bytes.js'
import { encodePoint, mod, mulBase, ORDER, type Point } from './curve.js'
import { Malformed } from './errors.js'
import { integer, u32be } from './transcript.js'

/** Non-hardened child indices, at most five, relative to the wallet's public key. */
export type Path = readonly number[]

let tweakOf: (scalar: bigint) => DerivedTweak

class DerivedTweak {
  readonly kind = 'tweak'
  readonly scalar: bigint
  /** Nominal: an object that only looks like a tweak does not compile as one. */
  declare protected readonly derived: true

  private constructor(scalar: bigint) {
    this.scalar = scalar
  }

  static {
    tweakOf = (scalar) => new DerivedTweak(scalar)
  }
}

/** The scalar e with `X' = X + e*G`; only a derivation makes one, so a raw scalar or a digest cannot stand for it. */
export type Tweak = DerivedTweak

/** A public key with the chain code that derives its children. */
export interface ExtendedKey {
  readonly publicKey: Point
  /** 32 bytes */
  readonly chainCode: Uint8Array
}

export interface DerivedKey extends ExtendedKey {
  readonly tweak: Tweak
}

export const MAX_PATH_LEVELS = 5

/** Reads `m` or `m/0/7`: decimal, no leading zeros, below 2^31. @throws Malformed */
export function parsePath(text: string): Path {
  const [root, ...levels] = text.split('/')
  if (root !== 'm' || levels.length > MAX_PATH_LEVELS) throw new Malformed('path')
  return levels.map((level) => {
    if (!/^(0|[1-9][0-9]{0,9})$/.test(level) || Number(level) >= 2 ** 31) throw new Malformed('path')
    return Number(level)
  })
}

/** The text form of a path. */
export function formatPath(path: Path): string {
  return ['m', ...path].join('/')
}

/**
 * Walks a path: per level `I = HMAC-SHA512(cc, ser(X) || u32be(index))`, `e = int(I[0..31])`, `X' = X + e*G`.
 * @throws Malformed where an index has no key (probability 2^-127): the caller skips it
 */
export function derive(key: ExtendedKey, path: Path): DerivedKey {
  if (path.length > MAX_PATH_LEVELS) throw new Malformed('path')
  let { publicKey, chainCode } = key
  let total = 0n
  for (const index of path) {
    if (!Number.isInteger(index) || index < 0 || index >= 2 ** 31) throw new Malformed('path')
    const i = hmac(sha512, chainCode, concat(encodePoint(publicKey), u32be(index)))
    const e = integer(i.subarray(0, 32))
    if (e >= ORDER) throw new Malformed('path')
    publicKey = publicKey.add(mulBase(e))
    if (publicKey.is0()) throw new Malformed('path')
    chainCode = i.slice(32)
    total = mod(total + e)
  }
  return { publicKey, chainCode, tweak: tweakOf(total) }
}

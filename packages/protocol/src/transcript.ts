// How is anything hashed? One injective construction everywhere. (SPEC 0.2)

import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { readBigEndian } from './bytes.js'
import { ORDER } from './curve.js'
import { Misuse } from './errors.js'
import { TAGS, type Tag } from './tags.js'

const prefixes = new Map<Tag, Uint8Array>()
for (const tag of TAGS) {
  const t = sha256(utf8ToBytes(`mpc/v1/${tag}`))
  const prefix = new Uint8Array(64)
  prefix.set(t, 0)
  prefix.set(t, 32)
  prefixes.set(tag, prefix)
}

/** A part of a hash: bytes, or a string that stands for its UTF-8 bytes. Numbers go through {@link u32be} or {@link u64be}. */
export type Part = Uint8Array | string

/** 4 bytes, big-endian: versions, party numbers, steps, roles, bits, indices, batch sizes. */
export function u32be(n: number): Uint8Array {
  if (!Number.isInteger(n) || n < 0 || n > 0xffffffff) throw new Misuse('u32be: not a 32-bit integer')
  return Uint8Array.of(n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255)
}

/** 8 bytes, big-endian: epochs, attempts, counters. */
export function u64be(n: number): Uint8Array {
  if (!Number.isSafeInteger(n) || n < 0) throw new Misuse('u64be: not a safe non-negative integer')
  const out = new Uint8Array(8)
  out.set(u32be(Math.floor(n / 2 ** 32)), 0)
  out.set(u32be(n % 2 ** 32), 4)
  return out
}

/** `TH(tag, p1..pk) = SHA256(T || T || u32be(len p1) || p1 || ...)`, `T = SHA256("mpc/v1/" + tag)`; 32 bytes. */
export function TH(tag: Tag, ...parts: readonly Part[]): Uint8Array {
  const prefix = prefixes.get(tag)
  if (prefix === undefined) throw new Misuse('TH: unknown tag')
  const hash = sha256.create().update(prefix)
  for (const part of parts) {
    const bytes = typeof part === 'string' ? utf8ToBytes(part) : part
    hash.update(u32be(bytes.length)).update(bytes)
  }
  return hash.digest()
}

/** A scalar from a hash: 384 bits of {@link TH} expanded and reduced modulo the group order (bias below 2^-127). */
export function HS(tag: Tag, ...parts: readonly Part[]): bigint {
  const d = TH(tag, ...parts)
  const input = new Uint8Array(33)
  input.set(d, 0)
  const wide = new Uint8Array(48)
  wide.set(sha256(input), 0)
  input[32] = 1
  wide.set(sha256(input).subarray(0, 16), 32)
  return integer(wide) % ORDER
}

/** The big-endian integer that the bytes stand for. */
export function integer(bytes: Uint8Array): bigint {
  return readBigEndian(bytes)
}

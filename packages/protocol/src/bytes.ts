// How are byte strings joined, compared and selected without a secret branch? (SPEC 0.2, 7.29)

import { Misuse } from './errors.js'

/** The parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Equality of two byte strings of the same public length, in time that depends on the length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number)
  return difference === 0
}

/** `a` where `bit` is 0, `b` where it is 1, through a byte mask: no branch, no secret index. */
export function selectBytes(bit: number, a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length !== b.length) throw new Misuse('selectBytes: lengths differ')
  const mask = -(bit & 1) & 0xff
  const out = new Uint8Array(a.length)
  for (let i = 0; i < out.length; i++) out[i] = ((a[i] as number) & (mask ^ 0xff)) | ((b[i] as number) & mask)
  return out
}

/** Bit i of a byte string: `(byte[i>>3] >> (i&7)) & 1`. */
export function bitOf(bytes: Uint8Array, i: number): number {
  return ((bytes[i >> 3] as number) >> (i & 7)) & 1
}

/** The big-endian integer that the bytes stand for, read in words: secrets pass through no string of digits. */
export function readBigEndian(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const head = bytes.length & 7
  let n = 0n
  for (let at = 0; at < head; at++) n = (n << 8n) | BigInt(view.getUint8(at))
  for (let at = head; at < bytes.length; at += 8) n = (n << 64n) | view.getBigUint64(at)
  return n
}

/** Whether every byte is zero (for public values). */
export function isZero(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 0)
}

// How is one part of a kit changed, and the kit sealed or derived anew around it?

import type { Random } from '@tercet/protocol/random'
import { toBase64url } from '@tercet/wire/base64url'
import type { JsonObject } from '@tercet/wire/canonical-json'
import { below } from '../random.js'
import { type Path, refitted, type SignedKit, sealed, valueAt, withValue } from './documents.js'

/** One way of damage: the bytes of a kit that is not right any more. */
export type Damage = (random: Random, kit: SignedKit, other: SignedKit) => Uint8Array

export function pick<T>(random: Random, list: readonly T[]): T {
  return list[below(random, list.length)] as T
}

/** One bit is another, somewhere in [from, to). */
export function flipped(random: Random, bytes: Uint8Array, from = 0, to = bytes.length): Uint8Array {
  const at = from + below(random, to - from)
  const mask = 1 << below(random, 8)
  return bytes.map((byte, i) => (i === at ? byte ^ mask : byte))
}

/** The place that a text such as `commitments.0.1` names. */
export function place(text: string): Path {
  return text.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key))
}

export function put(document: JsonObject, path: Path, bytes: Uint8Array): JsonObject {
  return withValue(document, path, toBase64url(bytes))
}

export function swapped(document: JsonObject, p: Path, q: Path): JsonObject {
  return withValue(withValue(document, p, valueAt(document, q)), q, valueAt(document, p))
}

/** The kit around a changed document, with every derived part and every signature made anew too. */
export function refit({ signers }: SignedKit, document: JsonObject): Uint8Array {
  return sealed(refitted({ document, signers }))
}

// Which mutations of a message exist? All that its entry in the registry allows. (SPEC 0.3; security.md 5, item 2)

import { concat } from '@tercet/protocol/bytes'
import { encodeScalar, ORDER } from '@tercet/protocol/curve'
import {
  type FieldSpec,
  MESSAGES,
  type MessageName,
  type MessageSpec,
  messageLength,
} from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { below } from '../support/random.js'
import { isPoint, isScalar, OFF_CURVE, X_NOT_BELOW_P } from './encodings.js'

/** One value of one field of a body. */
export interface Cell {
  readonly field: FieldSpec
  /** Batch index, or 0. */
  readonly item: number
  readonly at: number
  readonly length: number
}

export const KINDS = [
  'flip',
  'truncate',
  'extend',
  'zero',
  'identity',
  'order',
  'off-curve',
  'x-not-below-p',
  'uncompressed',
  'hybrid',
  'other-session',
  'other-item',
] as const
export type Kind = (typeof KINDS)[number]

export interface Mutation {
  readonly message: MessageName
  readonly cell: Cell
  readonly kind: Kind
  /** The whole mutated body. */
  readonly body: Uint8Array
  /** Whether every field has the encoding and the length that the registry asks for. */
  readonly wellFormed: boolean
}

/** Where each value of a message stands in its body. */
export function layout(message: MessageName, batch: number, body: Uint8Array): Cell[] {
  const spec: MessageSpec = MESSAGES[message]
  const cells: Cell[] = []
  let at = 2
  for (const field of spec.fields) {
    if (field.type === 'variable') {
      cells.push({ field, item: 0, at: at + 4, length: body.length - at - 4 })
      at = body.length
      continue
    }
    const length = field.length === 'batch' ? extensionBytes(batch) : field.length
    for (let item = 0; item < (field.count === 'batch' ? batch : 1); item++) {
      cells.push({ field, item, at, length })
      at += length
    }
  }
  const last = spec.fields.at(-1)
  if (
    at !== body.length ||
    body.length !== messageLength(message, batch, last?.type === 'variable' ? (cells.at(-1)?.length ?? 0) : 0)
  )
    throw new Error(`${message}: the registry and the body disagree`)
  return cells
}

/** 128 rows of the choice bits, rounded up to blocks of 128, and 128 mask bits. */
function extensionBytes(batch: number): number {
  return 128 * (16 * Math.ceil((batch * 416) / 128) + 16)
}

/** Every mutation of one cell; those that leave the body as it was are left out. */
export function mutationsOf(
  message: MessageName,
  cells: readonly Cell[],
  cell: Cell,
  body: Uint8Array,
  otherSession: Uint8Array,
  random: Random,
): Mutation[] {
  const value = body.slice(cell.at, cell.at + cell.length)
  const found: Mutation[] = []
  const put = (kind: Kind, replacement: Uint8Array): void => {
    const mutated = concat(body.subarray(0, cell.at), replacement, body.subarray(cell.at + cell.length))
    if (Buffer.from(mutated).equals(body)) return
    const wellFormed = replacement.length === cell.length && encodes(cell.field, value, replacement)
    found.push({ message, cell, kind, body: mutated, wellFormed })
  }
  const flipped = value.slice()
  const bit = below(random, 8 * value.length)
  flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
  put('flip', flipped)
  put('truncate', value.slice(0, -1))
  put('extend', concat(value, Uint8Array.of(0)))
  put('zero', new Uint8Array(value.length))
  if (otherSession.length === body.length)
    put('other-session', otherSession.slice(cell.at, cell.at + cell.length))
  for (const peer of cells) {
    if (peer.field === cell.field && peer.item !== cell.item)
      put('other-item', body.slice(peer.at, peer.at + peer.length))
  }
  const unit = unitOf(cell.field)
  if (unit === undefined) return found
  // A list of points or scalars: one of them, anywhere in the list.
  const at = unit * below(random, value.length / unit)
  const within = (kind: Kind, replacement: Uint8Array): void =>
    put(kind, concat(value.subarray(0, at), replacement, value.subarray(at + unit)))
  if (unit === 33) {
    const one = value.subarray(at, at + unit)
    within('identity', Uint8Array.of(0))
    within('identity', new Uint8Array(unit))
    within('off-curve', OFF_CURVE)
    within('x-not-below-p', X_NOT_BELOW_P)
    within('order', Uint8Array.of(2, ...encodeScalar(ORDER)))
    within('hybrid', Uint8Array.of((one[0] as number) + 4, ...one.subarray(1)))
    within('uncompressed', Uint8Array.of(4, ...one.subarray(1), ...one.subarray(1)))
  } else {
    within('order', encodeScalar(ORDER))
    within('order', encodeScalar(ORDER + 1n))
    within('order', new Uint8Array(unit).fill(255))
  }
  return found
}

/** Bytes of one point or scalar of a field; 32-byte strings count as scalars, to be given the order too. */
function unitOf(field: FieldSpec): 32 | 33 | undefined {
  if (field.type === 'point' || field.type === 'points') return 33
  if (field.type === 'scalar' || field.type === 'scalars') return 32
  return field.type === 'bytes' && field.length === 32 ? 32 : undefined
}

/** Whether a replacement of the right length is an encoding of its field, decided without the code under test. */
function encodes(field: FieldSpec, honest: Uint8Array, value: Uint8Array): boolean {
  const units = (size: number, valid: (unit: Uint8Array) => boolean): boolean => {
    for (let at = 0; at < value.length; at += size) {
      const unit = value.subarray(at, at + size)
      if (!Buffer.from(unit).equals(honest.subarray(at, at + size)) && !valid(unit)) return false
    }
    return true
  }
  switch (field.type) {
    case 'point':
    case 'points':
      return units(33, isPoint)
    case 'scalar':
    case 'scalars':
      return units(32, isScalar)
    case 'choice':
      return (value[0] as number) < (field.values ?? []).length
    case 'counter':
      return Buffer.from(value).readBigUInt64BE() <= BigInt(Number.MAX_SAFE_INTEGER)
    case 'batch':
      // The length of the body follows from it.
      return false
    default:
      return !PROOFS.has(field.name) || (isPoint(value.subarray(0, 33)) && isScalar(value.subarray(33)))
  }
}

/** Byte fields that are a point R and a scalar z. */
const PROOFS = new Set([
  'proof0',
  'proof1',
  'proofA0',
  'proofA1',
  'proofB0',
  'proofB1',
  'recoveryProof',
  'shareProof',
])

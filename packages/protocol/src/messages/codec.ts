// How is a message written, and how is it read strictly? (SPEC 0.3)

import { concat } from '../bytes.js'
import {
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  ORDER,
  POINT_BYTES,
  type Point,
  SCALAR_BYTES,
} from '../curve.js'
import { Malformed, Misuse } from '../errors.js'
import { MAX_BATCH, uBytes } from '../oblivious/parameters.js'
import { VERSION } from '../session.js'
import { integer, u32be, u64be } from '../transcript.js'
import type { FieldSpec, MessageSpec } from './fields.js'
import { type FieldsOf, MESSAGES, type MessageName, type MessageOf } from './registry.js'

function unitLength(field: FieldSpec, batch: number): number {
  return field.length === 'batch' ? uBytes(batch) : field.length
}

/** Exact body length of a message for a batch size, with `variableBytes` for its variable field. */
export function messageLength(name: MessageName, batch = 1, variableBytes = 0): number {
  let total = 2
  for (const field of MESSAGES[name].fields as readonly FieldSpec[]) {
    if (field.type === 'variable') total += 4 + variableBytes
    else total += unitLength(field, batch) * (field.count === 'batch' ? batch : 1)
  }
  return total
}

function encodeValue(field: FieldSpec, value: unknown, batch: number): Uint8Array {
  switch (field.type) {
    case 'point':
      return encodePoint(value as Point)
    case 'scalar':
      return encodeScalar(value as bigint)
    case 'counter':
      return u64be(value as number)
    case 'batch':
      return u32be(value as number)
    case 'choice': {
      const index = (field.values ?? []).indexOf(value as string)
      if (index < 0) throw new Misuse(`${field.name}: not one of its values`)
      return Uint8Array.of(index)
    }
    case 'variable': {
      const body = value as Uint8Array
      if (body.length > (field.length as number)) throw new Malformed(field.name)
      return concat(u32be(body.length), body)
    }
    default: {
      const body = value as Uint8Array
      if (body.length !== unitLength(field, batch)) throw new Misuse(`${field.name}: wrong length`)
      return body
    }
  }
}

/** The body of a message: version || type || fields. @throws Misuse if a value does not fit its field */
export function encodeMessage<N extends MessageName>(name: N, fields: FieldsOf<N>): Uint8Array {
  const spec: MessageSpec = MESSAGES[name]
  const values = fields as Readonly<Record<string, unknown>>
  const parts: Uint8Array[] = [Uint8Array.of(VERSION, spec.type)]
  const batch = spec.fields.reduce((n, f) => {
    const value = values[f.name]
    return f.count === 'batch' ? (value as readonly unknown[]).length : n
  }, 1)
  for (const field of spec.fields) {
    const value = values[field.name]
    if (field.count === 1) parts.push(encodeValue(field, value, batch))
    else {
      const list = value as readonly unknown[]
      if (list.length !== batch) throw new Misuse(`${field.name}: not one per batch item`)
      for (const item of list) parts.push(encodeValue(field, item, batch))
    }
  }
  return concat(...parts)
}

/** q - 1, the largest scalar. */
const LARGEST_SCALAR = encodeScalar(ORDER - 1n)

/** Whether 32 big-endian bytes are at most q - 1. The values are public corrections. */
function belowOrder(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < SCALAR_BYTES; i++) {
    const difference = (bytes[at + i] as number) - (LARGEST_SCALAR[i] as number)
    if (difference !== 0) return difference < 0
  }
  return true
}

function decodeValue(field: FieldSpec, body: Uint8Array): unknown {
  switch (field.type) {
    case 'point':
      return decodePoint(body, field.name)
    case 'scalar':
      return decodeScalar(body, field.name, 'zero-allowed')
    case 'points': {
      const points: Point[] = []
      for (let at = 0; at < body.length; at += POINT_BYTES)
        points.push(decodePoint(body.subarray(at, at + POINT_BYTES), field.name))
      return { bytes: body, points }
    }
    case 'scalars':
      for (let at = 0; at < body.length; at += SCALAR_BYTES)
        if (!belowOrder(body, at)) throw new Malformed(field.name)
      return body
    case 'counter': {
      const n = integer(body)
      if (n > BigInt(Number.MAX_SAFE_INTEGER)) throw new Malformed(field.name)
      return Number(n)
    }
    case 'batch': {
      const n = Number(integer(body))
      if (n < 1 || n > MAX_BATCH) throw new Malformed(field.name)
      return n
    }
    case 'choice': {
      const value = field.values?.[body[0] as number]
      if (value === undefined) throw new Malformed(field.name)
      return value
    }
    default:
      return body
  }
}

/**
 * Reads a body strictly: version, type, every field, exact total length.
 * @param batch the session's batch size for messages that do not carry it
 * @throws Malformed naming the field
 */
export function decodeMessage<N extends MessageName>(
  name: N,
  body: Uint8Array,
  batch?: number,
): MessageOf<N> {
  const spec: MessageSpec = MESSAGES[name]
  if (body.length < 2 || body[0] !== VERSION) throw new Malformed('version')
  if (body[1] !== spec.type) throw new Malformed('type')
  const bytes = Uint8Array.from(body)
  const values: Record<string, unknown> = { bytes }
  let at = 2
  let size = batch ?? 1
  const read = (length: number, field: string): Uint8Array => {
    if (at + length > bytes.length) throw new Malformed(field)
    at += length
    return bytes.subarray(at - length, at)
  }
  for (const field of spec.fields) {
    if (field.type === 'variable') {
      const length = Number(integer(read(4, field.name)))
      if (length > (field.length as number)) throw new Malformed(field.name)
      values[field.name] = read(length, field.name)
    } else if (field.count === 1) {
      values[field.name] = decodeValue(field, read(unitLength(field, size), field.name))
      if (field.type === 'batch') {
        const declared = values[field.name] as number
        if ((batch !== undefined && declared !== batch) || (spec.operation === 'fresh' && declared !== 1))
          throw new Malformed(field.name)
        size = declared
      }
    } else {
      const list: unknown[] = []
      for (let n = 0; n < size; n++) list.push(decodeValue(field, read(unitLength(field, size), field.name)))
      values[field.name] = list
    }
  }
  if (at !== bytes.length) throw new Malformed('length')
  return values as MessageOf<N>
}

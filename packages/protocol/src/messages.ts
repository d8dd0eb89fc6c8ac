// Which messages exist, and what exactly is in each? Data, from which the encoders and decoders are driven. (SPEC 0.3, 1.2, 2.5, 4.3, 4.4)

import { concat } from './bytes.js'
import {
  decodePoint,
  decodeScalar,
  encodePoint,
  encodeScalar,
  ORDER,
  POINT_BYTES,
  type Point,
  SCALAR_BYTES,
} from './curve.js'
import { Malformed, Misuse } from './errors.js'
import { AT_BYTES, BASE_OT_MESSAGE_BYTES, MAX_BATCH, uBytes } from './oblivious/parameters.js'
import { type OpType, VERSION } from './session.js'
import { integer, u32be, u64be } from './transcript.js'

export { MAX_BATCH }
export const MAX_REQUEST_BYTES = 65536
export const MAX_ADDRESS_BYTES = 1024

// Deviation: Schnorr proofs and verifiable encryptions are `bytes` here; they are read, as strictly, where they are
// verified. Whether they can be read depends on no secret.
const bytes = <const N extends string, const L extends number>(name: N, length: L) =>
  ({ name, type: 'bytes', length, count: 1 }) as const
const bytesEach = <const N extends string, const L extends number>(name: N, length: L) =>
  ({ name, type: 'bytes', length, count: 'batch' }) as const
const point = <const N extends string>(name: N) =>
  ({ name, type: 'point', length: POINT_BYTES, count: 1 }) as const
const pointEach = <const N extends string>(name: N) =>
  ({ name, type: 'point', length: POINT_BYTES, count: 'batch' }) as const
const scalar = <const N extends string>(name: N) =>
  ({ name, type: 'scalar', length: SCALAR_BYTES, count: 1 }) as const
const scalarEach = <const N extends string>(name: N) =>
  ({ name, type: 'scalar', length: SCALAR_BYTES, count: 'batch' }) as const
/** 256 points of one base-OT message, both of every pair decoded. */
const baseOt = <const N extends string>(name: N) =>
  ({ name, type: 'points', length: BASE_OT_MESSAGE_BYTES, count: 1 }) as const
/** at of one multiplication: 416 * 3 scalars, ordered by j, then w; kept as bytes, every one below q. */
const corrections = <const N extends string>(name: N) =>
  ({ name, type: 'scalars', length: AT_BYTES, count: 'batch' }) as const
/**
 * u32be length || bytes. Deviation: it comes last wherever a list of the text names it earlier (the address in
 * keygen.res3, the request in fresh.req2), so that every other field stands at a fixed place.
 */
const variable = <const N extends string, const L extends number>(name: N, max: L) =>
  ({ name, type: 'variable', length: max, count: 1 }) as const
const choice = <const N extends string, const V extends readonly string[]>(name: N, values: V) =>
  ({ name, type: 'choice', length: 1, count: 1, values }) as const
const counter = <const N extends string>(name: N) => ({ name, type: 'counter', length: 8, count: 1 }) as const

const batchSize = { name: 'batch', type: 'batch', length: 4, count: 1 } as const
const extension = { name: 'u', type: 'extension', length: 'batch', count: 1 } as const

const EXTENSION_OPENING = [extension, bytes('xt', 16), bytes('hT', 32)] as const
const MULTIPLICATION_ANSWER = [
  corrections('at'),
  scalarEach('eta'),
  bytesEach('mu', 32),
  pointEach('gu'),
  pointEach('gv'),
  scalarEach('psi'),
] as const

const signingRequest1 = [
  bytes('keyId', 32),
  counter('epoch'),
  counter('attempt'),
  bytes('otSetupA', 32),
  bytes('otSetupB', 32),
] as const
const signingResponse1 = [
  bytes('nonce', 32),
  pointEach('r'),
  ...MULTIPLICATION_ANSWER,
  ...EXTENSION_OPENING,
] as const
const signingRequest2 = [pointEach('r'), bytesEach('rho', 32), ...MULTIPLICATION_ANSWER] as const
// Deviation: 98 bytes where the text counts 96, as every body begins with its version and type.
const signatureShare = [bytes('nonce', 32), scalar('w'), scalar('u')] as const

const OT_REASONS = ['peer-fault', 'burned', 'rotation', 'mismatch', 'pair'] as const
export type OtReason = (typeof OT_REASONS)[number]

/** Every message: type byte, operation, step (Req k is 2k-1, Res k is 2k), direction, and fields in wire order. */
export const MESSAGES = {
  'keygen.req1': {
    type: 0x01,
    operation: 'keygen',
    step: 1,
    direction: 'req',
    fields: [
      bytes('nonce', 32),
      bytes('sealKey', 32),
      point('recoveryKey'),
      bytes('recoveryProof', 65),
      bytes('policyHash', 32),
      bytes('commitment', 32),
    ],
  },
  'keygen.res1': {
    type: 0x02,
    operation: 'keygen',
    step: 2,
    direction: 'res',
    fields: [
      bytes('nonce', 32),
      bytes('sealKey', 32),
      point('a0'),
      point('a1'),
      bytes('chainCode', 32),
      bytes('proof0', 65),
      bytes('proof1', 65),
      baseOt('baseOtA1'),
    ],
  },
  'keygen.req2': {
    type: 0x03,
    operation: 'keygen',
    step: 3,
    direction: 'req',
    fields: [
      point('a0'),
      point('a1'),
      bytes('chainCode', 32),
      bytes('rho', 32),
      bytes('proof0', 65),
      bytes('proof1', 65),
      bytes('sealedSubShare', 80),
      bytes('encryption', 14480),
      baseOt('baseOtA2'),
      baseOt('baseOtB1'),
    ],
  },
  'keygen.res2': {
    type: 0x04,
    operation: 'keygen',
    step: 4,
    direction: 'res',
    fields: [
      bytes('sealedSubShare', 80),
      bytes('encryption', 14480),
      baseOt('baseOtB2'),
      bytes('shareProof', 65),
      bytes('signature', 64),
    ],
  },
  'keygen.req3': {
    type: 0x05,
    operation: 'keygen',
    step: 5,
    direction: 'req',
    fields: [bytes('transcript', 32), bytes('shareProof', 65), bytes('signature', 64)],
  },
  'keygen.res3': {
    type: 0x06,
    operation: 'keygen',
    step: 6,
    direction: 'res',
    fields: [bytes('active', 64), bytes('addressSignature', 64), variable('nodeAddress', MAX_ADDRESS_BYTES)],
  },
  'ot.req1': {
    type: 0x11,
    operation: 'ot',
    step: 1,
    direction: 'req',
    fields: [bytes('nonce', 32), choice('reason', OT_REASONS)],
  },
  'ot.res1': {
    type: 0x12,
    operation: 'ot',
    step: 2,
    direction: 'res',
    fields: [bytes('nonce', 32), baseOt('baseOtA1')],
  },
  'ot.req2': {
    type: 0x13,
    operation: 'ot',
    step: 3,
    direction: 'req',
    fields: [baseOt('baseOtA2'), baseOt('baseOtB1')],
  },
  'ot.res2': {
    type: 0x14,
    operation: 'ot',
    step: 4,
    direction: 'res',
    fields: [baseOt('baseOtB2'), bytes('confirm', 32)],
  },
  'presign.req1': {
    type: 0x21,
    operation: 'presign',
    step: 1,
    direction: 'req',
    fields: [
      ...signingRequest1,
      choice('mode', ['pool']),
      batchSize,
      bytes('nonce', 32),
      bytesEach('commitment', 32),
      ...EXTENSION_OPENING,
    ],
  },
  'presign.res1': { type: 0x22, operation: 'presign', step: 2, direction: 'res', fields: signingResponse1 },
  'presign.req2': { type: 0x23, operation: 'presign', step: 3, direction: 'req', fields: signingRequest2 },
  'presign.res2': {
    type: 0x24,
    operation: 'presign',
    step: 4,
    direction: 'res',
    fields: [bytesEach('presigId', 32)],
  },
  'fresh.req1': {
    type: 0x31,
    operation: 'fresh',
    step: 1,
    direction: 'req',
    fields: [
      ...signingRequest1,
      choice('mode', ['fresh']),
      batchSize,
      bytes('nonce', 32),
      bytesEach('commitment', 32),
      ...EXTENSION_OPENING,
      variable('request', MAX_REQUEST_BYTES),
    ],
  },
  'fresh.res1': { type: 0x32, operation: 'fresh', step: 2, direction: 'res', fields: signingResponse1 },
  'fresh.req2': {
    type: 0x33,
    operation: 'fresh',
    step: 3,
    direction: 'req',
    fields: [...signingRequest2, bytes('view', 32), variable('request', MAX_REQUEST_BYTES)],
  },
  'fresh.res2': { type: 0x34, operation: 'fresh', step: 4, direction: 'res', fields: signatureShare },
  'sign.req1': {
    type: 0x41,
    operation: 'sign',
    step: 1,
    direction: 'req',
    fields: [bytes('presigId', 32), bytes('view', 32), variable('request', MAX_REQUEST_BYTES)],
  },
  'sign.res1': { type: 0x42, operation: 'sign', step: 2, direction: 'res', fields: signatureShare },
} as const satisfies Record<string, MessageSpec>

type FieldType =
  | 'bytes'
  | 'point'
  | 'points'
  | 'scalar'
  | 'scalars'
  | 'variable'
  | 'choice'
  | 'counter'
  | 'batch'
  | 'extension'

export interface FieldSpec {
  readonly name: string
  readonly type: FieldType
  /** Bytes of one value; the most for `variable`; `batch` where it is a function of the batch size. */
  readonly length: number | 'batch'
  /** How many values stand in a row: one, or one per batch index. */
  readonly count: 1 | 'batch'
  readonly values?: readonly string[]
}

export interface MessageSpec {
  readonly type: number
  readonly operation: OpType
  readonly step: number
  readonly direction: 'req' | 'res'
  readonly fields: readonly FieldSpec[]
}

export type MessageName = keyof typeof MESSAGES

/** Points of a base-OT message: their exact bytes, and (when received) the decoded points. */
export interface PointList {
  readonly bytes: Uint8Array
  readonly points: readonly Point[]
}

type One<F, Received> = F extends { type: 'point' }
  ? Point
  : F extends { type: 'scalar' }
    ? bigint
    : F extends { type: 'points' }
      ? Received extends true
        ? PointList
        : Uint8Array
      : F extends { type: 'choice'; values: readonly (infer V)[] }
        ? V
        : F extends { type: 'counter' | 'batch' }
          ? number
          : Uint8Array
type Value<F, Received> = F extends { count: 'batch' } ? readonly One<F, Received>[] : One<F, Received>
type Fields<N extends MessageName, Received> = {
  readonly [F in (typeof MESSAGES)[N]['fields'][number] as F['name']]: Value<F, Received>
}

/** What a sender fills in. */
export type FieldsOf<N extends MessageName> = Fields<N, false>
/** A received message: every field decoded, and the exact bytes of the body. */
export type MessageOf<N extends MessageName> = Fields<N, true> & { readonly bytes: Uint8Array }

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

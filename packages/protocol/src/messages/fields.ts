// Which kinds of fields can a message have, and how does the registry write them? (SPEC 0.3)

import { POINT_BYTES, SCALAR_BYTES } from '../curve.js'
import { AT_BYTES, BASE_OT_MESSAGE_BYTES } from '../oblivious/parameters.js'
import type { OpType } from '../session.js'

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

// Deviation: Schnorr proofs and verifiable encryptions are `bytes` here; they are read, as strictly, where they are
// verified. Whether they can be read depends on no secret.
export const bytes = <const N extends string, const L extends number>(name: N, length: L) =>
  ({ name, type: 'bytes', length, count: 1 }) as const
export const bytesEach = <const N extends string, const L extends number>(name: N, length: L) =>
  ({ name, type: 'bytes', length, count: 'batch' }) as const
export const point = <const N extends string>(name: N) =>
  ({ name, type: 'point', length: POINT_BYTES, count: 1 }) as const
export const pointEach = <const N extends string>(name: N) =>
  ({ name, type: 'point', length: POINT_BYTES, count: 'batch' }) as const
export const scalar = <const N extends string>(name: N) =>
  ({ name, type: 'scalar', length: SCALAR_BYTES, count: 1 }) as const
export const scalarEach = <const N extends string>(name: N) =>
  ({ name, type: 'scalar', length: SCALAR_BYTES, count: 'batch' }) as const
/** 256 points of one base-OT message, both of every pair decoded. */
export const baseOt = <const N extends string>(name: N) =>
  ({ name, type: 'points', length: BASE_OT_MESSAGE_BYTES, count: 1 }) as const
/** at of one multiplication: 416 * 3 scalars, ordered by j, then w; kept as bytes, every one below q. */
export const corrections = <const N extends string>(name: N) =>
  ({ name, type: 'scalars', length: AT_BYTES, count: 'batch' }) as const
/**
 * u32be length || bytes. Deviation: it comes last wherever a list of the text names it earlier (the address in
 * keygen.res3, the request in fresh.req2), so that every other field stands at a fixed place.
 */
export const variable = <const N extends string, const L extends number>(name: N, max: L) =>
  ({ name, type: 'variable', length: max, count: 1 }) as const
export const choice = <const N extends string, const V extends readonly string[]>(name: N, values: V) =>
  ({ name, type: 'choice', length: 1, count: 1, values }) as const
export const counter = <const N extends string>(name: N) =>
  ({ name, type: 'counter', length: 8, count: 1 }) as const

export const batchSize = { name: 'batch', type: 'batch', length: 4, count: 1 } as const
export const extension = { name: 'u', type: 'extension', length: 'batch', count: 1 } as const

// How many transfers, rows and check bits are there? Constants that nothing can configure. (SPEC 3.1, 3.8, 7.12)

import { POINT_BYTES, SCALAR_BYTES } from '../curve.js'
import { Misuse } from '../errors.js'

/** lambda_c: base OTs of one direction, and rows of the extension. */
export const BASE_OTS = 128
/** xi = kappa + 2*lambda_s: transfers that one multiplication uses. */
export const XI = 256 + 2 * 80
/** S: bits of the check field GF(2^128), and mask bits behind the choice bits. */
export const CHECK_BITS = 128
/** Columns of corrections per transfer: two inputs and the check value. */
export const COLUMNS = 3
/** Multiplications under one extension check, at most. */
export const MAX_BATCH = 16

export const KEY_BYTES = 32
/** The keys of one choice for all base OTs, in one string. */
export const KEYS_BYTES = BASE_OTS * KEY_BYTES
/** Delta, and a row of the transposed matrix. */
export const DELTA_BYTES = BASE_OTS / 8
/** An element of the check field, xt on the wire. */
export const CHECK_BYTES = CHECK_BITS / 8
export const HASH_BYTES = 32
/** BOT1 and BOT2: two points per base OT. */
export const BASE_OT_MESSAGE_BYTES = BASE_OTS * 2 * POINT_BYTES
/** The corrections `at` of one multiplication. */
export const AT_BYTES = XI * COLUMNS * SCALAR_BYTES

// A lowered constant makes a cheat a matter of a few tries, so a lowered build does not start.
if (BASE_OTS !== 128 || XI !== 416 || CHECK_BITS !== 128 || COLUMNS !== 3 || MAX_BATCH !== 16)
  throw new Misuse('the parameters of the OT extension were changed')

/** Check blocks of a batch: `ceil(B*xi/128)`. @throws Misuse unless 1 <= batch <= 16 */
export function blocks(batch: number): number {
  if (!Number.isInteger(batch) || batch < 1 || batch > MAX_BATCH) throw new Misuse('batch size')
  return Math.ceil((batch * XI) / CHECK_BITS)
}

/** Bytes of one row: the choice bits of all blocks, then the mask bits. */
export function rowBytes(batch: number): number {
  return (blocks(batch) + 1) * CHECK_BYTES
}

/** Bytes of U on the wire. */
export function uBytes(batch: number): number {
  return BASE_OTS * rowBytes(batch)
}

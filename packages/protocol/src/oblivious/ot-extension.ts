// How do 128 base OTs become B*416 transfers, checked once for the whole batch? (SPEC 3.2, 3.3, 3.8)

import { sha256 } from '@noble/hashes/sha2.js'
import { bitOf, equalBytes } from '../bytes.js'
import { mod, randomBytes, SCALAR_BYTES } from '../curve.js'
import { Malformed, Misuse, ProtocolAbort } from '../errors.js'
import type { Random } from '../random.js'
import { expose } from '../secret.js'
import { TH, u32be } from '../transcript.js'
import { combiner } from './gf128.js'
import {
  BASE_OTS,
  blocks,
  CHECK_BYTES,
  DELTA_BYTES,
  HASH_BYTES,
  KEY_BYTES,
  rowBytes,
  uBytes,
  XI,
} from './parameters.js'
import { type ExtensionReceiver, type ExtensionSender, gadget } from './setup.js'
import { shortHash } from './short-hash.js'
import { selectInteger, viewOf } from './words.js'

/** What the receiver sends: the masked choices, and the check value with the hash of the check rows. */
export interface ExtensionMessage {
  /** 128 rows; 10240 bytes for B = 1. */
  readonly U: Uint8Array
  /** 16 bytes. */
  readonly xt: Uint8Array
  /** 32 bytes. */
  readonly hT: Uint8Array
}

/** The secret state of the receiver between the two messages. The caller keeps it in a one-time box. */
export interface MultiplicationReceiver {
  readonly otSetupId: Uint8Array
  readonly batch: number
  /** x': bit J is the choice of transfer J; the check's own bits follow. */
  readonly choices: Uint8Array
  /** B*416 rows of 16 bytes: one of the two strings of each transfer, the one that was chosen. */
  readonly rows: Uint8Array
}

/**
 * The receiver's first message for B multiplications; `b[n]` is the random factor that it gets in multiplication n.
 * `sidR` (32 bytes) must hold a fresh nonce of the receiver. @throws Misuse unless 1 <= batch <= 16
 */
export function extend(
  receiver: ExtensionReceiver,
  sidR: Uint8Array,
  batch: number,
  random: Random,
): { state: MultiplicationReceiver; message: ExtensionMessage; b: readonly bigint[] } {
  const width = rowBytes(batch)
  const { keys0, keys1 } = expose(receiver.secret)
  const choices = randomBytes(random, width)
  const t = expandAll(keys0, sidR, width)
  const U = expandAll(keys1, sidR, width)
  for (let i = 0; i < BASE_OTS; i++)
    for (let k = 0, at = i * width; k < width; k++, at++)
      U[at] = (U[at] as number) ^ (t[at] as number) ^ (choices[k] as number)

  const comb = combiner(factors(sidR, U, batch))
  const xt = comb(choices)
  const checks = new Uint8Array(BASE_OTS * CHECK_BYTES)
  for (let i = 0; i < BASE_OTS; i++) checks.set(comb(rowAt(t, i, width)), i * CHECK_BYTES)
  const message = { U, xt, hT: TH('ote/t', sidR, xt, sha256(checks)) }
  const rows = transpose(t, width, batch * XI)
  const state = { otSetupId: receiver.id, batch, choices, rows }
  return { state, message, b: multipliers(receiver.id, choices, batch) }
}

/**
 * The sender checks the message and gets its B*416 rows of 16 bytes: row J is the receiver's row J, XOR Delta where
 * the receiver's choice J is 1. The result of this check depends on Delta, so a failure burns the setup.
 * @throws Malformed `U`, `xt` or `hT` on a wrong length; ProtocolAbort `ot-extension` if the check fails
 */
export function answerExtension(
  sender: ExtensionSender,
  sidR: Uint8Array,
  batch: number,
  message: ExtensionMessage,
): Uint8Array {
  const width = rowBytes(batch)
  const { U, xt, hT } = message
  if (U.length !== uBytes(batch)) throw new Malformed('U')
  if (xt.length !== CHECK_BYTES) throw new Malformed('xt')
  if (hT.length !== HASH_BYTES) throw new Malformed('hT')
  const { delta, keys } = expose(sender.secret)
  const comb = combiner(factors(sidR, U, batch))
  const q = expandAll(keys, sidR, width)
  const checks = new Uint8Array(BASE_OTS * CHECK_BYTES)
  for (let i = 0; i < BASE_OTS; i++) {
    const mask = -bitOf(delta, i) & 0xff
    for (let at = i * width; at < (i + 1) * width; at++)
      q[at] = (q[at] as number) ^ ((U[at] as number) & mask)
    const check = comb(rowAt(q, i, width))
    for (let k = 0; k < CHECK_BYTES; k++)
      checks[i * CHECK_BYTES + k] = (check[k] as number) ^ ((xt[k] as number) & mask)
  }
  if (!equalBytes(TH('ote/t', sidR, xt, sha256(checks)), hT)) throw new ProtocolAbort('ot-extension')
  return transpose(q, width, batch * XI)
}

/**
 * `PRG(seed)`: `SHA256(seed || sidR[0..15] || u8(c))` for c = 0, 1, ..., the first `length` bytes. The input has 49
 * bytes, so that no input of TH is the same.
 */
export function expand(seed: Uint8Array, sidR: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length)
  const input = new Uint8Array(KEY_BYTES + 17)
  input.set(seed)
  input.set(sidR.subarray(0, 16), KEY_BYTES)
  const digest = new Uint8Array(HASH_BYTES)
  for (let c = 0, at = 0; at < length; c++, at += HASH_BYTES) {
    input[KEY_BYTES + 16] = c
    shortHash(input, digest)
    out.set(digest.subarray(0, length - at), at)
  }
  return out
}

function expandAll(keys: Uint8Array, sidR: Uint8Array, width: number): Uint8Array {
  if (sidR.length !== HASH_BYTES) throw new Misuse('sidR length')
  const out = new Uint8Array(BASE_OTS * width)
  for (let i = 0; i < BASE_OTS; i++)
    out.set(expand(keys.subarray(i * KEY_BYTES, (i + 1) * KEY_BYTES), sidR, width), i * width)
  return out
}

/** chi_j, one independent factor for each block of 128 choices, fixed only by the whole of U. */
function factors(sidR: Uint8Array, U: Uint8Array, batch: number): Uint8Array[] {
  const seed = TH('ote/chi', sidR, U)
  return Array.from({ length: blocks(batch) }, (_, j) =>
    TH('ote/chij', seed, u32be(j)).subarray(0, CHECK_BYTES),
  )
}

/** `b_n = sum_j beta_{n,j}*g_j mod q`. */
function multipliers(id: Uint8Array, choices: Uint8Array, batch: number): bigint[] {
  const { bytes } = gadget(id)
  const scratch = viewOf(new Uint8Array(SCALAR_BYTES))
  return Array.from({ length: batch }, (_, n) => {
    let sum = 0n
    for (let j = 0; j < XI; j++)
      sum += selectInteger(bitOf(choices, n * XI + j), bytes, j * SCALAR_BYTES, scratch)
    return mod(sum)
  })
}

function rowAt(matrix: Uint8Array, i: number, width: number): Uint8Array {
  return matrix.subarray(i * width, (i + 1) * width)
}

/** Bit i of row J of the result is bit J of row i of the matrix, for the first `count` columns. */
function transpose(matrix: Uint8Array, width: number, count: number): Uint8Array {
  const rows = new Uint8Array(count * DELTA_BYTES)
  for (let i = 0; i < BASE_OTS; i++) {
    const byte = i >> 3
    const shift = i & 7
    for (let J = 0; J < count; J++) {
      const at = J * DELTA_BYTES + byte
      const bit = ((matrix[i * width + (J >> 3)] as number) >> (J & 7)) & 1
      rows[at] = (rows[at] as number) | (bit << shift)
    }
  }
  return rows
}

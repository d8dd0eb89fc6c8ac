// How do two parties get 128 random transfers on the curve? Endemic OT of Masny and Rindal. (SPEC 2.2)

import { bitOf, concat, selectBytes } from '../bytes.js'
import {
  decodePoint,
  encodePoint,
  hashToCurve,
  mul,
  mulBase,
  POINT_BYTES,
  type Point,
  randomBytes,
  randomScalar,
} from '../curve.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { Party } from '../party.js'
import type { Random } from '../random.js'
import { TH, u32be, u64be } from '../transcript.js'
import { BASE_OT_MESSAGE_BYTES, BASE_OTS, DELTA_BYTES, KEY_BYTES, KEYS_BYTES } from './parameters.js'

/** A: the responder sends in the extension. B: the initiator does. */
export type Direction = 'A' | 'B'

/** What names one base OT; `sender` and `receiver` are those of the OT extension. */
export interface BaseOtNames {
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly attempt: number
  readonly nonceI: Uint8Array
  readonly nonceJ: Uint8Array
  readonly sender: Party
  readonly receiver: Party
  readonly direction: Direction
}

/** `otSid = TH("ot/sid", keyId, epoch, attempt, nO_I, nO_J, idES, idER, direction)`, 32 bytes. */
export function otSid(names: BaseOtNames): Uint8Array {
  return TH(
    'ot/sid',
    names.keyId,
    u64be(names.epoch),
    u64be(names.attempt),
    names.nonceI,
    names.nonceJ,
    u32be(names.sender),
    u32be(names.receiver),
    names.direction,
  )
}

/** `otSetupId = TH("ot/setup", otSid, TH("ot/m1", BOT1), TH("ot/m2", BOT2))`, 32 bytes. */
export function otSetupId(sid: Uint8Array, bot1: Uint8Array, bot2: Uint8Array): Uint8Array {
  return TH('ot/setup', sid, TH('ot/m1', bot1), TH('ot/m2', bot2))
}

/** `Hpt(i, b, P)`: a point whose discrete logarithm nobody knows. */
export function hashToPoint(sid: Uint8Array, i: number, b: 0 | 1, point: Uint8Array): Point {
  return hashToCurve(TH('bot/h', sid, u32be(i), u32be(b), point))
}

/** The secret state of the extension sender between BOT1 and BOT2. The caller keeps it in a one-time box. */
export interface BaseOtReceiver {
  readonly otSid: Uint8Array
  readonly delta: Uint8Array
  readonly exponents: readonly bigint[]
  /** BOT1, as sent. */
  readonly message: Uint8Array
}

const PAIR_BYTES = 2 * POINT_BYTES

/** The extension sender chooses Delta and makes BOT1 (8448 bytes). */
export function receiverStart(
  sid: Uint8Array,
  random: Random,
): { state: BaseOtReceiver; message: Uint8Array } {
  const delta = randomBytes(random, DELTA_BYTES)
  const exponents: bigint[] = []
  const message = new Uint8Array(BASE_OT_MESSAGE_BYTES)
  for (let i = 0; i < BASE_OTS; i++) {
    const t = randomScalar(random)
    exponents.push(t)
    const known = mulBase(t)
    // r_{1-b} is uniform in the group, so neither of the two points tells which one was hashed.
    const other = encodePoint(hashToCurve(randomBytes(random, 32)))
    // Both orders are computed, the one that is not needed too; the choice is a byte mask.
    const chosen0 = encodePoint(known.subtract(hashToPoint(sid, i, 0, other)))
    const chosen1 = encodePoint(known.subtract(hashToPoint(sid, i, 1, other)))
    const b = bitOf(delta, i)
    message.set(selectBytes(b, chosen0, other), i * PAIR_BYTES)
    message.set(selectBytes(b, other, chosen1), i * PAIR_BYTES + POINT_BYTES)
  }
  return { state: { otSid: sid, delta, exponents, message }, message: Uint8Array.from(message) }
}

/**
 * The extension receiver answers the 256 points of BOT1 (r_0, r_1 of each OT) with BOT2 (8448 bytes) and gets both
 * keys of each OT. @throws ProtocolAbort `base-ot` if a point leads to the identity
 */
export function senderAnswer(
  sid: Uint8Array,
  bot1: readonly Point[],
  random: Random,
): { keys0: Uint8Array; keys1: Uint8Array; message: Uint8Array } {
  if (bot1.length !== 2 * BASE_OTS) throw new Misuse('BOT1: number of points')
  const keys0 = new Uint8Array(KEYS_BYTES)
  const keys1 = new Uint8Array(KEYS_BYTES)
  const message = new Uint8Array(BASE_OT_MESSAGE_BYTES)
  for (let i = 0; i < BASE_OTS; i++) {
    const r0 = bot1[2 * i] as Point
    const r1 = bot1[2 * i + 1] as Point
    const pair = concat(encodePoint(r0), encodePoint(r1))
    const m0 = r0.add(hashToPoint(sid, i, 0, pair.subarray(POINT_BYTES)))
    const m1 = r1.add(hashToPoint(sid, i, 1, pair.subarray(0, POINT_BYTES)))
    if (m0.is0() || m1.is0()) throw new ProtocolAbort('base-ot')
    const y0 = randomScalar(random)
    const y1 = randomScalar(random)
    const b0 = encodePoint(mulBase(y0))
    const b1 = encodePoint(mulBase(y1))
    keys0.set(transferKey(sid, i, 0, pair, b0, mul(m0, y0)), i * KEY_BYTES)
    keys1.set(transferKey(sid, i, 1, pair, b1, mul(m1, y1)), i * KEY_BYTES)
    message.set(b0, i * PAIR_BYTES)
    message.set(b1, i * PAIR_BYTES + POINT_BYTES)
  }
  return { keys0, keys1, message }
}

/** The extension sender reads the 256 points of BOT2 (B_0, B_1 of each OT, all decoded by the caller). */
export function receiverFinish(
  state: BaseOtReceiver,
  bot2: readonly Point[],
): { delta: Uint8Array; keys: Uint8Array } {
  if (bot2.length !== 2 * BASE_OTS) throw new Misuse('BOT2: number of points')
  const keys = new Uint8Array(KEYS_BYTES)
  for (let i = 0; i < BASE_OTS; i++) {
    const b = bitOf(state.delta, i)
    const encoded = selectBytes(b, encodePoint(bot2[2 * i] as Point), encodePoint(bot2[2 * i + 1] as Point))
    const shared = mul(decodePoint(encoded, 'BOT2'), state.exponents[i] as bigint)
    const pair = state.message.subarray(i * PAIR_BYTES, (i + 1) * PAIR_BYTES)
    keys.set(transferKey(state.otSid, i, b, pair, encoded, shared), i * KEY_BYTES)
  }
  return { delta: Uint8Array.from(state.delta), keys }
}

/** `TH("bot/k", otSid, i, b, r_0, r_1, B_b, shared)`. */
function transferKey(
  sid: Uint8Array,
  i: number,
  b: number,
  pair: Uint8Array,
  encoded: Uint8Array,
  shared: Point,
): Uint8Array {
  const r0 = pair.subarray(0, POINT_BYTES)
  const r1 = pair.subarray(POINT_BYTES)
  return TH('bot/k', sid, u32be(i), u32be(b), r0, r1, encoded, encodePoint(shared))
}

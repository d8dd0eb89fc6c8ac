// How do two parties turn a private factor each into shares of the product, with a check? (SPEC 3.3, 3.4, 3.8)

import { sha256 } from '@noble/hashes/sha2.js'
import { bitOf, equalBytes } from '../bytes.js'
import { encodeScalar, mod, ORDER, randomScalarOrZero, SCALAR_BYTES } from '../curve.js'
import { Malformed, Misuse, ProtocolAbort } from '../errors.js'
import type { Random } from '../random.js'
import { expose } from '../secret.js'
import { HS, TH, u32be } from '../transcript.js'
import { answerExtension, type ExtensionMessage, type MultiplicationReceiver } from './ot-extension.js'
import { AT_BYTES, COLUMNS, DELTA_BYTES, HASH_BYTES, XI } from './parameters.js'
import { type ExtensionSender, gadget } from './setup.js'
import { shortHash } from './short-hash.js'
import { readInteger, selectInteger, viewOf, writeInteger } from './words.js'

/** What the sender answers; one entry for each multiplication of the batch. */
export interface MultiplicationMessage {
  /** 416*3 scalars of 32 bytes each, ordered by transfer, then by column. */
  readonly at: readonly Uint8Array[]
  readonly eta: readonly bigint[]
  /** 32 bytes each. */
  readonly mu: readonly Uint8Array[]
}

/** Two numbers modulo q: two inputs, or the shares of their products. */
export type Pair = readonly [bigint, bigint]

const ROW_SCALARS = COLUMNS * SCALAR_BYTES

/**
 * The sender checks the receiver's message, then sends its inputs `(a_0, a_1)` of each multiplication under pads that
 * hold its own nonce (in `sidF`, 32 bytes each). `c[n][i]` and the receiver's `d[n][i]` add up to `a_i * b_n`.
 * Never run it twice under one `sidF`.
 * @throws Malformed on a wrong length; ProtocolAbort `ot-extension` before the inputs are touched
 */
export function multiplySend(
  sender: ExtensionSender,
  sidR: Uint8Array,
  sidF: readonly Uint8Array[],
  batch: number,
  message: ExtensionMessage,
  inputs: readonly Pair[],
  random: Random,
): { message: MultiplicationMessage; c: readonly Pair[] } {
  if (sidF.length !== batch || inputs.length !== batch) throw new Misuse('multiplySend: batch size')
  const rows = answerExtension(sender, sidR, batch, message)
  const { delta } = expose(sender.secret)
  const g = gadget(sender.id).values
  const results = inputs.map((input, n) => {
    // A check value of its own for every multiplication: a shared one gives the key away (SPEC 7.30).
    const check = randomScalarOrZero(random)
    return sendOne(rows, delta, g, sidF[n] as Uint8Array, n, input, check)
  })
  return {
    message: {
      at: results.map((r) => r.at),
      eta: results.map((r) => r.eta),
      mu: results.map((r) => r.mu),
    },
    c: results.map((r) => r.c),
  }
}

function sendOne(
  rows: Uint8Array,
  delta: Uint8Array,
  g: readonly bigint[],
  sidF: Uint8Array,
  n: number,
  [a0, a1]: Pair,
  check: bigint,
): { at: Uint8Array; eta: bigint; mu: Uint8Array; c: Pair } {
  const pad = padder(sidF)
  const added = [a0, a1, check]
  const other = new Uint8Array(DELTA_BYTES)
  const at = new Uint8Array(AT_BYTES)
  const atView = viewOf(at)
  const pads: bigint[][] = []
  let [sum0, sum1] = [0n, 0n]
  for (let j = 0; j < XI; j++) {
    const J = n * XI + j
    const row = rows.subarray(J * DELTA_BYTES, (J + 1) * DELTA_BYTES)
    for (let k = 0; k < DELTA_BYTES; k++) other[k] = (row[k] as number) ^ (delta[k] as number)
    const al0 = pad(J, row)
    const al1 = pad(J, other)
    for (let w = 0; w < COLUMNS; w++) {
      // q is added so that the sign, which depends on the pads, decides nothing.
      const value = mod((al0[w] as bigint) + ORDER - (al1[w] as bigint) + (added[w] as bigint))
      writeInteger(atView, j * ROW_SCALARS + w * SCALAR_BYTES, value)
    }
    pads.push(al0)
    sum0 += (g[j] as bigint) * (al0[0] as bigint)
    sum1 += (g[j] as bigint) * (al0[1] as bigint)
  }
  const [th0, th1] = challenges(sidF, at)
  const checks = new Uint8Array(XI * SCALAR_BYTES)
  const checksView = viewOf(checks)
  for (let j = 0; j < XI; j++) {
    const [p0, p1, p2] = pads[j] as [bigint, bigint, bigint]
    writeInteger(checksView, j * SCALAR_BYTES, mod(p2 + th0 * p0 + th1 * p1))
  }
  return {
    at,
    eta: mod(check + th0 * a0 + th1 * a1),
    mu: TH('rv/mu', sidF, sha256(checks)),
    c: [mod(-sum0), mod(-sum1)],
  }
}

/**
 * The receiver's second step: its share `d[n][i]` of each product. All of the message is decoded before anything is
 * used, and every `mu` is evaluated before the first failure counts.
 * @throws Malformed `at`, `eta` or `mu`; ProtocolAbort `multiplication` if a check of any multiplication fails
 */
export function multiplyFinish(
  state: MultiplicationReceiver,
  sidF: readonly Uint8Array[],
  message: MultiplicationMessage,
): readonly Pair[] {
  const { batch } = state
  if (sidF.length !== batch) throw new Misuse('multiplyFinish: batch size')
  if (message.at.length !== batch) throw new Malformed('at')
  checkCorrections(message.at)
  if (message.eta.length !== batch || message.eta.some((eta) => eta < 0n || eta >= ORDER))
    throw new Malformed('eta')
  if (message.mu.length !== batch || message.mu.some((mu) => mu.length !== HASH_BYTES))
    throw new Malformed('mu')
  const g = gadget(state.otSetupId).values
  let failures = 0
  const d = sidF.map((sid, n) => {
    const { shares, mu } = finishOne(state, g, sid, n, message.at[n] as Uint8Array, message.eta[n] as bigint)
    failures += equalBytes(mu, message.mu[n] as Uint8Array) ? 0 : 1
    return shares
  })
  if (failures !== 0) throw new ProtocolAbort('multiplication')
  return d
}

/** Every correction is a scalar below q, so that `malformed` never depends on a choice bit. @throws Malformed `at` */
export function checkCorrections(at: readonly Uint8Array[]): void {
  for (const corrections of at) {
    if (corrections.length !== AT_BYTES) throw new Malformed('at')
    const view = viewOf(corrections)
    for (let k = 0; k < AT_BYTES; k += SCALAR_BYTES)
      if (readInteger(view, k) >= ORDER) throw new Malformed('at')
  }
}

function finishOne(
  state: MultiplicationReceiver,
  g: readonly bigint[],
  sidF: Uint8Array,
  n: number,
  at: Uint8Array,
  eta: bigint,
): { shares: Pair; mu: Uint8Array } {
  const pad = padder(sidF)
  const [th0, th1] = challenges(sidF, at)
  const etaBytes = encodeScalar(eta)
  const scratch = viewOf(new Uint8Array(SCALAR_BYTES))
  const checks = new Uint8Array(XI * SCALAR_BYTES)
  const checksView = viewOf(checks)
  let [sum0, sum1] = [0n, 0n]
  for (let j = 0; j < XI; j++) {
    const J = n * XI + j
    const bit = bitOf(state.choices, J)
    const own = pad(J, state.rows.subarray(J * DELTA_BYTES, (J + 1) * DELTA_BYTES))
    const [v0, v1, v2] = own.map((value, w) =>
      mod(value + selectInteger(bit, at, j * ROW_SCALARS + w * SCALAR_BYTES, scratch)),
    ) as [bigint, bigint, bigint]
    const expected = selectInteger(bit, etaBytes, 0, scratch)
    writeInteger(checksView, j * SCALAR_BYTES, mod(v2 + th0 * v0 + th1 * v1 + ORDER - expected))
    sum0 += (g[j] as bigint) * v0
    sum1 += (g[j] as bigint) * v1
  }
  return { shares: [mod(sum0), mod(sum1)], mu: TH('rv/mu', sidF, sha256(checks)) }
}

/** theta_0 and theta_1, fixed only by the whole of `at`: a check whose challenge is known beforehand checks nothing. */
function challenges(sidF: Uint8Array, at: Uint8Array): Pair {
  return [HS('rv/theta', sidF, at, u32be(0)), HS('rv/theta', sidF, at, u32be(1))]
}

/**
 * `pad(J, w, v) = SHA256(sidF || v || u16be(J) || u8(w)) mod q` for the three columns w: 51 bytes, one block, and a
 * length that no input of TH has.
 */
function padder(sidF: Uint8Array): (J: number, v: Uint8Array) => bigint[] {
  if (sidF.length !== HASH_BYTES) throw new Misuse('sidF length')
  const input = new Uint8Array(HASH_BYTES + DELTA_BYTES + 3)
  input.set(sidF)
  const digest = new Uint8Array(HASH_BYTES)
  const digestView = viewOf(digest)
  return (J, v) => {
    input.set(v, HASH_BYTES)
    input[HASH_BYTES + DELTA_BYTES] = J >> 8
    input[HASH_BYTES + DELTA_BYTES + 1] = J & 255
    const pads: bigint[] = []
    for (let w = 0; w < COLUMNS; w++) {
      input[HASH_BYTES + DELTA_BYTES + 2] = w
      shortHash(input, digest)
      pads.push(mod(readInteger(digestView, 0)))
    }
    return pads
  }
}

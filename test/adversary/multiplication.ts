// How does a cheating party run the multiplication? Both sides of SPEC 3.2 to 3.4 again, B = 1, with places to cheat.

import { mod, ORDER, reduce256 } from '@tercet/protocol/curve'
import { combiner } from '@tercet/protocol/internal/oblivious/gf128'
import {
  answerExtension,
  type ExtensionMessage,
  expand,
  type MultiplicationReceiver,
} from '@tercet/protocol/internal/oblivious/ot-extension'
import type { MultiplicationMessage } from '@tercet/protocol/internal/oblivious/rvole'
import {
  type ExtensionReceiver,
  type ExtensionSender,
  gadget,
} from '@tercet/protocol/internal/oblivious/setup'
import { expose } from '@tercet/protocol/internal/secret'
import { HS, integer, TH, u32be } from '@tercet/protocol/transcript'
import { sha256 } from '../support/hash.js'

const XI = 416
const ROWS = 128
/** Bytes of a row of U for B = 1. */
const WIDTH = 80

export const bitOf = (bytes: Uint8Array, i: number): number => ((bytes[i >> 3] as number) >> (i & 7)) & 1

/** The challenge of the multiplication check. Of SPEC 3.3: over the corrections. */
export type Theta = (at: Uint8Array) => readonly [bigint, bigint]
export const thetaOf =
  (sidF: Uint8Array): Theta =>
  (at) => [HS('rv/theta', sidF, at, u32be(0)), HS('rv/theta', sidF, at, u32be(1))]

const scalars = (values: readonly bigint[]): Uint8Array =>
  Uint8Array.from(values.flatMap((n) => [...Buffer.from(n.toString(16).padStart(64, '0'), 'hex')]))
const scalarAt = (bytes: Uint8Array, i: number): bigint => integer(bytes.subarray(32 * i, 32 * i + 32))

function pad(sidF: Uint8Array, j: number, w: number, v: Uint8Array): bigint {
  return reduce256(sha256(sidF, v, Uint8Array.of(j >> 8, j & 255, w)))
}

/** What a cheating sender adds to the corrections of one transfer. */
export interface Error3 {
  readonly j: number
  readonly added: readonly [bigint, bigint, bigint]
}

/** The sender of SPEC 3.3, which adds an error to one transfer and else does all as it should. */
export function send(
  sender: ExtensionSender,
  sidR: Uint8Array,
  sidF: Uint8Array,
  message: ExtensionMessage,
  inputs: readonly [bigint, bigint, bigint],
  error: Error3 | undefined,
  theta: Theta = thetaOf(sidF),
): { message: MultiplicationMessage; c: readonly [bigint, bigint] } {
  const rows = answerExtension(sender, sidR, 1, message)
  const { delta } = expose(sender.secret)
  const al0: bigint[][] = []
  const at: bigint[] = []
  for (let j = 0; j < XI; j++) {
    const row = rows.subarray(16 * j, 16 * j + 16)
    const other = row.map((byte, k) => byte ^ (delta[k] as number))
    al0.push([0, 1, 2].map((w) => pad(sidF, j, w, row)))
    for (const w of [0, 1, 2] as const) {
      const added = error?.j === j ? error.added[w] : 0n
      at.push(mod((al0[j]?.[w] as bigint) - pad(sidF, j, w, other) + inputs[w] + added))
    }
  }
  const bytes = scalars(at)
  const [th0, th1] = theta(bytes)
  const check = al0.map(([p0, p1, p2]) => mod((p2 as bigint) + th0 * (p0 as bigint) + th1 * (p1 as bigint)))
  const g = gadget(sender.id).values
  const share = (w: 0 | 1): bigint =>
    mod(-al0.reduce((sum, p, j) => sum + (g[j] as bigint) * (p[w] as bigint), 0n))
  return {
    message: {
      at: [bytes],
      eta: [mod(inputs[2] + th0 * inputs[0] + th1 * inputs[1])],
      mu: [TH('rv/mu', sidF, sha256(scalars(check)))],
    },
    c: [share(0), share(1)],
  }
}

/** The receiver of SPEC 3.4: whether its check passes, and its shares. */
export function receive(
  state: MultiplicationReceiver,
  sidF: Uint8Array,
  message: MultiplicationMessage,
  theta: Theta = thetaOf(sidF),
): { passes: boolean; d: readonly [bigint, bigint] } {
  const at = message.at[0] as Uint8Array
  const eta = message.eta[0] as bigint
  const [th0, th1] = theta(at)
  const g = gadget(state.otSetupId).values
  const check: bigint[] = []
  const d: [bigint, bigint] = [0n, 0n]
  for (let j = 0; j < XI; j++) {
    const beta = BigInt(bitOf(state.choices, j))
    const row = state.rows.subarray(16 * j, 16 * j + 16)
    const v = ([0, 1, 2] as const).map((w) => mod(pad(sidF, j, w, row) + beta * scalarAt(at, 3 * j + w)))
    const [v0, v1, v2] = v as [bigint, bigint, bigint]
    check.push(mod(v2 + th0 * v0 + th1 * v1 + ORDER - beta * eta))
    d[0] = mod(d[0] + (g[j] as bigint) * v0)
    d[1] = mod(d[1] + (g[j] as bigint) * v1)
  }
  const mu = TH('rv/mu', sidF, sha256(scalars(check)))
  return { passes: Buffer.from(mu).equals(message.mu[0] as Uint8Array), d }
}

/**
 * The receiver's first message of SPEC 3.2 for B = 1 with its choice string flipped at one column of one row only: the
 * check then passes if and only if the sender's Delta has a zero at that row.
 */
export function probe(
  receiver: ExtensionReceiver,
  sidR: Uint8Array,
  choices: Uint8Array,
  row: number,
  column: number,
): ExtensionMessage {
  const { keys0, keys1 } = expose(receiver.secret)
  const U = new Uint8Array(ROWS * WIDTH)
  const t: Uint8Array[] = []
  for (let i = 0; i < ROWS; i++) {
    const t0 = expand(keys0.subarray(32 * i, 32 * i + 32), sidR, WIDTH)
    const t1 = expand(keys1.subarray(32 * i, 32 * i + 32), sidR, WIDTH)
    t.push(t0)
    U.set(
      t0.map((byte, k) => byte ^ (t1[k] as number) ^ (choices[k] as number)),
      i * WIDTH,
    )
  }
  const at = row * WIDTH + (column >> 3)
  U[at] = (U[at] as number) ^ (1 << (column & 7))
  const seed = TH('ote/chi', sidR, U)
  const comb = combiner([0, 1, 2, 3].map((j) => TH('ote/chij', seed, u32be(j)).slice(0, 16)))
  const xt = comb(choices)
  return { U, xt, hT: TH('ote/t', sidR, xt, sha256(...t.map((one) => comb(one)))) }
}

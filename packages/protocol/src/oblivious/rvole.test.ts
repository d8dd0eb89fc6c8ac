// Do the shares add up to the products, and is every wrong correction caught? (SPEC 3.3 to 3.8, 7.5, 7.30)

import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { bitOf, concat, selectBytes } from '../bytes.js'
import { encodeScalar, mod, ORDER, randomScalar } from '../curve.js'
import { seededRandom } from '../testing/seeded-random.js'
import { HS, integer, TH, u32be } from '../transcript.js'
import { answerExtension, extend } from './ot-extension.js'
import { AT_BYTES, BASE_OTS, XI } from './parameters.js'
import { multiplyFinish, multiplySend } from './rvole.js'
import { type ExtensionSender, extensionReceiver, extensionSender, gadget } from './setup.js'

const setupRandom = seededRandom('rvole/setup')
const id = setupRandom(32)
const delta = setupRandom(16)
const keys0 = setupRandom(32 * BASE_OTS)
const keys1 = setupRandom(32 * BASE_OTS)
const chosen = Array.from({ length: BASE_OTS }, (_, i) =>
  selectBytes(bitOf(delta, i), keys0.subarray(32 * i, 32 * i + 32), keys1.subarray(32 * i, 32 * i + 32)),
)
const sender = extensionSender(id, delta, concat(...chosen))
const receiver = extensionReceiver(id, keys0, keys1)

function session(seed: string, batch: number) {
  const random = seededRandom(seed)
  const sidR = TH('ote/A', random(32))
  const psid = random(32)
  const sidF = Array.from({ length: batch }, (_, n) => TH('pad/A', psid, u32be(n)))
  const inputs = sidF.map(() => [randomScalar(random), randomScalar(random)] as const)
  return { random, sidR, sidF, inputs, ...extend(receiver, sidR, batch, random) }
}

const sum = (a: bigint, b: bigint): bigint => mod(a + b)

/** A second sender, written from the formulas alone and for B = 1, whose corrections can be bent before theta. */
function plainSender(
  party: ExtensionSender,
  s: ReturnType<typeof session>,
  bend: (j: number, w: number) => bigint,
) {
  const rows = answerExtension(party, s.sidR, 1, s.message)
  const sidF = s.sidF[0] as Uint8Array
  const [a0, a1] = s.inputs[0] as readonly [bigint, bigint]
  const ah = randomScalar(s.random)
  const pad = (j: number, w: number, v: Uint8Array): bigint =>
    integer(sha256(concat(sidF, v, Uint8Array.of(j >> 8, j & 255, w)))) % ORDER
  const row = (j: number): Uint8Array => rows.subarray(16 * j, 16 * j + 16)
  const al0 = (j: number, w: number): bigint => pad(j, w, row(j))
  const al1 = (j: number, w: number): bigint =>
    pad(
      j,
      w,
      Uint8Array.from(row(j), (x, k) => x ^ (delta[k] ?? 0)),
    )
  const indices = Array.from({ length: XI }, (_, j) => j)
  const at = concat(
    ...indices.flatMap((j) =>
      [a0, a1, ah].map((a, w) => encodeScalar(mod(al0(j, w) - al1(j, w) + a + bend(j, w)))),
    ),
  )
  const [t0, t1] = [HS('rv/theta', sidF, at, u32be(0)), HS('rv/theta', sidF, at, u32be(1))]
  const checks = indices.map((j) => encodeScalar(mod(al0(j, 2) + t0 * al0(j, 0) + t1 * al0(j, 1))))
  const mu = TH('rv/mu', sidF, sha256(concat(...checks)))
  return { at: [at], eta: [mod(ah + t0 * a0 + t1 * a1)], mu: [mu] }
}

describe('multiplication', () => {
  it.each([1, 2, 5, 16])('shares the products of a batch of %i', (batch) => {
    const seed = `rvole/${batch}`
    const s = session(seed, batch)
    const { message, c } = multiplySend(sender, s.sidR, s.sidF, batch, s.message, s.inputs, s.random)
    const d = multiplyFinish(s.state, s.sidF, message)
    expect(new Set(s.b).size).toBe(batch)
    for (let n = 0; n < batch; n++)
      for (const i of [0, 1] as const)
        expect(sum(c[n]?.[i] as bigint, d[n]?.[i] as bigint), `seed ${seed}, n ${n}`).toBe(
          mod((s.inputs[n]?.[i] as bigint) * (s.b[n] as bigint)),
        )
  })

  it('multiplies by the sum of the chosen gadget entries', () => {
    const s = session('rvole/b', 2)
    const { values } = gadget(id)
    const expected = [0, 1].map((n) =>
      values.reduce((b, g, j) => mod(b + (bitOf(s.state.choices, n * XI + j) === 1 ? g : 0n)), 0n),
    )
    expect(s.b).toEqual(expected)
  })

  it('hides the inputs of each multiplication under a check value of its own', () => {
    const s = session('rvole/fresh', 5)
    const { message } = multiplySend(sender, s.sidR, s.sidF, 5, s.message, s.inputs, s.random)
    const check = message.eta.map((eta, n) => {
      const [a0, a1] = s.inputs[n] as readonly [bigint, bigint]
      const [sid, at] = [s.sidF[n] as Uint8Array, message.at[n] as Uint8Array]
      return mod(eta - HS('rv/theta', sid, at, u32be(0)) * a0 - HS('rv/theta', sid, at, u32be(1)) * a1)
    })
    expect(new Set(check).size).toBe(5)
  })

  it('agrees with a sender written from the formulas', () => {
    const s = session('rvole/plain', 1)
    const d = multiplyFinish(
      s.state,
      s.sidF,
      plainSender(sender, s, () => 0n),
    )
    const again = session('rvole/plain', 1)
    const { c } = multiplySend(sender, again.sidR, again.sidF, 1, again.message, again.inputs, again.random)
    expect(sum(c[0]?.[0] as bigint, d[0]?.[0] as bigint)).toBe(
      mod((s.inputs[0]?.[0] as bigint) * (s.b[0] as bigint)),
    )
  })

  it.each([0, 1, 2])(
    'catches a single bent correction in column %i exactly when the choice is 1',
    (column) => {
      for (const j of [0, 1, 2, 3, 207, 414, 415]) {
        const s = session(`rvole/bent/${j}`, 1)
        const message = plainSender(sender, s, (at, w) => (at === j && w === column ? 1n : 0n))
        const finish = () => multiplyFinish(s.state, s.sidF, message)
        if (bitOf(s.state.choices, j) === 1) expect(finish).toThrow('protocol abort: multiplication')
        else expect(finish).not.toThrow()
      }
    },
  )

  it('accepts another input used in every transfer: that is left to the gamma check', () => {
    const s = session('rvole/other', 1)
    const other = { ...s, inputs: [[5n, 7n] as const] }
    expect(() =>
      multiplyFinish(
        s.state,
        s.sidF,
        plainSender(sender, other, () => 0n),
      ),
    ).not.toThrow()
  })

  it('rejects a batch in which any one check fails', () => {
    for (const bad of [0, 1]) {
      const s = session(`rvole/batch/${bad}`, 2)
      const { message } = multiplySend(sender, s.sidR, s.sidF, 2, s.message, s.inputs, s.random)
      const eta = message.eta.map((x, n) => (n === bad ? mod(x + 1n) : x))
      const mu = message.mu.map((x, n) => (n === bad ? Uint8Array.from(x, (y) => y ^ 1) : x))
      expect(() => multiplyFinish(s.state, s.sidF, { ...message, eta })).toThrow('multiplication')
      expect(() => multiplyFinish(s.state, s.sidF, { ...message, mu })).toThrow('multiplication')
    }
  })

  it('refuses what is not a scalar below q whatever the choice bit, before any check', () => {
    const s = session('rvole/malformed', 2)
    const { message } = multiplySend(sender, s.sidR, s.sidF, 2, s.message, s.inputs, s.random)
    const mu = message.mu.map(() => new Uint8Array(32))
    for (const j of [0, 1, 2, 3, 415]) {
      const last = Uint8Array.from(message.at[1] as Uint8Array)
      last.set(encodeScalar(ORDER), j * 96 + 64)
      const at = [message.at[0] as Uint8Array, last]
      expect(() => multiplyFinish(s.state, s.sidF, { ...message, at, mu })).toThrow('malformed: at')
    }
    const short = [message.at[0] as Uint8Array, new Uint8Array(AT_BYTES - 32)]
    expect(() => multiplyFinish(s.state, s.sidF, { ...message, at: short })).toThrow('malformed: at')
    expect(() => multiplyFinish(s.state, s.sidF, { ...message, at: short.slice(0, 1) })).toThrow('at')
    expect(() => multiplyFinish(s.state, s.sidF, { ...message, eta: [ORDER, 0n] })).toThrow('malformed: eta')
    expect(() => multiplyFinish(s.state, s.sidF, { ...message, mu: mu.slice(1) })).toThrow('malformed: mu')
  })

  it('needs the same direction and index on both sides', () => {
    const s = session('rvole/label', 1)
    const { message } = multiplySend(sender, s.sidR, s.sidF, 1, s.message, s.inputs, s.random)
    const wrong = [TH('pad/B', s.sidF[0] as Uint8Array, u32be(0))]
    expect(() => multiplyFinish(s.state, wrong, message)).toThrow('multiplication')
  })
})

// Does every state open once, also when its step fails, and only if it is the very box that a step made? (SPEC 0.5)

import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { derive, parsePath } from './derivation.js'
import { Misuse } from './errors.js'
import * as keygen from './keygen/index.js'
import { decodeMessage, encodeMessage, type MessageName } from './messages/index.js'
import { box, isSpent, type OneTime, take } from './one-time.js'
import * as ot from './ot-setup/index.js'
import * as presign from './presign/index.js'
import type { Random } from './random.js'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from './recovery-key.js'
import * as sign from './sign/index.js'
import { seededRandom } from './testing/seeded-random.js'

const SEED = 'one-time'

describe('a box', () => {
  const content = { secret: 424242424242n, bytes: new Uint8Array(32).fill(0x5e) }

  it('opens once', () => {
    const state = box('Example', content)
    expect(isSpent(state)).toBe(false)
    expect(take(state, 'Example')).toBe(content)
    expect(isSpent(state)).toBe(true)
    expect(() => take(state, 'Example')).toThrow('Example is spent')
  })

  it('shows its name and nothing else', () => {
    const state = box('Example', content)
    const shown = [
      JSON.stringify({ state }),
      String(state),
      `${state}`,
      inspect(state, { depth: 10, showHidden: true }),
      inspect({ deep: [state] }, { depth: 10, showHidden: true }),
      Object.keys(state).join(),
      JSON.stringify(Object.getOwnPropertyDescriptors(state)),
      JSON.stringify({ ...state }),
      JSON.stringify(structuredClone(state)),
    ].join('\n')
    expect(shown).toContain('Example')
    expect(shown).not.toContain('424242')
    expect(shown).not.toMatch(/5e5e|94,94|secret/)
  })

  it('under another name, copied, imitated or wrapped is refused and stays closed', () => {
    const state = box('Example', content)
    const others: unknown[] = [
      structuredClone(state),
      { ...state },
      { name: 'Example' },
      Object.create(state),
      Object.assign(Object.create(Object.getPrototypeOf(state)), { name: 'Example' }),
      new Proxy(state, {}),
      JSON.parse(JSON.stringify({ name: state })),
      'Example',
      null,
      undefined,
    ]
    for (const other of others)
      expect(() => take(other as OneTime<'Example', unknown>, 'Example')).toThrow(Misuse)
    expect(() => take(state as unknown as OneTime<'Other', unknown>, 'Other')).toThrow('not a Other state')
    expect(isSpent(state)).toBe(false)
  })
})

/** A step to try: with what it fails, and with what it succeeds. */
interface Step {
  readonly name: string
  readonly state: OneTime<string, unknown>
  readonly fail: () => unknown
  readonly succeed: () => unknown
}

const broken: Random = () => {
  throw new Error('no entropy')
}

function bent<T extends { bytes: Uint8Array }, K extends keyof T>(message: T, field: K): T {
  const value = message[field] as Uint8Array | readonly Uint8Array[]
  const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte))
  return { ...message, [field]: value instanceof Uint8Array ? flip(value) : value.map(flip) }
}

type Try = <R>(step: Omit<Step, 'succeed'> & { readonly succeed: () => R }) => R

/** Runs a course. The step named `failing` fails first, is then asked to succeed, and ends the course. */
function run(course: (step: Try, random: Random) => void, failing?: string) {
  const names: string[] = []
  const stop = new Error('stop')
  let failure: unknown
  const attempt: Try = ({ name, state, fail, succeed }) => {
    names.push(name)
    if (name !== failing) {
      const result = succeed()
      expect(isSpent(state)).toBe(true)
      expect(succeed).toThrow('is spent')
      return result
    }
    expect(fail).toThrow()
    expect(isSpent(state)).toBe(true)
    try {
      succeed()
    } catch (error) {
      failure = error
    }
    throw stop
  }
  try {
    course(attempt, seededRandom(`${SEED}/${course.name}`))
  } catch (error) {
    if (error !== stop) throw error
  }
  return { names, failure }
}

const seen = <N extends MessageName>(name: N, body: Uint8Array, batch?: number) =>
  decodeMessage(name, body, batch)
const identity = (n: number): Uint8Array => Uint8Array.of(1, 2, ...new Uint8Array(32).fill(n))
const parties = { idDevice: identity(1), idCosigner: identity(2) }
const zero = { nonce: new Uint8Array(32) }

let device: keygen.KeyMaterial
let cosigner: keygen.KeyMaterial

function keygenCourse(step: Try, random: Random): void {
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(random(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), random)
  const policyHash = random(32)
  const signature = new Uint8Array(64)

  const a = keygen.start({ parties, recoveryKey, recoveryProof, policyHash }, random)
  const b = keygen.answer({ parties, policyHash }, seen('keygen.req1', a.send), random)
  const res1 = seen('keygen.res1', b.send)
  const c = step({
    name: 'keygen.open',
    state: a.state,
    fail: () => keygen.open(a.state, { ...res1, ...zero }, random),
    succeed: () => keygen.open(a.state, res1, random),
  })
  const req2 = seen('keygen.req2', c.send)
  const d = step({
    name: 'keygen.deal',
    state: b.state,
    fail: () => keygen.deal(b.state, bent(req2, 'rho'), random),
    succeed: () => keygen.deal(b.state, req2, random),
  })
  const res2 = seen('keygen.res2', encodeMessage('keygen.res2', { ...d.send, signature }))
  const e = step({
    name: 'keygen.finish',
    state: c.state,
    fail: () => keygen.finish(c.state, bent(res2, 'sealedSubShare'), random),
    succeed: () => keygen.finish(c.state, res2, random),
  })
  const req3 = seen('keygen.req3', encodeMessage('keygen.req3', { ...e.send, signature }))
  const f = step({
    name: 'keygen.confirm',
    state: d.state,
    fail: () => keygen.confirm(d.state, bent(req3, 'transcript')),
    succeed: () => keygen.confirm(d.state, req3),
  })
  device = e.key
  cosigner = f
}

function otCourse(step: Try, random: Random): void {
  const pair = { initiator: 1, responder: 2 } as const
  const g = ot.start(device.share, pair, 'rotation', random)
  const h = ot.answer(cosigner.share, pair, seen('ot.req1', g.send), random)
  const otRes1 = seen('ot.res1', h.send)
  const i = step({
    name: 'ot.open',
    state: g.state,
    fail: () => ot.open(g.state, { ...otRes1, ...zero }, random),
    succeed: () => ot.open(g.state, otRes1, random),
  })
  const otReq2 = seen('ot.req2', i.send)
  const j = step({
    name: 'ot.confirm',
    state: h.state,
    fail: () => ot.confirm(h.state, otReq2, broken),
    succeed: () => ot.confirm(h.state, otReq2, random),
  })
  const otRes2 = seen('ot.res2', j.send)
  step({
    name: 'ot.finish',
    state: i.state,
    fail: () => ot.finish(i.state, bent(otRes2, 'confirm')),
    succeed: () => ot.finish(i.state, otRes2),
  })
}

function signingCourse(step: Try, random: Random): void {
  const ids = { idInitiator: parties.idDevice, idResponder: parties.idCosigner }
  const I: presign.SigningContext = { ...device, ...ids }
  const J: presign.SigningContext = { ...cosigner, ...ids }
  const request = random(64)
  const { tweak } = derive(I.share, parsePath('m/0/7'))
  const input: sign.SigningInput = { digest: sign.digest(random(32)), tweak, request }

  const l = presign.start(I, 1, random)
  const m = presign.answer(J, seen('presign.req1', l.send), random)
  const poolRes1 = seen('presign.res1', m.send, 1)
  const n = step({
    name: 'presign.finish',
    state: l.state,
    fail: () => presign.finish(l.state, bent(poolRes1, 'mu'), random),
    succeed: () => presign.finish(l.state, poolRes1, random),
  })
  const poolReq2 = seen('presign.req2', n.send, 1)
  const o = step({
    name: 'presign.confirm',
    state: m.state,
    fail: () => presign.confirm(m.state, bent(poolReq2, 'rho')),
    succeed: () => presign.confirm(m.state, poolReq2),
  })
  const poolRes2 = seen('presign.res2', o.send, 1)
  const [mine] = step({
    name: 'presign.accept',
    state: n.state,
    fail: () => presign.accept(n.state, bent(poolRes2, 'presigId')),
    succeed: () => presign.accept(n.state, poolRes2),
  })
  const [theirs] = o.presignatures
  if (mine === undefined || theirs === undefined) throw new Error('a batch of one has one presignature')
  const asked = step({
    name: 'sign.request',
    state: mine.presignature,
    fail: () => sign.request(mine.presignature, { ...input, request: new Uint8Array(65537) }),
    succeed: () => sign.request(mine.presignature, input),
  })
  const body = step({
    name: 'sign.release',
    state: theirs.presignature,
    fail: () => sign.release(theirs.presignature, input, broken),
    succeed: () => sign.release(theirs.presignature, input, random),
  })
  step({
    name: 'sign.combine',
    state: asked.state,
    fail: () => sign.combine(asked.state, body.subarray(1)),
    succeed: () => sign.combine(asked.state, body),
  })

  const p = presign.startFresh(I, request, random)
  const q = presign.answerFresh(J, seen('fresh.req1', p.send), random)
  const freshRes1 = seen('fresh.res1', q.send)
  const r = step({
    name: 'sign.finishFresh',
    state: p.state,
    fail: () => sign.finishFresh(p.state, freshRes1, { ...input, request: random(3) }, random),
    succeed: () => sign.finishFresh(p.state, freshRes1, input, random),
  })
  const freshReq2 = seen('fresh.req2', r.send)
  const s = step({
    name: 'presign.confirmFresh',
    state: q.state,
    fail: () => presign.confirmFresh(q.state, bent(freshReq2, 'request')),
    succeed: () => presign.confirmFresh(q.state, freshReq2),
  })
  const out = step({
    name: 'sign.release (fresh)',
    state: s,
    fail: () => sign.release(s, { ...input, request: random(3) }, random),
    succeed: () => sign.release(s, input, random),
  })
  step({
    name: 'sign.combine (fresh)',
    state: r.state,
    fail: () => sign.combine(r.state, bent({ bytes: out }, 'bytes').bytes),
    succeed: () => sign.combine(r.state, out),
  })
}

const courses = [keygenCourse, otCourse, signingCourse]
const steps = courses.flatMap((course) => run(course).names.map((name) => ({ name, course })))

describe(`every step (seed ${SEED})`, () => {
  it('was tried twice with its own state', () => {
    expect(new Set(steps.map(({ name }) => name)).size).toBe(17)
    expect(steps).toHaveLength(17)
  })

  it.each(steps)('$name that fails has spent its state', ({ name, course }) => {
    const { failure } = run(course, name)
    expect(failure).toBeInstanceOf(Misuse)
    expect(String(failure)).toContain('is spent')
  })
})

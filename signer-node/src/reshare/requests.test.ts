// May a reshare be prepared? The guards of SPEC 5.2 with claims, locks and recovery keys before them.

import { randomBytes } from 'node:crypto'
import { G } from '@tercet/protocol/curve'
import { DEVICE, RECOVERY } from '@tercet/protocol/party'
import { toBase64url } from '@tercet/wire/base64url'
import { type Claim, claimHash, encodeClaim } from '@tercet/wire/claim'
import { generateIdentity } from '@tercet/wire/identity'
import { beforeAll, describe, expect, test } from 'vitest'
import { recoveryOf } from '../recovery/changes.js'
import type { ClaimRow } from '../recovery/state.js'
import { firstState, type KeyState } from '../store/key-state.js'
import { type Asked, judge } from './requests.js'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const point = (n: bigint): Uint8Array => G.multiply(n).toBytes(true)
const keyId = random(32)
const CLOCKS = { wall: 1_000_000, uptime: 1_000_000 }
let device: string
let phone: Uint8Array
let state: KeyState

beforeAll(async () => {
  const own = (await generateIdentity()).publicIdentity
  device = toBase64url(own)
  phone = (await generateIdentity()).publicIdentity
  state = firstState({
    device: own,
    transcript: random(32),
    recoveryKey: point(5n),
    policyHash: random(32),
    otSetupA: random(32),
    created: 1,
  })
})

function asked(kind: Asked['kind'], more: Partial<Asked> = {}): Asked {
  return {
    kind,
    base: { epoch: 0, attempt: 0 },
    id: { epoch: 1, attempt: 1 },
    from: device,
    recoveryKey: state.recoveryKey,
    claim: undefined,
    newcomer: { party: kind === 'operator' ? 2 : 1, identity: phone },
    ...more,
  } as Asked
}

/** The state with an announced claim, and the claim's hash. */
function claimed(kind: Claim['kind'], delay: number, newRecoveryKey: Uint8Array | null = null) {
  const newDevice = kind === 'recovery-key' ? null : phone
  const claim: Claim = {
    version: 1,
    walletId: toBase64url(keyId),
    kind,
    newDevice,
    newRecoveryKey,
    nonce: random(32),
    createdAt: CLOCKS.wall,
  }
  const hash = claimHash(claim)
  const row: ClaimRow = {
    name: toBase64url(hash),
    claim: toBase64url(encodeClaim(claim)),
    kind,
    newDevice: newDevice && toBase64url(newDevice),
    announced: CLOCKS.wall,
    uptime: CLOCKS.uptime,
    delay,
    both: false,
    secondFactor: false,
    ended: null,
  }
  const initiator = kind === 'device-moved' ? device : toBase64url(recoveryOf(state))
  const announced =
    newDevice === null ? [] : [{ newHolder: toBase64url(newDevice), initiator, vetoable: true }]
  const after: KeyState = {
    ...state,
    epochs: { ...state.epochs, announced },
    claims: { ...state.claims, claims: [row] },
  }
  return { state: after, hash }
}

const ask = (about: KeyState, request: Asked, isSuccessor = false) =>
  judge({ keyId, state: about }, request, CLOCKS, () => isSuccessor)

describe('a refresh', () => {
  test('is prepared by the device alone, above act', () => {
    expect(ask(state, asked('refresh'))).toEqual({
      refused: undefined,
      recoveryKey: undefined,
      initiator: DEVICE,
    })
    const { refused } = ask(state, asked('refresh', { from: toBase64url(recoveryOf(state)) }))
    expect(refused).toBe('not-the-holder')
    expect(ask(state, asked('refresh', { base: { epoch: 1, attempt: 1 } })).refused).toBe('base')
    expect(ask(state, asked('refresh', { id: { epoch: 2, attempt: 1 } })).refused).toBe('epoch')
    expect(ask(state, asked('refresh', { id: { epoch: 1, attempt: 0 } })).refused).toBe('attempt')
  })

  test('waits for nobody but a locked pair and an announced claim', () => {
    expect(() => ask({ ...state, locked: true }, asked('refresh'))).toThrow('locked')
    expect(ask(claimed('device-lost', 0).state, asked('refresh')).refused).toBe('replace-announced')
  })

  test('to another recovery key has the claim that names it', () => {
    const other = point(7n)
    const request = { recoveryKey: toBase64url(other) }
    expect(() => ask(state, asked('refresh', request))).toThrow('denied')
    for (const [delay, allowed] of [
      [0, true],
      [1, false],
    ] as const) {
      const { state: after, hash } = claimed('recovery-key', delay, other)
      const judged = () => ask(after, asked('refresh', { ...request, claim: hash }))
      if (allowed) expect(judged().recoveryKey).toEqual(other)
      else expect(judged).toThrow('denied')
      expect(() => ask(after, asked('refresh', { claim: hash }))).toThrow('denied')
    }
    const lost = claimed('device-lost', 0, other)
    const epochs = { ...lost.state.epochs, announced: [] }
    expect(() => ask({ ...lost.state, epochs }, asked('refresh', { ...request, claim: lost.hash }))).toThrow(
      'denied',
    )
  })
})

describe('a replace', () => {
  const recovery = () => toBase64url(recoveryOf(state))

  test('of a lost device is run with the recovery key, once its delay is over', () => {
    const { state: after, hash } = claimed('device-lost', 0)
    const request = asked('replace', { from: recovery(), claim: hash })
    expect(ask(after, request)).toEqual({ refused: undefined, recoveryKey: undefined, initiator: RECOVERY })
    expect(ask(after, asked('replace', { claim: hash })).refused).toBe('not-announced')
    const other = { party: 1, identity: random(34) } as const
    expect(ask(after, { ...request, newcomer: other } as Asked).refused).toBe('not-announced')
    const waiting = claimed('device-lost', 1)
    expect(ask(waiting.state, { ...request, claim: waiting.hash }).refused).toBe('delay')
    expect(ask(waiting.state, { ...request, claim: undefined }).refused).toBe('delay')
    // It lifts a lock, and may come with another recovery key that its claim names.
    expect(ask({ ...after, locked: true }, request).refused).toBeUndefined()
    expect(() => ask(after, { ...request, recoveryKey: toBase64url(point(7n)) })).toThrow('denied')
    const keyed = claimed('device-lost', 0, point(7n))
    const withKey = { ...request, claim: keyed.hash, recoveryKey: toBase64url(point(7n)) }
    expect(ask(keyed.state, withKey).recoveryKey).toEqual(point(7n))
    expect(() => ask(keyed.state, { ...withKey, recoveryKey: state.recoveryKey })).toThrow('denied')
  })

  test('of a device that is moved is run by that device, and not while the pair is locked', () => {
    const { state: after, hash } = claimed('device-moved', 0)
    expect(ask(after, asked('replace', { claim: hash }))).toMatchObject({
      refused: undefined,
      initiator: DEVICE,
    })
    const byRecovery = asked('replace', { claim: hash, from: recovery() })
    expect(ask(after, byRecovery).refused).toBe('not-announced')
    expect(() => ask({ ...after, locked: true }, asked('replace', { claim: hash }))).toThrow('locked')
  })

  test('of the cosigner needs the operator to have named the next one', () => {
    expect(ask(state, asked('operator')).refused).toBe('not-the-successor')
    expect(ask(state, asked('operator'), true).refused).toBeUndefined()
    expect(ask(claimed('device-lost', 9).state, asked('operator'), true).refused).toBe('replace-announced')
    expect(() => ask({ ...state, locked: true }, asked('operator'), true)).toThrow('locked')
  })
})

// Who gets past the gate? (product, Authentication)

import { randomBytes } from 'node:crypto'
import { toBase64url } from '@tercet/wire/base64url'
import type { Context } from '@tercet/wire/context'
import { ENDPOINTS } from '@tercet/wire/endpoints'
import * as wire from '@tercet/wire/http-signature'
import { generateIdentity, type KeptIdentity } from '@tercet/wire/identity'
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { LIMITS } from '../config.js'
import { createGate, type Gate } from './auth.js'

vi.mock('@tercet/wire/http-signature', { spy: true })

const START = 1_000_000
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
let node: KeptIdentity
let device: KeptIdentity
let time: number
let monotonic: number | undefined
let gateAt: () => Gate
let gate: Gate
/** base64url of the identities that own a wallet */
let owners: Set<string>

beforeAll(async () => {
  node = await generateIdentity()
  device = await generateIdentity()
})

beforeEach(() => {
  time = START + 500
  monotonic = undefined
  const clock = { now: () => time, monotonic: () => monotonic ?? time * 1000 }
  owners = new Set([toBase64url(device.publicIdentity)])
  gateAt = () =>
    createGate({ clock, identity: node, started: START }, async (id) => owners.has(toBase64url(id)))
  gate = gateAt()
})

interface Bend {
  readonly from?: KeptIdentity
  readonly created?: number
  readonly nonce?: Uint8Array
  readonly context?: Partial<Context>
  /** What arrives, where it is not what was signed. */
  readonly arrives?: { readonly path?: string; readonly query?: string; readonly body?: Uint8Array }
}

async function attempt({
  from = device,
  created = time,
  nonce = random(32),
  context = {},
  arrives = {},
}: Bend = {}) {
  const parts = { method: 'POST', path: '/v1/keygen/start', query: '', body: random(5) }
  const full: Context = {
    version: 1,
    idFrom: from.publicIdentity,
    idTo: node.publicIdentity,
    keyId: new Uint8Array(32),
    epoch: 0,
    opType: 'keygen',
    sessionId: random(32),
    step: 1,
    prevMsgHash: new Uint8Array(32),
    ...context,
  }
  const headers = await wire.signRequest(from, { ...parts, context: full, created, nonce })
  const request = { ...parts, ...arrives, headers: new Headers({ ...headers }) }
  return pass(request, request.body)
}

async function pass(request: Parameters<Gate['recognise']>[0], body: Uint8Array) {
  const head = await gate.recognise(request)
  gate.examine(head, ENDPOINTS['keygen.start'])
  return gate.admit(head, body)
}

/** A head as it is after its signature was verified, which would take too long for a flood. */
const verified = (identity: () => Uint8Array) => async () => ({
  identity: identity(),
  nonce: random(32),
  created: time,
  digest: EMPTY_DIGEST,
  context: { idTo: node.publicIdentity, opType: 'keygen', step: 1 } as Context,
})
const EMPTY_DIGEST = 'sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:'

test('an honest request passes', async () => {
  expect((await attempt()).identity).toEqual(device.publicIdentity)
})

test('the window is 60 s back and one second ahead, and nothing from before the start counts', async () => {
  await attempt({ created: time - 60 })
  await attempt({ created: time + 1 })
  await expect(attempt({ created: time - 61 })).rejects.toMatchObject({ code: 'clock', extra: { time } })
  await expect(attempt({ created: time + 2 })).rejects.toMatchObject({ code: 'clock' })
  time = START + 30
  gate = gateAt()
  await attempt({ created: START })
  await expect(attempt({ created: START - 1 })).rejects.toMatchObject({ code: 'clock' })
})

test('a nonce is remembered for as long as its request could pass', async () => {
  const nonce = random(32)
  const created = time + 1
  await attempt({ nonce, created })
  for (const later of [1, 60, 61]) {
    time = START + 500 + later
    await expect(attempt({ nonce, created })).rejects.toMatchObject({ code: 'replayed' })
  }
  time = START + 500 + 62
  await expect(attempt({ nonce, created })).rejects.toMatchObject({ code: 'clock' })
})

test('an unverified request leaves no trace: its nonce stays good', async () => {
  const nonce = random(32)
  await expect(attempt({ nonce, arrives: { body: random(5) } })).rejects.toMatchObject({
    code: 'unauthenticated',
  })
  await attempt({ nonce })
})

test('path, query, body and receiver are bound', async () => {
  for (const arrives of [{ path: '/v1/keygen/open' }, { query: '?a=1' }, { body: random(6) }]) {
    await expect(attempt({ arrives })).rejects.toMatchObject({ code: 'unauthenticated' })
  }
  const elsewhere = attempt({ context: { idTo: device.publicIdentity } })
  await expect(elsewhere).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('what the headers decide is decided before the body, and leaves the nonce good', async () => {
  const parts = { method: 'POST', path: '/v1/keygen/start', query: '', body: random(5) }
  const context: Context = {
    version: 1,
    idFrom: device.publicIdentity,
    idTo: node.publicIdentity,
    keyId: new Uint8Array(32),
    epoch: 0,
    opType: 'keygen',
    sessionId: random(32),
    step: 1,
    prevMsgHash: new Uint8Array(32),
  }
  const signed = await wire.signRequest(device, { ...parts, context, created: time, nonce: random(32) })
  const headers = new Headers({ ...signed })
  const head = await gate.recognise({ method: 'POST', path: parts.path, query: '', headers })
  for (const _ of [1, 2]) gate.examine(head, ENDPOINTS['keygen.start'])
  await expect(gate.admit(head, random(5))).rejects.toMatchObject({ code: 'unauthenticated' })
  await gate.admit(head, parts.body)
  expect(() => gate.examine(head, ENDPOINTS['keygen.start'])).toThrow('replayed')
  await expect(gate.admit(head, parts.body)).rejects.toMatchObject({ code: 'replayed' })
})

test('operation and step must be those of the route', async () => {
  await expect(attempt({ context: { opType: 'ot' } })).rejects.toMatchObject({ code: 'mismatch' })
  await expect(attempt({ context: { step: 3 } })).rejects.toMatchObject({ code: 'mismatch' })
})

test('a clock that was set back does not make an old request new', async () => {
  const nonce = random(32)
  const created = time
  await attempt({ nonce, created })
  monotonic = (START + 700) * 1000
  time = START + 700
  await attempt()
  time = created
  await expect(attempt({ nonce, created })).rejects.toMatchObject({ code: 'clock' })
})

test('identities without a wallet fill no table but their own, and that one goes on', async () => {
  vi.mocked(wire.verifyRequestHead).mockImplementation(verified(() => random(34)))
  try {
    for (let n = 0; n < LIMITS.strangerNonces + 10; n++) {
      await pass({} as never, new Uint8Array(0))
    }
  } finally {
    vi.mocked(wire.verifyRequestHead).mockReset()
  }
  await attempt()
  await attempt({ from: await generateIdentity() })
})

test('one device cannot fill the table of all', async () => {
  vi.mocked(wire.verifyRequestHead).mockImplementation(verified(() => device.publicIdentity))
  const flood = async () => {
    for (let n = 0; n < LIMITS.requestsPerMinute + 1; n++) {
      await pass({} as never, new Uint8Array(0))
    }
  }
  try {
    await expect(flood()).rejects.toMatchObject({ code: 'rate-limited' })
  } finally {
    vi.mocked(wire.verifyRequestHead).mockReset()
  }
  const other = await generateIdentity()
  owners.add(toBase64url(other.publicIdentity))
  await attempt({ from: other })
})

// Who gets past the gate? (product, Authentication)

import { randomBytes } from 'node:crypto'
import { toBase64url } from '@tercet/wire/base64url'
import type { Context } from '@tercet/wire/context'
import { ENDPOINTS } from '@tercet/wire/endpoints'
import * as wire from '@tercet/wire/http-signature'
import { generateIdentity, type KeptIdentity } from '@tercet/wire/identity'
import { beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { LIMITS } from '../config.js'
import { type Authenticate, createGate } from './auth.js'

vi.mock('@tercet/wire/http-signature', { spy: true })

const START = 1_000_000
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
let node: KeptIdentity
let device: KeptIdentity
let time: number
let monotonic: number | undefined
let gateAt: () => Authenticate
let authenticate: Authenticate
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
  authenticate = gateAt()
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
  return authenticate(request, ENDPOINTS['keygen.start'])
}

test('an honest request passes', async () => {
  expect((await attempt()).identity).toEqual(device.publicIdentity)
})

test('the window is 60 s both ways, and nothing from before the start counts', async () => {
  await attempt({ created: time - 60 })
  await attempt({ created: time + 60 })
  await expect(attempt({ created: time - 61 })).rejects.toMatchObject({ code: 'clock', extra: { time } })
  await expect(attempt({ created: time + 61 })).rejects.toMatchObject({ code: 'clock' })
  time = START + 30
  authenticate = gateAt()
  await attempt({ created: START })
  await expect(attempt({ created: START - 1 })).rejects.toMatchObject({ code: 'clock' })
})

test('a nonce is remembered for as long as its request could pass', async () => {
  const nonce = random(32)
  const created = time + 60
  await attempt({ nonce, created })
  for (const later of [1, 60, 120]) {
    time = START + 500 + later
    await expect(attempt({ nonce, created })).rejects.toMatchObject({ code: 'replayed' })
  }
  time = START + 500 + 121
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
  vi.mocked(wire.verifyRequest).mockImplementation(async () => ({
    identity: random(34),
    nonce: random(32),
    created: time,
    context: { idTo: node.publicIdentity, opType: 'keygen', step: 1 } as Context,
  }))
  try {
    for (let n = 0; n < LIMITS.strangerNonces + 10; n++) {
      await authenticate({} as never, ENDPOINTS['keygen.start'])
    }
  } finally {
    vi.mocked(wire.verifyRequest).mockReset()
  }
  await attempt()
  await attempt({ from: await generateIdentity() })
})

test('one device cannot fill the table of all', async () => {
  vi.mocked(wire.verifyRequest).mockImplementation(async () => ({
    identity: device.publicIdentity,
    nonce: random(32),
    created: time,
    context: { idTo: node.publicIdentity, opType: 'keygen', step: 1 } as Context,
  }))
  const flood = async () => {
    for (let n = 0; n < LIMITS.requestsPerMinute + 1; n++) {
      await authenticate({} as never, ENDPOINTS['keygen.start'])
    }
  }
  try {
    await expect(flood()).rejects.toMatchObject({ code: 'rate-limited' })
  } finally {
    vi.mocked(wire.verifyRequest).mockReset()
  }
  const other = await generateIdentity()
  owners.add(toBase64url(other.publicIdentity))
  await attempt({ from: other })
})

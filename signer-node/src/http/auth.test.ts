// Who gets past the gate? (product, Authentication)

import { randomBytes } from 'node:crypto'
import type { Context } from '@tercet/wire/context'
import { ENDPOINTS } from '@tercet/wire/endpoints'
import { signRequest } from '@tercet/wire/http-signature'
import { generateIdentity, type KeptIdentity } from '@tercet/wire/identity'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { type Authenticate, createGate } from './auth.js'

const START = 1_000_000
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
let node: KeptIdentity
let device: KeptIdentity
let time: number
let authenticate: Authenticate

beforeAll(async () => {
  node = await generateIdentity()
  device = await generateIdentity()
})

beforeEach(() => {
  time = START + 500
  const clock = { now: () => time, monotonic: () => time * 1000 }
  authenticate = createGate({ clock, identity: node, started: START })
})

interface Bend {
  readonly created?: number
  readonly nonce?: Uint8Array
  readonly context?: Partial<Context>
  /** What arrives, where it is not what was signed. */
  readonly arrives?: { readonly path?: string; readonly query?: string; readonly body?: Uint8Array }
}

async function attempt({ created = time, nonce = random(32), context = {}, arrives = {} }: Bend = {}) {
  const parts = { method: 'POST', path: '/v1/keygen/start', query: '', body: random(5) }
  const full: Context = {
    version: 1,
    idFrom: device.publicIdentity,
    idTo: node.publicIdentity,
    keyId: new Uint8Array(32),
    epoch: 0,
    opType: 'keygen',
    sessionId: random(32),
    step: 1,
    prevMsgHash: new Uint8Array(32),
    ...context,
  }
  const headers = await signRequest(device, { ...parts, context: full, created, nonce })
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

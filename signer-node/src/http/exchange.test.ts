// Can a device tie every answer to its message, also when the body was never read? (SPEC 0.4)

import { sha256 } from '@noble/hashes/sha2.js'
import { messageLength } from '@tercet/protocol/messages'
import type { Context } from '@tercet/wire/context'
import { signRequest, verifyResponse } from '@tercet/wire/http-signature'
import { generateIdentity } from '@tercet/wire/identity'
import { parseProblem } from '@tercet/wire/problem'
import { expect, test } from 'vitest'
import { createMetrics } from '../metrics.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import { createGate } from './auth.js'
import { createExchange } from './exchange.js'
import { createRoutes } from './routes.js'

const identity = await generateIdentity()
const device = await generateIdentity()
const errors: object[] = []

function exchangeOf(more: Partial<Node> = {}) {
  const node = {
    identity,
    metrics: createMetrics(),
    log: { error: (line: object) => errors.push(line), info: () => undefined, debug: () => undefined },
    clock: { now: () => 1000, monotonic: () => 0 },
    random: (length: number) => new Uint8Array(length).fill(7),
    ...more,
  } as unknown as Node
  const gate = createGate({ ...node, started: 0 }, async () => false)
  return { node, exchange: createExchange(node, gate) }
}

const NONCE = new Uint8Array(32).fill(1)

async function post(body: Uint8Array, created = 1000): Promise<Request> {
  const context: Context = {
    version: 1,
    idFrom: device.publicIdentity,
    idTo: identity.publicIdentity,
    keyId: new Uint8Array(32),
    epoch: 0,
    opType: 'keygen',
    sessionId: new Uint8Array(32).fill(5),
    step: 1,
    prevMsgHash: new Uint8Array(32),
  }
  const parts = { method: 'POST', path: '/v1/keygen/start', query: '', body, context }
  const headers = await signRequest(device, { ...parts, created, nonce: NONCE })
  const length = { 'content-length': String(body.length) }
  return new Request('http://node/v1/keygen/start', {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { ...headers, ...length },
  })
}

const nothing = { handle: () => Promise.reject(new Error('not reached')) }

async function read(response: Response) {
  const body = new Uint8Array(await response.arrayBuffer())
  const { status, headers } = response
  const { context, nonce } = await verifyResponse({ status, headers, body })
  return { context, nonce, code: parseProblem(body).code }
}

test.each([
  ['too-large', 1_000_000, {}],
  ['storage', 10, { notReady: 'storage' as const }],
])('an answer %s, given before the body was read, belongs to that body', async (code, length, more) => {
  const body = new Uint8Array(length).fill(3)
  const answer = await read(
    await exchangeOf(more).exchange.run('keygen.start', await post(body), '', nothing),
  )
  expect(answer.code).toBe(code)
  expect(answer.context.prevMsgHash).toEqual(sha256(body))
})

test.each([
  ['too-large', 1_000_000, 1000, true],
  ['malformed', 10, 1000, true],
  ['clock', 10, 900, true],
  ['unauthenticated', messageLength('keygen.req1'), 1000, false],
] as const)(
  'a refusal %s carries the nonce of its request if its sender is known',
  async (code, length, created, tied) => {
    const request = await post(new Uint8Array(length), created)
    if (!tied) request.headers.set('signature', `tercet=:${'A'.repeat(86)}==:`)
    const answer = await read(await exchangeOf().exchange.run('keygen.start', request, '', nothing))
    expect(answer.code).toBe(code)
    expect(Buffer.compare(answer.nonce, NONCE) === 0).toBe(tied)
    expect(answer.context).toMatchObject({ sessionId: new Uint8Array(32).fill(5), step: 2, opType: 'keygen' })
  },
)

test('what the endpoint refuses, it refuses before the body is read', async () => {
  const request = await post(new Uint8Array(messageLength('keygen.req1')))
  const admit = () => Promise.reject(new Refusal('unknown-session'))
  const answer = await read(
    await exchangeOf().exchange.run('keygen.start', request, '', { admit, ...nothing }),
  )
  expect([answer.code, request.bodyUsed]).toEqual(['unknown-session', false])
})

test('what escapes a route is a signed bug with an incident, and is logged', async () => {
  const { node, exchange } = exchangeOf()
  const broken = { ...exchange, run: () => Promise.reject(new Error('escaped')) }
  const operations = { keygen: {}, otSetups: {}, signing: {}, recovery: {}, reshare: { routes: {} } } as never
  errors.length = 0
  const app = createRoutes(node, broken, operations, { origins: [], trustProxy: false })
  const answer = await read(await app.fetch(await post(Uint8Array.of(1))))
  expect(answer.code).toBe('bug')
  expect(errors).toHaveLength(1)
})

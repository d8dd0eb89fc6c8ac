// Can a device tie every answer to its message, also when the body was never read? (SPEC 0.4)

import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from '@tercet/wire/context'
import { signRequest, verifyResponse } from '@tercet/wire/http-signature'
import { generateIdentity } from '@tercet/wire/identity'
import { parseProblem } from '@tercet/wire/problem'
import { expect, test } from 'vitest'
import { createMetrics } from '../metrics.js'
import type { Node } from '../node.js'
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
  const exchange = createExchange(node, () => Promise.reject(new Error('not reached')))
  return { node, exchange }
}

async function post(body: Uint8Array): Promise<Request> {
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
  const headers = await signRequest(device, { ...parts, created: 1000, nonce: new Uint8Array(32).fill(1) })
  const length = { 'content-length': String(body.length) }
  return new Request('http://node/v1/keygen/start', {
    method: 'POST',
    body: new Uint8Array(body),
    headers: { ...headers, ...length },
  })
}

const nothing = () => Promise.reject(new Error('not reached'))

async function read(response: Response) {
  const body = new Uint8Array(await response.arrayBuffer())
  const { context } = await verifyResponse({ status: response.status, headers: response.headers, body })
  return { context, code: parseProblem(body).code }
}

test.each([
  ['too-large', 1_000_000, {}],
  ['storage', 10, { notReady: 'storage' as const }],
])('an answer %s, given before the body was read, belongs to that body', async (code, length, more) => {
  const body = new Uint8Array(length).fill(3)
  const answer = await read(await exchangeOf(more).exchange.run('keygen.start', await post(body), nothing))
  expect(answer.code).toBe(code)
  expect(answer.context.prevMsgHash).toEqual(sha256(body))
})

test('what escapes a route is a signed bug with an incident, and is logged', async () => {
  const { node, exchange } = exchangeOf()
  const broken = { ...exchange, run: () => Promise.reject(new Error('escaped')) }
  const operations = { keygen: {}, otSetups: {}, signing: {} } as never
  errors.length = 0
  const app = createRoutes(node, broken, operations, [])
  const answer = await read(await app.fetch(await post(Uint8Array.of(1))))
  expect(answer.code).toBe('bug')
  expect(errors).toHaveLength(1)
})

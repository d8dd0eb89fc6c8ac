import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyRequest } from '@tercet/wire/http-signature'
import { generateIdentity, type Identity } from '@tercet/wire/identity'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createMetrics, type Metrics } from '../metrics.js'
import { createDatabase, openStore, type Store } from '../store/open.js'
import { createOutbox, type Outbox, type OutboxNode } from './outbox.js'

const DAY = 86_400
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const keyId = random(32)
const clock = { wall: 0, up: 0 }
let identity: Identity
let path: string
let store: Store
let metrics: Metrics
let outbox: Outbox
let server: Server
/** Bodies that the receiver took, and how it answers. */
let got: string[]
let status: number

function url(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?for=tercet`
}

function boot(target: string | undefined = url()): void {
  store = openStore(path, undefined, (error) => {
    throw error
  })
  metrics = createMetrics()
  const log = { error: () => undefined }
  const now = { now: () => clock.wall, monotonic: () => clock.up * 1000 }
  outbox = createOutbox(
    { store, identity, random, metrics, log, clock: now } as unknown as OutboxNode,
    target,
  )
}

/** As after the end of the process: nothing that was in memory is left. */
async function restart(target?: string): Promise<void> {
  await outbox.stop()
  await store.close()
  clock.up = 0
  boot(target)
}

beforeEach(async () => {
  clock.wall = 1_800_000_000
  clock.up = 100
  got = []
  status = 200
  identity = await generateIdentity()
  path = join(mkdtempSync(join(tmpdir(), 'tercet-outbox-')), 'node.sqlite')
  createDatabase(path)
  // Takes what the node signed for this very path, as an operator's program would, and nothing else.
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = new Uint8Array(Buffer.concat(chunks))
    const headers = { get: (name: string) => request.headers[name]?.toString() ?? null }
    const parts = { method: 'POST', path: '/hook', query: '?for=tercet', body, headers }
    const sender = await verifyRequest(parts).catch(() => undefined)
    const good = sender !== undefined && Buffer.compare(sender.identity, identity.publicIdentity) === 0
    if (good && status === 200) got.push(new TextDecoder().decode(body))
    response.writeHead(good ? status : 401).end('taken')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  boot()
})

afterEach(async () => {
  await outbox.stop()
  await store.close()
  server.close()
})

const put = (text: string) => store.write((tx) => outbox.put(tx, keyId, new TextEncoder().encode(text)))
const kept = async () => (await store.read((db) => db.selectFrom('outbox').select('id').execute())).length

async function outcomes(outcome: 'delivered' | 'failed'): Promise<number> {
  const { values } = await metrics.notices.get()
  return values.find(({ labels }) => labels.outcome === outcome)?.value ?? 0
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  for (let i = 0; i < 400 && !(await holds()); i++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(await holds()).toBe(true)
}

test('notices leave signed, in their order, and none twice', async () => {
  for (const text of ['one', 'two', 'three']) await put(text)
  outbox.wake()
  outbox.wake()
  await until(async () => (await kept()) === 0)
  expect(got).toEqual(['one', 'two', 'three'])
  expect(await outcomes('delivered')).toBe(3)
})

test('more than are looked at together leave all the same', async () => {
  for (let i = 0; i < 70; i++) await put(`${i}`)
  outbox.wake()
  await until(async () => (await kept()) === 0)
  expect(got).toHaveLength(70)
})

test('what is not committed is not told', async () => {
  const failing = store.write(async (tx) => {
    await outbox.put(tx, keyId, new Uint8Array(1))
    throw new Error('rolled back')
  })
  await expect(failing).rejects.toThrow('rolled back')
  expect(await kept()).toBe(0)
})

test('a receiver that fails is asked again, after a pause that grows', async () => {
  status = 503
  await put('patient')
  outbox.wake()
  await until(async () => (await outcomes('failed')) === 1)
  // Not before its pause is over, however often somebody looks.
  outbox.wake()
  outbox.wake()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await outcomes('failed')).toBe(1)
  clock.up += 1
  outbox.wake()
  await until(async () => (await outcomes('failed')) === 2)
  clock.up += 1
  outbox.wake()
  await new Promise((resolve) => setTimeout(resolve, 200))
  expect(await outcomes('failed')).toBe(2)
  status = 200
  clock.up += 1
  outbox.wake()
  await until(() => got.length === 1)
})

test('a notice outlives the process', async () => {
  status = 500
  await put('durable')
  outbox.wake()
  await until(async () => (await outcomes('failed')) === 1)
  await restart()
  status = 200
  outbox.wake()
  await until(() => got.length === 1)
  expect(got).toEqual(['durable'])
})

test('after a week without a receiver it is dropped', async () => {
  await restart('http://127.0.0.1:9/')
  await put('nobody')
  clock.wall += 7 * DAY + 1
  outbox.wake()
  await until(async () => (await kept()) === 0)
  expect(await outcomes('failed')).toBe(1)
})

test('without a receiver none is kept', async () => {
  const silent = createOutbox({ store, clock: { now: () => 0 } } as unknown as OutboxNode, undefined)
  await store.write((tx) => silent.put(tx, keyId, new Uint8Array(1)))
  expect(await kept()).toBe(0)
})

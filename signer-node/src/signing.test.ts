// What happens to a step that waits for the worker or the store while its session or presignature goes? (SPEC 0.5)

import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '@noble/hashes/sha2.js'
import { decodeMessage } from '@tercet/protocol/messages'
import { sessionId } from '@tercet/protocol/session'
import { toBase64url } from '@tercet/wire/base64url'
import type { Context } from '@tercet/wire/context'
import { DEFAULT_POLICY, policyHash } from '@tercet/wire/policy'
import { parseProblem } from '@tercet/wire/problem'
import { beforeEach, expect, test, vi } from 'vitest'
import { LIMITS } from './config.js'
import { createLocks } from './lock.js'
import { createMetrics } from './metrics.js'
import type { Node } from './node.js'
import { createPairs } from './pairs.js'
import { Refusal } from './refusal.js'
import { createTagger } from './seal.js'
import { createSigning } from './signing.js'
import type { Incoming } from './steps.js'
import { createDatabase, openStore, type Store } from './store/open.js'
import { findWallet, insertWallet, type Wallet } from './store/wallets.js'

vi.mock('@tercet/protocol/messages', async (original) => ({
  ...(await original<typeof import('@tercet/protocol/messages')>()),
  decodeMessage: vi.fn(),
}))

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const cosigner = random(34)
let store: Store
let wallet: Wallet
let setup: Uint8Array
/** Calls of the worker so far; a step in `waits` stays unanswered until it is let go. */
let calls: string[]
let waits: Map<string, Promise<void>>
let kind: string
let parts: ReturnType<typeof build>

function build() {
  const results: Record<string, () => unknown> = {
    'presign.answer': () => ({ send: Uint8Array.of(1) }),
    'presign.confirm': () => ({ send: Uint8Array.of(2), presigIds: [random(32)] }),
    'fresh.judge': judged,
    'sign.view': judged,
    'fresh.answer': () => ({ send: Uint8Array.of(3) }),
    release: () => ({ send: Uint8Array.of(4) }),
  }
  const run = async (step: string) => {
    calls.push(step)
    await waits.get(step)
    return results[step]?.()
  }
  const node = {
    identity: { publicIdentity: cosigner },
    store,
    engine: { run },
    log: { error: (line: object) => errors.push(line), warn: () => undefined },
    metrics: createMetrics(),
    clock: { now: () => 1000, monotonic: () => 0 },
    random,
    exclusively: createLocks(),
    policyHash: policyHash(DEFAULT_POLICY),
  } as unknown as Node
  const pairs = createPairs(node)
  return { pairs, signing: createSigning(node, pairs) }
}
const errors: object[] = []

function judged() {
  return { facts: { kind }, expiresAt: 9999, requestHash: random(32) }
}

beforeEach(async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'tercet-signing-')), 'node.sqlite')
  createDatabase(path)
  store = openStore(path, createTagger(random(32)), () => undefined)
  setup = random(32)
  const device = random(34)
  const keyId = random(32)
  await store.write((tx) =>
    insertWallet(store, tx, {
      keyId,
      device,
      publicKey: random(33),
      chainCode: random(32),
      recoveryKey: random(33),
      transcript: random(32),
      policyHash: policyHash(DEFAULT_POLICY),
      sealedShare: random(9),
      kit: random(9),
      confirmation: random(9),
      otSetup: { idA: setup, idB: setup, sealed: random(9) },
      created: 1,
    }),
  )
  wallet = await findWallet(store, keyId, device)
  calls = []
  waits = new Map()
  errors.length = 0
  kind = 'evm-transaction'
  parts = build()
  return () => store.close()
})

function hold(step: string): () => void {
  let free: () => void = () => undefined
  waits.set(step, new Promise((resolve) => (free = resolve)))
  return free
}

function message(opType: 'presign' | 'fresh' | 'sign', nonce: Uint8Array, step = 1, previous?: Uint8Array) {
  vi.mocked(decodeMessage).mockReturnValue({
    ...{ nonce, presigId: nonce, batch: 1, keyId: wallet.keyId, epoch: 0, attempt: 0 },
    ...{ otSetupA: setup, otSetupB: setup },
  } as never)
  const context: Context = {
    version: 1,
    idFrom: wallet.device,
    idTo: cosigner,
    keyId: wallet.keyId,
    epoch: 0,
    opType,
    sessionId: sessionId(opType, nonce, wallet.device, cosigner),
    step,
    prevMsgHash: previous ?? new Uint8Array(32),
  }
  const incoming: Incoming = {
    auth: { identity: wallet.device, nonce: random(32), created: 1000, context },
    body: random(8),
    source: '',
  }
  return incoming
}

const until = (step: string) => vi.waitFor(() => expect(calls).toContain(step))

test('a conflicting body during a fresh start is a conflict, and no bug', async () => {
  const free = hold('fresh.judge')
  const nonce = random(32)
  const first = parts.signing.freshStart(message('fresh', nonce), wallet)
  await until('fresh.judge')
  await expect(parts.signing.freshStart(message('fresh', nonce), wallet)).rejects.toMatchObject({
    code: 'conflict',
  })
  free()
  expect((await first).status).toBe(404)
  expect(calls).not.toContain('fresh.answer')
  expect(errors).toEqual([])
})

test('presignatures of a session that ended meanwhile are dropped', async () => {
  const nonce = random(32)
  const { body } = await parts.signing.presignStart(message('presign', nonce), wallet)
  const free = hold('presign.confirm')
  const opened = parts.signing.presignOpen(message('presign', nonce, 3, sha256(body)), wallet)
  await until('presign.confirm')
  parts.pairs.dropAll()
  free()
  expect((await opened).status).toBe(404)
  expect(parts.pairs.count).toBe(0)
  expect(calls.filter((step) => step === 'signing.drop')).toHaveLength(3)
})

test('a message that came while the node was busy may come again', async () => {
  const nonce = random(32)
  const { body } = await parts.signing.presignStart(message('presign', nonce), wallet)
  const second = message('presign', nonce, 3, sha256(body))
  const makeRoom = vi.spyOn(parts.pairs, 'makeRoom').mockImplementationOnce(() => {
    throw new Refusal('busy')
  })
  expect((await parts.signing.presignOpen(second, wallet)).status).toBe(503)
  makeRoom.mockRestore()
  expect((await parts.signing.presignOpen(second, wallet)).status).toBe(200)
})

test('nothing is released that went before it was taken', async () => {
  const presigId = random(32)
  parts.pairs.add({ wallet, otSetupA: setup, batch: 1 }, [presigId])
  const free = hold('sign.view')
  const refused = expect(parts.signing.sign(message('sign', presigId), wallet)).rejects.toMatchObject({
    code: 'unknown-presignature',
  })
  await until('sign.view')
  parts.pairs.dropAll()
  free()
  await refused
  expect(calls).not.toContain('release')
})

test('nothing is released that was to go after it was taken', async () => {
  const presigId = random(32)
  parts.pairs.add({ wallet, otSetupA: setup, batch: 1 }, [presigId])
  // The entry `approved` is on disk, and the share is not computed yet.
  store.onHead = () => parts.pairs.dropAll()
  await expect(parts.signing.sign(message('sign', presigId), wallet)).rejects.toMatchObject({
    code: 'unknown-presignature',
  })
  expect(calls).not.toContain('release')
})

test('a release that failed is told to every repeat alike, by one incident', async () => {
  const presigId = random(32)
  parts.pairs.add({ wallet, otSetupA: setup, batch: 1 }, [presigId])
  waits.set('release', Promise.reject(new Error('lost')))
  const asked = message('sign', presigId)
  const [first, again] = [await parts.signing.sign(asked, wallet), await parts.signing.sign(asked, wallet)]
  expect(parseProblem(first.body)).toMatchObject({ code: 'bug', id: expect.any(String) })
  expect(again).toEqual(first)
  expect(errors).toHaveLength(1)
  expect(calls.filter((step) => step === 'release')).toHaveLength(1)
})

test.each([
  ['self-test', 'self-test'],
  ['evm-transaction', 'approved'],
])('a signature of kind %s has one entry: %s', async (asked, event) => {
  kind = asked
  const presigId = random(32)
  parts.pairs.add({ wallet, otSetupA: setup, batch: 1 }, [presigId])
  expect((await parts.signing.sign(message('sign', presigId), wallet)).status).toBe(200)
  const entries = await store.read((db) => db.selectFrom('audit').selectAll().execute())
  expect(entries.map((entry) => entry.event)).toEqual(['keygen', event])
})

test('denials are limited per key: each is an entry for ever', async () => {
  kind = 'raw-digest'
  const presigId = random(32)
  parts.pairs.add({ wallet, otSetupA: setup, batch: 1 }, [presigId])
  const ask = () => parts.signing.sign(message('sign', presigId), wallet)
  for (let n = 0; n < LIMITS.denialsPerMinute; n++) {
    await expect(ask()).rejects.toMatchObject({ code: 'denied' })
  }
  await expect(ask()).rejects.toMatchObject({ code: 'rate-limited' })
  const entries = await store.read((db) => db.selectFrom('audit').selectAll().execute())
  expect(entries).toHaveLength(1 + LIMITS.denialsPerMinute)
  expect(toBase64url(entries[0]?.key_id ?? random(1))).toBe(toBase64url(wallet.keyId))
})

// Is an OT setup made anew in time, before it has served too long or too often? (SPEC 2.4)

import { canonicalize, type JsonObject } from '@tercet/wire/canonical-json'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { memoryStorage } from './storage/memory.js'
import type { DeviceStorage } from './storage/storage.js'
import { FakeNode, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

const DAY = 24 * 60 * 60 * 1000

let node: FakeNode
let storage: DeviceStorage
let now: number
let wallet: Wallet

const options = () => ({ storage, transport: node.transport, clock: () => now, pool: { size: 0 } })
const open = () => Wallet.open({ ...options(), walletId: wallet.id })

const metaKey = () => `wallet/${wallet.id}/meta`

async function stored(): Promise<JsonObject> {
  return JSON.parse(new TextDecoder().decode(await storage.get(metaKey())))
}

/** Changes what the store says of the setup's use. */
async function aged(change: JsonObject): Promise<void> {
  const { made: _, sessions: __, ...rest } = await stored()
  await storage.put({ [metaKey()]: canonicalize({ ...rest, ...change }) })
}

beforeAll(async () => {
  node = await FakeNode.start()
  storage = memoryStorage()
  now = Date.now()
  wallet = await Wallet.create({ ...options(), node: 'https://node.example', recovery: testRecovery() })
})

beforeEach(() => {
  node.reasons.length = 0
})

it('a setup is kept for 90 days, and then made anew before it is used again, once', async () => {
  now += 90 * DAY - 60_000
  await wallet.signMessage('in time')
  expect(node.reasons).toEqual([])
  now += 60_000
  await wallet.signMessage('rotated')
  await wallet.signMessage('with the new one')
  expect(node.reasons).toEqual(['rotation'])
  now += 89 * DAY
  await (await open()).signMessage('still the new one')
  expect(node.reasons).toEqual(['rotation'])
})

it('a process that did not make the setup knows its age, and how often it was used', async () => {
  now += 91 * DAY
  await (await open()).signMessage('old')
  expect(node.reasons).toEqual(['rotation'])
  await aged({ made: String(Math.floor(now / 1000)), sessions: String(2 ** 20 - 2) })
  const reopened = await open()
  await reopened.signMessage('the last but one')
  await reopened.signMessage('the last')
  expect(node.reasons).toEqual(['rotation'])
  await reopened.signMessage('one too many')
  expect(node.reasons).toEqual(['rotation', 'rotation'])
})

it('sessions are counted in the store, a few hundred at a time', async () => {
  await aged({ made: String(Math.floor(now / 1000)), sessions: '254' })
  const reopened = await open()
  await reopened.signMessage('255')
  expect(await stored()).toMatchObject({ sessions: '254' })
  await reopened.signMessage('256')
  expect(await stored()).toMatchObject({ sessions: '256' })
})

it('a setup of which nothing is known ages from now on', async () => {
  await aged({})
  await (await open()).signMessage('unknown')
  now += 89 * DAY
  await (await open()).signMessage('young')
  expect(node.reasons).toEqual([])
  now += 2 * DAY
  await (await open()).signMessage('old')
  expect(node.reasons).toEqual(['rotation'])
})

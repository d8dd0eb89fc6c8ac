// Does the device itself count proven faults of its node, durably, and lock the pair at the third in a day? (SPEC 3.5)

import { beforeEach, describe, expect, it } from 'vitest'
import { memoryStorage } from './storage/memory.js'
import type { DeviceStorage } from './storage/storage.js'
import { FakeNode, type Fault, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

const DAY = 24 * 60 * 60 * 1000
const honest: Fault = (_, answer) => answer()
const flips =
  (message: string, at: number): Fault =>
  async (name, answer) => {
    const body = await answer()
    if (name === message) body[at] = (body[at] ?? 0) ^ 1
    return body
  }
/** The first scalar of `at`, behind version, type, nonce and R. */
const cheat = flips('fresh.start', 2 + 32 + 33 + 31)
const badSignature = flips('fresh.open', 40)

let node: FakeNode
let storage: DeviceStorage
let broken: boolean
let now: number
let wallet: Wallet

function open(): Promise<Wallet> {
  return Wallet.open({
    walletId: wallet.id,
    storage,
    transport: node.transport,
    clock: () => now,
    pool: { size: 0 },
  })
}

async function caught(by: Wallet, fault: Fault = cheat): Promise<void> {
  node.fault = fault
  await expect(by.signMessage('cheated')).rejects.toMatchObject({ code: 'peer-fault', keySafe: true })
  node.fault = honest
}

beforeEach(async () => {
  node = await FakeNode.start()
  broken = false
  now = Date.now()
  const memory = memoryStorage()
  const guard = async (): Promise<void> => {
    if (broken) throw new Error('disk gone')
  }
  storage = {
    ...memory,
    get: (key) => guard().then(() => memory.get(key)),
    put: (records) => guard().then(() => memory.put(records)),
  }
  wallet = await Wallet.create({
    node: 'https://node.example',
    recovery: testRecovery(),
    transport: node.transport,
    clock: () => now,
    pool: { size: 0 },
    storage,
  })
  node.passed.length = 0
})

describe('proven faults of the node', () => {
  it('lock the pair at the third in a day: nothing is sent any more, also after a reopening', async () => {
    await caught(wallet)
    await wallet.signMessage('first strike')
    await caught(wallet, badSignature)
    const reopened = await open()
    await reopened.signMessage('second strike')
    await caught(reopened)
    node.passed.length = 0
    const locked = { code: 'locked', retry: 'recover', keySafe: true }
    await expect(reopened.signMessage('third strike')).rejects.toMatchObject(locked)
    now += 2 * DAY
    const again = await open()
    await expect(again.signMessage('still')).rejects.toMatchObject(locked)
    const pooled = await Wallet.open({ walletId: wallet.id, storage, transport: node.transport })
    await expect(pooled.ready()).rejects.toMatchObject(locked)
    expect(node.passed).toEqual([])
  })

  it('count for a day', async () => {
    for (let strike = 0; strike < 3; strike++) {
      await caught(wallet)
      await wallet.signMessage('honest')
      now += DAY / 2 + 1
    }
  })

  it('count once for all the sessions beside one another', async () => {
    node.fault = cheat
    const ends = await Promise.allSettled(['a', 'b', 'c', 'd'].map((text) => wallet.signMessage(text)))
    expect(ends.map(({ status }) => status)).toEqual(Array(4).fill('rejected'))
    node.fault = honest
    await (await open()).signMessage('one strike')
  })

  it('are told although the store is broken, and are stored before anything else is done', async () => {
    node.fault = async (name, answer) => {
      broken = name === 'fresh.start'
      return cheat(name, answer)
    }
    await expect(wallet.signMessage('cheated')).rejects.toMatchObject({ code: 'peer-fault' })
    node.fault = honest
    node.passed.length = 0
    await expect(wallet.signMessage('store broken')).rejects.toMatchObject({ code: 'storage' })
    expect(node.passed).toEqual([])
    broken = false
    await wallet.signMessage('store back')
    await caught(wallet)
    await wallet.signMessage('second strike')
    await caught(wallet)
    await expect(wallet.signMessage('third')).rejects.toMatchObject({ code: 'locked' })
  })
})

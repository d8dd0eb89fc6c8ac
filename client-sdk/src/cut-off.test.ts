// Does a session that went under cost no second key, and does the caller's signal end every wait?

import { beforeAll, expect, it } from 'vitest'
import { memoryStorage } from './storage/memory.js'
import { FakeNode, Refusal, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

const storage = memoryStorage()
let node: FakeNode
let wallet: Wallet
beforeAll(async () => {
  node = await FakeNode.start()
  let lost = false
  node.fault = async (name, answer) => {
    if (name === 'fresh.open' && !lost) {
      lost = true
      throw new Refusal('unknown-session')
    }
    return answer()
  }
  wallet = await Wallet.create({
    node: 'https://node.example',
    recovery: testRecovery(),
    transport: node.transport,
    pool: { size: 0 },
    storage,
  })
})

it('a self-test that the node forgot is done again, under the same key', async () => {
  expect(node.passed.filter(({ name }) => name === 'keygen.start').length).toBe(1)
  expect((await Wallet.list(storage)).length).toBe(1)
})

it('a fired signal ends ready, list and recoveryKit', async () => {
  const aborted = { code: 'aborted' }
  const signal = AbortSignal.abort()
  await expect(Wallet.list(storage, { signal })).rejects.toMatchObject(aborted)
  await expect(wallet.recoveryKit({ signal })).rejects.toMatchObject(aborted)
  await expect(wallet.ready({ signal })).rejects.toMatchObject(aborted)
})

it('a signal ends the wait for a full pool, and the filling goes on', async () => {
  const pooled = await Wallet.open({
    walletId: wallet.id,
    storage,
    transport: node.transport,
    pool: { size: 1 },
  })
  const controller = new AbortController()
  const waiting = pooled.ready({ signal: controller.signal })
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'aborted' })
  await pooled.ready()
  expect(pooled.presignatures).toBe(1)
  await pooled.close()
})

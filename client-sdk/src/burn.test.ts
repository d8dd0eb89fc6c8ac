// What becomes of the sessions that run beside one in which the node is caught cheating?

import { afterAll, beforeAll, expect, it } from 'vitest'
import { memoryStorage } from './storage/memory.js'
import { FakeNode, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

let node: FakeNode
let wallet: Wallet
beforeAll(async () => {
  node = await FakeNode.start()
  wallet = await Wallet.create({
    node: 'https://node.example',
    recovery: testRecovery(),
    transport: node.transport,
    pool: { size: 0 },
    storage: memoryStorage(),
  })
})
afterAll(() => wallet.close())

it('a cheat ends the sessions beside it: no further message is computed under the burned setup', async () => {
  node.passed.length = 0
  let cheats = 0
  let caught: () => void = () => undefined
  const first = new Promise<void>((resolve) => {
    caught = resolve
  })
  node.fault = async (name, answer) => {
    const body = await answer()
    if (name !== 'fresh.start') return body
    if (cheats++ === 0) body[2 + 32 + 33 + 31] = (body[2 + 32 + 33 + 31] ?? 0) ^ 1
    else await first
    return body
  }
  const signatures = ['one', 'two', 'three'].map((text) => wallet.signMessage(text).finally(() => caught()))
  const ends = await Promise.allSettled(signatures)
  expect(ends.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(node.passed.map(({ name }) => name)).toEqual(['fresh.start', 'fresh.start', 'fresh.start'])
  node.fault = (_, answer) => answer()
  await wallet.signMessage('honest')
  expect(node.reasons).toEqual(['peer-fault'])
})

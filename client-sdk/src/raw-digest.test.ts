// Is a bare digest kept away from presignatures? (SPEC 4.4: fresh mode alone)

import { expect, it } from 'vitest'
import { memoryStorage } from './storage/memory.js'
import { FakeNode, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

it('a bare digest is signed fresh: no presignature is spent on it', async () => {
  const node = await FakeNode.start()
  const pooled = await Wallet.create({
    node: 'https://node.example',
    recovery: testRecovery(),
    transport: node.transport,
    storage: memoryStorage(),
    pool: { size: 1 },
  })
  await pooled.ready()
  node.passed.length = 0
  const draft = { kind: 'raw-digest', chain: 'none', payload: 'A'.repeat(43) } as const
  await expect(pooled.sign(draft)).rejects.toMatchObject({ code: 'denied' })
  expect(node.passed.map(({ name }) => name)).toEqual(['fresh.start', 'fresh.open'])
  expect(pooled.presignatures).toBe(1)
  await pooled.close()
})

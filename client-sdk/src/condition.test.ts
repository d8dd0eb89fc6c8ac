// Does a device whose wallet was exposed refuse to sign until its user knows, and for good where it was replaced?

import { afterEach, beforeAll, expect, it } from 'vitest'
import { assertNotExposed, markExposed, markReplaced } from './condition.js'
import type { DeviceStorage } from './storage/storage.js'
import { bornWallet, openWith } from './testing/born-wallet.js'
import type { FakeNode } from './testing/fake-node.js'
import type { Wallet } from './wallet.js'

let node: FakeNode
let storage: DeviceStorage
let id: string
const opened: Wallet[] = []
const open = async () => {
  const wallet = await openWith(node, storage, id)
  opened.push(wallet)
  return wallet
}

beforeAll(async () => {
  const born = await bornWallet()
  id = born.id
  ;({ node, storage } = await born.copy())
})
afterEach(async () => {
  for (const wallet of opened.splice(0)) await wallet.close()
})

it('an exposed key signs once its user has acknowledged it, also after a reopening', async () => {
  const wallet = await open()
  await wallet.acknowledgeExposure()
  await wallet.signMessage('nothing to acknowledge')
  await markExposed(storage, id)
  node.passed.length = 0
  const refused = { code: 'exposed', retry: 'no', keySafe: false }
  await expect(wallet.signMessage('exposed')).rejects.toMatchObject(refused)
  await expect(wallet.refresh()).rejects.toMatchObject(refused)
  await expect((await open()).signMessage('exposed')).rejects.toMatchObject(refused)
  expect(node.passed).toEqual([])
  await wallet.acknowledgeExposure()
  await wallet.signMessage('to move what it holds')
  await (await open()).signMessage('and the rest')
  // A second time is another matter.
  await markExposed(storage, id)
  await expect(wallet.signMessage('exposed again')).rejects.toMatchObject(refused)
  await wallet.acknowledgeExposure()
})

it('a device that was replaced signs nothing, whatever else is acknowledged', async () => {
  await markReplaced(storage, id)
  const wallet = await open()
  await wallet.acknowledgeExposure()
  await expect(wallet.signMessage('replaced')).rejects.toMatchObject({ code: 'replaced', retry: 'no' })
  // The node's word alone: it keeps nobody from leaving with the recovery key.
  await assertNotExposed(storage, id)
})

it('a record of it that is damaged is no permission', async () => {
  await storage.put({ [`wallet/${id}/condition`]: new TextEncoder().encode('{"version":"2"}') })
  await expect((await open()).signMessage('unknown')).rejects.toMatchObject({ code: 'damaged' })
})

// Does a wallet know its kit: the node's against its own, and the one in the user's hands against the present one?

import { sha256 } from '@noble/hashes/sha2.js'
import { signTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit } from '@tercet/wire/kit'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { memoryStorage } from './storage/memory.js'
import { FakeNode, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

const storage = memoryStorage()
const opened: Wallet[] = []
let node: FakeNode
let id: string

beforeAll(async () => {
  node = await FakeNode.start()
  const made = await Wallet.create({
    node: 'https://node.example',
    recovery: testRecovery(),
    transport: node.transport,
    pool: { size: 0 },
    storage,
  })
  id = made.id
  await made.close()
})
afterEach(async () => {
  for (const wallet of opened.splice(0)) await wallet.close()
})

async function open(): Promise<Wallet> {
  const wallet = await Wallet.open({ walletId: id, storage, transport: node.transport, pool: { size: 0 } })
  opened.push(wallet)
  return wallet
}

/** Every turn that is already due; what is loaded on demand is loaded by then. */
const turns = async () => {
  await import('./standing.js')
  await new Promise((resolve) => setTimeout(resolve, 20))
}

it('is compared with the node’s, byte for byte, and the difference is named', async () => {
  const wallet = await open()
  const ours = await wallet.recoveryKit()
  node.kit = ours
  expect(await wallet.checkKit()).toEqual({ same: true, differs: [] })

  const kit = decodeKit(ours)
  const address = 'https://moved.example'
  const signature = await signTagged(node.identity, 'sig/node', kit.record.keyId, address)
  node.kit = encodeKit({ ...kit, node: { address, signature } })
  expect(await wallet.checkKit()).toEqual({ same: false, differs: ['node'] })

  node.kit = Uint8Array.of(...ours.subarray(1))
  await expect(wallet.checkKit()).rejects.toMatchObject({
    code: 'peer-fault',
    incident: 'kit',
    keySafe: true,
  })
})

it('that the user has is reported stale when it is not the present one, until it is exported again', async () => {
  const told: number[] = []
  const listen = async () => {
    const wallet = await open()
    const end = wallet.on('kit-changed', ({ epoch }) => told.push(epoch))
    await turns()
    return { wallet, end }
  }
  const { wallet } = await listen()
  expect(told).toEqual([])
  await wallet.recoveryKit()
  await listen()
  expect(told).toEqual([])

  // As after a reshare: what was exported is of an earlier epoch.
  await storage.put({ [`wallet/${id}/exported`]: sha256(Uint8Array.of(1)) })
  const late = await listen()
  await expect.poll(() => told).toEqual([0])
  await late.wallet.recoveryKit()
  await listen()
  expect(told).toEqual([0])
})

it('is exported even when the store fails: only the reminder is missing then', async () => {
  const broken = { ...storage, put: () => Promise.reject(new Error('disk full')) }
  const wallet = await Wallet.open({
    walletId: id,
    storage: broken,
    transport: node.transport,
    pool: { size: 0 },
  })
  opened.push(wallet)
  decodeKit(await wallet.recoveryKit())
})

// How do many tests start from a wallet without a key generation each? One is made, and copied with its node.

import type { OpenOptions } from '../options.js'
import { memoryStorage } from '../storage/memory.js'
import type { DeviceStorage } from '../storage/storage.js'
import { Wallet } from '../wallet.js'
import { FakeNode, testRecovery } from './fake-node.js'

/** A wallet as it was made, for as many tests as like. */
export interface Born {
  readonly id: string
  /** Its node, and a store with its records: in memory, or in the store that is given. */
  copy(into?: DeviceStorage): Promise<{ node: FakeNode; storage: DeviceStorage }>
}

export async function bornWallet(): Promise<Born> {
  const first = memoryStorage()
  const born = await FakeNode.start()
  const wallet = await Wallet.create({
    node: 'https://node.example',
    recovery: testRecovery(),
    transport: born.transport,
    pool: { size: 0 },
    storage: first,
  })
  await wallet.close()
  return {
    id: wallet.id,
    async copy(into = memoryStorage()) {
      for (const key of await first.list('')) {
        const value = await first.get(key)
        if (value !== undefined) await into.put({ [key]: value })
      }
      return { node: born.copy(), storage: withIdentity(into, first) }
    },
  }
}

/** A store whose device is another store's. */
export function withIdentity(store: DeviceStorage, of: Pick<DeviceStorage, 'identity'>): DeviceStorage {
  return {
    identity: () => of.identity(),
    get: (key) => store.get(key),
    put: (records) => store.put(records),
    delete: (keys) => store.delete(keys),
    list: (prefix) => store.list(prefix),
    close: () => store.close(),
  }
}

/** Opens a wallet of a test without presignatures. */
export function openWith(
  node: FakeNode,
  storage: DeviceStorage,
  walletId: string,
  extra: Partial<OpenOptions> = {},
): Promise<Wallet> {
  return Wallet.open({ walletId, storage, transport: node.transport, pool: { size: 0 }, ...extra })
}

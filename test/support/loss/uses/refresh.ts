// Use: a device and a node get new shares of the same key. One wallet for all runs: its epochs go up. (SPEC 5.2)
import { Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { lateStorage } from '../../late-storage.js'
import { newDataDir, startNode } from '../../node-process.js'
import { below } from '../../random.js'
import { someRecovery } from '../../recovery.js'
import type { Operation, Use, World } from '../use.js'

export const refresh: Use = {
  name: 'refresh',
  prepare: async (world) => {
    const { open, address } = await makeWallet(world)
    return async () => {
      const wallet = await open()
      // What opening a wallet does in the background is over when it has checked its kit.
      await wallet.checkKit()
      const goesOn = below(world.random, 2) === 0
      return {
        address,
        run: () => wallet.refresh(),
        afterwards: async () => {
          if (goesOn) return wallet
          await wallet.close()
          return open()
        },
      }
    }
  },
}

/** Broken: what the device stores during the refresh is gone when it is opened again. */
export const forgetfulRefresh: Use = {
  name: 'a device that forgets its new share',
  prepare: async (world) => {
    const { open, storage, address } = await makeWallet(world)
    return async (): Promise<Operation> => {
      const wallet = await open(lateStorage(storage, () => new Promise(() => {})))
      return {
        address,
        run: () => wallet.refresh(),
        afterwards: async () => {
          await wallet.close()
          return open()
        },
      }
    }
  },
}

async function makeWallet({ folder, random, network: { transport } }: World) {
  const { url } = await startNode({ dataDir: await newDataDir(folder, 'node') })
  const storage = memoryStorage()
  const options = { node: url, storage, transport, pool: { size: 0 } }
  const made = await Wallet.create({ ...options, recovery: someRecovery(random) })
  await made.close()
  const open = (from = storage) => Wallet.open({ ...options, storage: from, walletId: made.id })
  return { storage, open, address: made.address() }
}

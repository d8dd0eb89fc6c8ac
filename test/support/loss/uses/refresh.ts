// Use: a device and a node get new shares of the same key. A wallet for several runs: its epochs go up. (SPEC 5.2)
import { Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { lateStorage } from '../../late-storage.js'
import { newDataDir, startNode } from '../../node-process.js'
import { below } from '../../random.js'
import { someRecovery } from '../../recovery.js'
import type { Operation, Use, World } from '../use.js'

/** A node starts no more than sixty reshares of one wallet in an hour, and a run may take two. */
const RUNS_OF_A_WALLET = 20

export const refresh: Use = {
  name: 'refresh',
  prepare: async (world) => {
    const node = await startNode({ dataDir: await newDataDir(world.folder, 'node') })
    let made = await makeWallet(world, node.url)
    let runs = 0
    return async () => {
      if (++runs % RUNS_OF_A_WALLET === 0) made = await makeWallet(world, node.url)
      const { open, address } = made
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
    const node = await startNode({ dataDir: await newDataDir(world.folder, 'node') })
    const { open, storage, address } = await makeWallet(world, node.url)
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

async function makeWallet({ random, network: { transport } }: World, url: string) {
  const storage = memoryStorage()
  const options = { node: url, storage, transport, pool: { size: 0 } }
  const made = await Wallet.create({ ...options, recovery: someRecovery(random) })
  await made.close()
  const open = (from = storage) => Wallet.open({ ...options, storage: from, walletId: made.id })
  return { storage, open, address: made.address() }
}

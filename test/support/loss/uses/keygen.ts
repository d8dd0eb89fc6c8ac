// Use: a device and a node make a key. (SPEC 1.2)
import { TercetError, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { newDataDir, startNode } from '../../node-process.js'
import { someRecovery } from '../../recovery.js'
import type { Use } from '../use.js'

export const keygen: Use = {
  name: 'keygen',
  prepare: async ({ folder, random, network: { transport } }) => {
    const { url } = await startNode({ dataDir: await newDataDir(folder, 'node') })
    return async () => {
      const options = { node: url, storage: memoryStorage(), transport, pool: { size: 0 } }
      const create = () => Wallet.create({ ...options, recovery: someRecovery(random) })
      return {
        run: async () => (await create()).close(),
        afterwards: async () => {
          for (const { id } of await Wallet.list(options.storage)) {
            try {
              return await Wallet.open({ ...options, walletId: id })
            } catch (error) {
              // The one refusal after which nothing is left of a creation.
              if (!(error instanceof TercetError) || error.code !== 'unknown-session') throw error
            }
          }
          return create()
        },
      }
    }
  },
}

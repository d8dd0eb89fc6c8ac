// Use: a wallet goes to another operator, the old node alive. A wallet of its own for every run: no node takes a key twice. (SPEC 5.3)
import { Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { newDataDir, runNodeProgram, startNode } from '../../node-process.js'
import { below } from '../../random.js'
import { someRecovery } from '../../recovery.js'
import type { Use } from '../use.js'

export const operator: Use = {
  name: 'change of operator',
  prepare: async ({ folder, network: { transport }, random }) => {
    const old = await startNode({ dataDir: await newDataDir(folder, 'old') })
    const next = await startNode({ dataDir: await newDataDir(folder, 'next') })
    runNodeProgram('successor', next.identity, '--data-dir', old.dataDir)
    // A running node reads its operator's word every few seconds.
    await new Promise((resolve) => setTimeout(resolve, 6000))
    return async () => {
      const storage = memoryStorage()
      const options = { storage, transport, pool: { size: 0 } }
      const wallet = await Wallet.create({ ...options, node: old.url, recovery: someRecovery(random) })
      const goesOn = below(random, 2) === 0
      return {
        address: wallet.address(),
        run: () => wallet.changeOperator({ node: next.url, expectedIdentity: next.identity }),
        afterwards: async () => {
          if (goesOn) return wallet
          await wallet.close()
          return Wallet.open({ ...options, walletId: wallet.id })
        },
      }
    }
  },
}

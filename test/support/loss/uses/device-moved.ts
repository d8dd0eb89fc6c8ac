// Use: the old device hands over to a new one; what it says to the node is lost. The new one is the old one of the next run. (SPEC 5.1)
import { type DeviceStorage, Wallet } from '@tercet/client'
import { joinCode } from '@tercet/client/recovery'
import { memoryStorage } from '@tercet/client/storage/memory'
import { recoverySigner, signTagged } from '@tercet/wire/identity'
import { memoryLinks } from '../../memory-link.js'
import { newDataDir, startNode } from '../../node-process.js'
import { newRecoveryKey } from '../../recovery.js'
import type { Use } from '../use.js'

/** A node takes no more claims on a wallet in a day than a few. */
const RUNS_OF_A_WALLET = 6
/** After so long the person sees that the old device has given up, and stops the new one. */
const NOTICED_MS = 1000

export const deviceMoved: Use = {
  name: 'device moved',
  prepare: async ({ folder, random, network: { transport } }) => {
    const node = await startNode({ dataDir: await newDataDir(folder, 'node') })
    const { kappa, registration } = newRecoveryKey(random)
    const authority = ({ hash }: { readonly hash: Uint8Array }) =>
      signTagged(recoverySigner(kappa), 'sig/claim', hash)
    let [runs, id, address] = [0, '', '']
    // Of the device that has the wallet; a run that fails leaves none to go on from.
    let storage: DeviceStorage | undefined
    const common = { node: node.url, pool: { size: 0 } }
    return async () => {
      const due = runs++ % RUNS_OF_A_WALLET === 0
      if (due || storage === undefined) {
        storage = memoryStorage()
        const recovery = ({ identity }: { readonly identity: string }) => registration(identity)
        const made = await Wallet.create({ ...common, storage, recovery })
        ;[id, address] = [made.id, made.address()]
        await made.close()
      }
      const [from, to] = [storage, memoryStorage()]
      const code = await joinCode({ storage: to })
      let joined: Wallet | undefined

      /** Both devices once, as far as they come. */
      const move = async (old: Wallet): Promise<void> => {
        const links = memoryLinks()
        const stopped = new AbortController()
        const moving = old.moveTo({ code, link: links.recovery, authority }).catch((error: unknown) => {
          setTimeout(() => stopped.abort(), NOTICED_MS)
          throw error
        })
        const invitation = await old.invitation()
        const options = { ...common, storage: to, signal: stopped.signal }
        // It may have come as far as the wallet before, and is opened then.
        const joining =
          (await Wallet.list(to)).length === 0
            ? Wallet.join({ ...options, invitation, link: links.device })
            : Wallet.open({ ...options, walletId: id })
        const [left, came] = await Promise.allSettled([moving, joining])
        if (came.status === 'fulfilled') joined = came.value
        if (left.status === 'rejected') throw left.reason
        if (came.status === 'rejected') throw came.reason
      }
      const opened = await Wallet.open({ ...common, storage: from, walletId: id, transport })
      return {
        address,
        run: () => move(opened),
        afterwards: async () => {
          await opened.close()
          storage = undefined
          const again = await Wallet.open({ ...common, storage: from, walletId: id })
          // Where it has handed over already it refuses, and the new device asks the node.
          const reason = joined === undefined && (await move(again).catch((error: unknown) => error))
          await again.close()
          if (joined === undefined) throw reason ?? new Error('the new device has no wallet')
          storage = to
          return joined
        },
      }
    }
  },
}

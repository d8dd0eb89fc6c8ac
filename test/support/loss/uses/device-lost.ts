// Use: the recovery program gives the place of a lost device to a new one. The device before is lost in every run, and the kit is the first. (SPEC 5.1)
import { join } from 'node:path'
import { type DeviceStorage, Wallet } from '@tercet/client'
import { joinCode } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import { memoryStorage } from '@tercet/client/storage/memory'
import { newDataDir, startNode } from '../../node-process.js'
import { lineOf } from '../../recovery-lines.js'
import { recoverableWallet, startRecovery } from '../../recovery-program.js'
import { cutLink, cutProxy } from '../carriers.js'
import type { Operation, Use, World } from '../use.js'

/** A node takes no more claims on a wallet in a day than a few. */
const RUNS_OF_A_WALLET = 6

export const deviceLost: Use = {
  name: 'device lost',
  prepare: (world) => losing(world, (storage) => storage),
}

/** Positive control: a new device that keeps nothing. */
export const forgetfulDevice: Use = {
  name: 'a new device that keeps nothing',
  prepare: (world) => losing(world, () => memoryStorage()),
}

async function losing(
  { folder, network }: World,
  kept: (storage: DeviceStorage) => DeviceStorage,
): Promise<() => Promise<Operation>> {
  const node = await startNode({ dataDir: await newDataDir(folder, 'node') })
  const proxy = await cutProxy(node.url, network)
  let runs = 0
  let owned: { readonly key: string; readonly kit: string; readonly address: string } | undefined
  return async () => {
    const number = runs++
    if (owned === undefined || number % RUNS_OF_A_WALLET === 0) {
      const { wallet, key, kit } = await recoverableWallet(folder, `wallet-${number}`, node.url, 0)
      owned = { key, kit, address: wallet.address() }
      await wallet.close()
    }
    const { key, kit, address } = owned
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const state = join(folder, `state-${number}`)
    const start = (link: string) =>
      startRecovery(
        ...['recover', kit, '--key', key, '--device', code, '--link', link, '--state', state],
        ...['--node', proxy, '--parties-changed'],
      )
    let invitation = ''
    return {
      address,
      run: async () => {
        const path = join(folder, `link-${number}`)
        const program = start(path)
        invitation = await lineOf(program, 'invitation')
        const link = cutLink(await folderLink(path), network)
        const given = new AbortController()
        const { signal } = given
        const joining = Wallet.join({ storage, invitation, link, signal, pool: { size: 0 } })
        // Whoever sees the program end in failure gives up at the device too, but not at once.
        const failed = program.ended().then(async (code) => {
          if (code !== 0) setTimeout(() => given.abort(), 3000)
          return joining
        })
        try {
          await (await Promise.race([joining, failed])).close()
        } catch (error) {
          program.child.kill('SIGKILL')
          throw error
        } finally {
          await program.ended()
          await link.close()
        }
      },
      afterwards: async () => {
        const known = kept(storage)
        const path = join(folder, `link-${number}-again`)
        const program = start(path)
        const [joined] = await Wallet.list(known)
        const options = { storage: known, pool: { size: 0 } }
        const wallet = await (joined === undefined
          ? Wallet.join({
              ...options,
              invitation,
              link: await folderLink(path),
              linkTimeoutMilliseconds: 60_000,
            })
          : Wallet.open({ ...options, walletId: joined.id }))
        const code = await program.ended()
        if (code !== 0) throw new Error(`the program, run again, ends with ${code}: ${program.stdout()}`)
        return wallet
      },
    }
  }
}

// Use: a wallet gets another recovery key, with the word of the one before. A wallet for several runs: its epochs go up. (SPEC 5.4)
import { Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { encodePoint, mulBase, randomScalar } from '@tercet/protocol/curve'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { fromBase64url } from '@tercet/wire/base64url'
import { recoverySigner, signTagged } from '@tercet/wire/identity'
import { newDataDir, startNode } from '../../node-process.js'
import type { Use, World } from '../use.js'

/** A node starts so many reshares of one wallet in an hour, and no more. */
const RUNS_OF_A_WALLET = 20

export const recoveryKey: Use = {
  name: 'another recovery key',
  prepare: async (world) => {
    const node = await startNode({ dataDir: await newDataDir(world.folder, 'node') })
    let made = await makeWallet(world, node.url)
    let runs = 0
    return async () => {
      if (++runs % RUNS_OF_A_WALLET === 0) made = await makeWallet(world, node.url)
      const { open, registration, address } = made
      const wallet = await open()
      // What opening a wallet does in the background is over when it has checked its kit.
      await wallet.checkKit()
      const [before, next] = [made.kappa, randomScalar(world.random)]
      const authority = ({ hash }: { readonly hash: Uint8Array }) =>
        signTagged(recoverySigner(before), 'sig/claim', hash)
      const change = async (of: Wallet): Promise<void> => {
        const { state } = await of.changeRecoveryKey({ ...registration(next), authority })
        if (state !== 'changed') throw new Error(`the change is ${state}`)
      }
      return {
        address,
        run: () => change(wallet),
        afterwards: async () => {
          await wallet.close()
          const again = await open()
          await change(again)
          made = { ...made, kappa: next }
          return again
        },
      }
    }
  },
}

async function makeWallet({ random, network: { transport } }: World, url: string) {
  const storage = memoryStorage()
  const options = { node: url, storage, transport, pool: { size: 0 } }
  const kappa = randomScalar(random)
  const { publicIdentity } = await storage.identity()
  const registration = (secret: bigint, identity = publicIdentity) => ({
    publicKey: encodePoint(mulBase(secret)),
    proof: proveRecoveryKey(secret, ownerOf(identity), random),
  })
  const recovery = ({ identity }: { readonly identity: string }) =>
    registration(kappa, fromBase64url(identity, 'identity', 34))
  const wallet = await Wallet.create({ ...options, recovery })
  await wallet.close()
  const open = () => Wallet.open({ ...options, walletId: wallet.id })
  return { open, registration, kappa, address: wallet.address() }
}

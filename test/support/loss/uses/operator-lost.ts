// Use: a wallet goes to another operator, the old node gone: device and recovery party deal. A wallet of its own for every run. (SPEC 5.3)
import { fetchTransport, type Transport, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { encodePoint, mulBase, randomScalar } from '@tercet/protocol/curve'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { serveOperatorChange } from '@tercet/recovery/operator'
import { fromBase64url } from '@tercet/wire/base64url'
import { Conversation } from '@tercet/wire/conversation'
import { recoverySigner } from '@tercet/wire/identity'
import { decodeKit, type Kit } from '@tercet/wire/kit'
import { memoryLinks } from '../../memory-link.js'
import { newDataDir, startNode } from '../../node-process.js'
import { below } from '../../random.js'
import { cutLink } from '../carriers.js'
import type { Use } from '../use.js'

const LINK_MS = 60_000

export const operatorLost: Use = {
  name: 'operator lost',
  prepare: async ({ folder, network, random }) => {
    const old = await startNode({ dataDir: await newDataDir(folder, 'old') })
    const next = await startNode({ dataDir: await newDataDir(folder, 'next') })
    const [kappa, identity] = [randomScalar(random), fromBase64url(next.identity, 'identity', 34)]
    // What comes before the new node's offer or after its word is not of this use.
    const transport: Transport = (request) =>
      (request.url.includes('/newcomers/') ? network.transport : fetchTransport)(request)

    /** The device's end of a link to the recovery party, which answers once. */
    const recoveryParty = (kit: Kit) => {
      const links = memoryLinks()
      const signer = recoverySigner(kappa)
      const conversation = new Conversation({
        link: links.recovery,
        identity: signer,
        peer: kit.record.sidInputs.idD,
        timeoutMilliseconds: LINK_MS,
      })
      const share = openRecoveryShare(kit.record, kappa)
      const parts = { share, record: kit.record, identity: signer, newNode: identity, conversation, random }
      serveOperatorChange(parts).catch(() => undefined)
      return links.device
    }

    return async () => {
      const storage = memoryStorage()
      const options = { storage, transport, pool: { size: 0 } }
      const wallet = await Wallet.create({
        ...options,
        node: old.url,
        recovery: ({ identity: device }) => ({
          publicKey: encodePoint(mulBase(kappa)),
          proof: proveRecoveryKey(kappa, ownerOf(fromBase64url(device, 'identity', 34)), random),
        }),
      })
      const kit = decodeKit(await wallet.recoveryKit())
      const change = (of: Wallet) =>
        of.changeOperator({
          node: next.url,
          expectedIdentity: next.identity,
          link: cutLink(recoveryParty(kit), network),
          linkTimeoutMilliseconds: LINK_MS,
        })
      const goesOn = below(random, 2) === 0
      return {
        address: wallet.address(),
        run: () => change(wallet),
        afterwards: async () => {
          if (!goesOn) await wallet.close()
          const after = goesOn ? wallet : await Wallet.open({ ...options, walletId: wallet.id })
          // What was under way is ended in the background; where nothing was, the user begins again.
          await change(after).catch((error: unknown) => {
            if (after.node !== next.url) throw error
          })
          return after
        },
      }
    }
  },
}

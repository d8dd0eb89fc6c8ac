// Does the SDK give a wallet new shares with a real node: same address, new kit, nothing old serves, whatever is lost?

import { fetchTransport, type Transport, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { decodeKit, encodeKit } from '@tercet/wire/kit'
import { recoverMessageAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { runSeed, seededRandom } from '../support/random.js'
import { someRecovery } from '../support/recovery.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('client-refresh')
const seed = runSeed()

describe(`a wallet that is refreshed (seed ${seed})`, () => {
  const storage = memoryStorage()
  let node: NodeProcess
  let wallet: Wallet
  let lost: string | undefined
  /** Route and status of everything that was answered. */
  const answered: { readonly route: string; readonly status: number }[] = []
  const transport: Transport = async (request) => {
    const route = new URL(request.url).pathname.replace(/^\/v1\/(wallets\/[^/]+\/)?/, '')
    const response = await fetchTransport(request)
    if (route === lost) throw new Error('connection reset')
    answered.push({ route, status: response.status })
    return response
  }
  const open = (size: number) =>
    Wallet.open({ walletId: wallet.id, storage, transport, node: node.url, pool: { size } })
  const signs = async (by: Wallet, message: string) => {
    const { serialized, mode } = await by.signMessage(message)
    expect(await recoverMessageAddress({ message, signature: serialized })).toBe(by.address())
    return mode
  }
  const epochOf = async (of: Wallet) => decodeKit(await of.recoveryKit()).record.epoch

  beforeAll(async () => {
    node = await startNode({ dataDir: await newDataDir(folder, 'node') })
    wallet = await Wallet.create({
      node: node.url,
      storage,
      transport,
      recovery: someRecovery(seededRandom(`${seed}/recovery`)),
      pool: { size: 0 },
    })
  })
  afterAll(async () => {
    await wallet?.close()
    await node?.stop()
  })

  it('has new shares, the same address and a new kit, which is the node’s too', async () => {
    const address = wallet.address()
    const before = decodeKit(await wallet.recoveryKit())
    const told: number[] = []
    wallet.on('kit-changed', ({ epoch }) => told.push(epoch))
    await wallet.refresh()
    expect(told).toEqual([1])
    expect(wallet.address()).toBe(address)
    await signs(wallet, 'new shares')
    const kit = await wallet.recoveryKit()
    expect(kit).not.toEqual(encodeKit(before))
    expect(decodeKit(kit).record.publicKey).toEqual(before.record.publicKey)
    expect(await wallet.checkKit()).toEqual({ same: true, differs: [] })
  })

  it('is refused its old presignatures, and signs with new ones', async () => {
    const other = await open(2)
    await other.ready()
    await wallet.refresh()
    answered.length = 0
    expect(await signs(other, 'with what was made before')).toBe('fresh')
    expect(answered[0]?.route).toBe('sign')
    expect(answered[0]?.status).toBeGreaterThanOrEqual(400)
    await other.ready()
    expect(await signs(other, 'with a new presignature')).toBe('pool')
    expect(await epochOf(other)).toBe(2)
    await other.close()
  })

  it('finishes a commit whose answer was lost, also after the node was started again', async () => {
    const other = await open(0)
    lost = 'reshare/commit'
    await expect(other.refresh()).rejects.toMatchObject({ code: 'network', retry: 'safe', keySafe: true })
    lost = undefined
    expect(await signs(other, 'while the node waits for FINAL')).toBe('fresh')
    await other.close()
    await node.kill()
    node = await node.restart()
    const again = await open(0)
    await expect.poll(() => epochOf(again), { timeout: 20_000 }).toBe(3)
    await signs(again, 'finished')
    expect(await again.checkKit()).toEqual({ same: true, differs: [] })
    await again.refresh()
    expect(await epochOf(again)).toBe(4)
    await signs(again, 'and refreshed')
    await again.close()
  })
})

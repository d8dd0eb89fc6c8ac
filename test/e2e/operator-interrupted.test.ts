// Is a wallet usable while a change of operator that was cut off is being finished, and may it be asked for again? (SPEC 5.3)

import { fetchTransport, type Transport, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { recoverMessageAddress } from 'viem'
import { beforeAll, expect, it } from 'vitest'
import { newDataDir, runNodeProgram, startNode } from '../support/node-process.js'
import { runSeed, seededRandom } from '../support/random.js'
import { someRecovery } from '../support/recovery.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('operator-interrupted')
const seed = runSeed()
const storage = memoryStorage()
const COMMIT = '/v1/newcomers/commit'
let next: { readonly node: string; readonly expectedIdentity: string }
let made: Wallet

beforeAll(async () => {
  const second = await startNode({ dataDir: await newDataDir(folder, 'second') })
  const dataDir = await newDataDir(folder, 'first')
  expect(runNodeProgram('successor', second.identity, '--data-dir', dataDir).status).toBe(0)
  const first = await startNode({ dataDir })
  next = { node: second.url, expectedIdentity: second.identity }
  const recovery = someRecovery(seededRandom(seed))
  // The old node lets the key go, and the new one is never asked.
  const transport: Transport = async (request) => {
    if (request.url.endsWith(COMMIT)) throw new Error('lost')
    return fetchTransport(request)
  }
  made = await Wallet.create({ node: first.url, storage, recovery, transport, pool: { size: 0 } })
  await expect(made.changeOperator(next)).rejects.toMatchObject({ code: 'network' })
  await made.close()
})

it(`signs while the change is finished in the background (seed ${seed})`, async () => {
  let reached = (): void => {}
  let open = (): void => {}
  const committing = new Promise<void>((resolve) => {
    reached = resolve
  })
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const transport: Transport = async (request) => {
    if (request.url.endsWith(COMMIT)) {
      reached()
      await gate
    }
    const response = await fetchTransport(request)
    // The old node has refused the signature: only now does the change go on.
    if (request.url.includes('/sign/') && response.status !== 200) setTimeout(open, 200)
    return response
  }
  const wallet = await Wallet.open({ storage, walletId: made.id, transport, pool: { size: 0 } })
  await committing
  const { serialized: signature } = await wallet.signMessage('meanwhile')
  expect(await recoverMessageAddress({ message: 'meanwhile', signature })).toBe(made.address())
  expect(wallet.node).toBe(next.node)

  // It has come about already: to ask for it once more changes nothing.
  const kit = await wallet.recoveryKit()
  await wallet.changeOperator(next)
  expect(await wallet.recoveryKit()).toEqual(kit)
  await wallet.close()
})

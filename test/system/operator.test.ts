// What if the old node is gone in the middle of a change of operator? The recovery machine takes its part. (SPEC 5.3)

import { join } from 'node:path'
import { Wallet } from '@tercet/client'
import { folderLink } from '@tercet/client/recovery/folder'
import { expect, it } from 'vitest'
import { Network } from '../support/loss/network.js'
import { newDataDir, runNodeProgram, startNode } from '../support/node-process.js'
import { lineOf } from '../support/recovery-lines.js'
import { recoverableWallet, startRecovery } from '../support/recovery-program.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('operator')

/** Messages of a change: offer, start, deal, accept, release, commit; each a request and an answer. */
const cuts = [
  { after: 8, what: 'before it has let go', lands: 'third' },
  { after: 10, what: 'when it has let go', lands: 'third' },
  { after: 11, what: 'when the next one has committed, unheard', lands: 'second' },
] as const

it.each(cuts)('a node that is gone $what does not keep the wallet', async ({ after, lands }) => {
  const start = async (name: string) => startNode({ dataDir: await newDataDir(folder, `${name}-${after}`) })
  const [first, second, third] = [await start('first'), await start('second'), await start('third')]
  const { wallet: made, storage, key, kit } = await recoverableWallet(folder, `wallet-${after}`, first.url, 0)
  await made.close()
  const network = new Network()
  const { transport } = network
  const wallet = await Wallet.open({ storage, walletId: made.id, transport, pool: { size: 0 } })
  runNodeProgram('successor', second.identity, '--data-dir', first.dataDir)
  // A running node reads its operator's word every few seconds.
  await new Promise((resolve) => setTimeout(resolve, 6000))
  await wallet.checkKit()
  // The identity of the new node is asked for before the change begins.
  network.cut(after + 2, 0, 'for good')
  await expect(
    wallet.changeOperator({ node: second.url, expectedIdentity: second.identity }),
  ).rejects.toMatchObject({ code: 'network' })
  await first.kill()
  network.mend()

  const args = ['--key', key, '--new-node', third.identity, '--link', join(folder, `link-${after}`)]
  const program = startRecovery('replace-operator', kit, ...args)
  const link = await folderLink(await lineOf(program, 'link'))
  const changing = wallet.changeOperator({ node: third.url, expectedIdentity: third.identity, link })
  if (lands === 'third') {
    await changing
    expect(await program.ended()).toBe(0)
  } else {
    await expect(changing).rejects.toMatchObject({ code: 'conflict' })
    await program.stop()
  }
  expect(wallet.node).toBe((lands === 'third' ? third : second).url)
  expect(wallet.address()).toBe(made.address())
  expect((await wallet.signMessage('still mine')).address).toBe(made.address())
  await wallet.close()
  await Promise.all([second.stop(), third.stop()])
})

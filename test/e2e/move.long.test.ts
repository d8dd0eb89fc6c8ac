// Is a new phone a matter of minutes while the old one still works? And is the old one out then?

import { join } from 'node:path'
import { Wallet } from '@tercet/client'
import { joinCode, MOVE_STAGES } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import { memoryStorage } from '@tercet/client/storage/memory'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { recoverMessageAddress } from 'viem'
import { expect, it } from 'vitest'
import { memoryLinks } from '../support/memory-link.js'
import { newDataDir, startNode } from '../support/node-process.js'
import { recoverableWallet, recoveryProgram } from '../support/recovery-program.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('move')
/** Several key generations and keys under a passphrase, on a busy machine. */
const PATIENCE_MS = 300_000

it('a wallet moves to a new device by the word of the old one and of the recovery key; alone the old one waits', {
  timeout: PATIENCE_MS,
}, async () => {
  const node = await startNode({ dataDir: await newDataDir(folder, 'node') })
  const { wallet, storage, key, kit } = await recoverableWallet(folder, 'moving', node.url, 3600)
  const next = memoryStorage()
  const code = await joinCode({ storage: next })

  // The old device alone: announced, and a thief who has it waits as well.
  const alone = { code, link: memoryLinks().device }
  await expect(wallet.moveTo(alone)).rejects.toMatchObject({ code: 'delayed', incident: 'waiting' })
  await expect(wallet.moveTo(alone)).rejects.toMatchObject({ code: 'delayed', incident: 'waiting' })
  expect((await wallet.signMessage('still here')).address).toBe(wallet.address())

  const stick = join(folder, 'stick')
  const stages: string[] = []
  const invitation = await wallet.invitation()
  const moving = wallet.moveTo({
    code,
    link: await folderLink(stick, 'answers'),
    onProgress: ({ stage }) => stages.push(stage),
    authority: async ({ document }) => {
      const signed = await recoveryProgram(
        'authorise',
        kit,
        '--key',
        key,
        '--claim',
        toBase64url(document),
        '--yes',
      )
      return fromBase64url(String(signed['signature']), 'signature', 64)
    },
  })
  // The new device speaks first, and the old one listens once its order stands: the link keeps what came before.
  const [joined] = await Promise.all([
    Wallet.join({ storage: next, invitation, link: await folderLink(stick), address: wallet.address() }),
    moving,
  ])
  expect(stages).toEqual(MOVE_STAGES)
  expect(joined.address()).toBe(wallet.address())
  const { serialized } = await joined.signMessage('moved')
  expect(await recoverMessageAddress({ message: 'moved', signature: serialized })).toBe(wallet.address())

  // The old device has nothing left, in this process and after a restart.
  await expect(wallet.signMessage('old')).rejects.toMatchObject({ code: 'replaced' })
  await wallet.close()
  expect(await storage.get(`wallet/${wallet.id}/share`)).toEqual(new Uint8Array(0))
  const reopened = await Wallet.open({ storage, walletId: wallet.id })
  await expect(reopened.signMessage('old')).rejects.toMatchObject({ code: 'replaced' })
  await reopened.close()
  await joined.close()
  await node.stop()
})

// Is a wallet free to leave its operator? With the old node's help and without it, under the same address.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Wallet } from '@tercet/client'
import { OPERATOR_STAGES } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import Database from 'better-sqlite3'
import { recoverMessageAddress } from 'viem'
import { describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, runNodeProgram, startNode } from '../support/node-process.js'
import { lineOf } from '../support/recovery-lines.js'
import { recoverableWallet, startRecovery } from '../support/recovery-program.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('operator')
/** Several key generations and keys under a passphrase, on a busy machine. */
const PATIENCE_MS = 300_000
const path = (name: string) => join(folder, name)
const newNode = async (name: string) => startNode({ dataDir: await newDataDir(folder, name) })

async function signs(wallet: Wallet, message: string): Promise<void> {
  const { serialized } = await wallet.signMessage(message)
  expect(await recoverMessageAddress({ message, signature: serialized })).toBe(wallet.address())
}

function nameSuccessor(old: NodeProcess, identity: string): void {
  const { status, stderr } = runNodeProgram('successor', identity, '--data-dir', old.dataDir)
  expect(status, stderr).toBe(0)
}

describe('a change of operator', () => {
  it('with the old node, and then without the node that came after it', {
    timeout: PATIENCE_MS,
  }, async () => {
    const [first, second, third] = [await newNode('first'), await newNode('second'), await newNode('third')]
    const { wallet, storage, key, kit } = await recoverableWallet(folder, 'moving', first.url, 0)
    const address = wallet.address()
    await signs(wallet, 'at the first')
    expect(sharesOf(first)).toBe(1)

    // The old operator has not named a successor: nothing happens, and the wallet goes on.
    const toSecond = { node: second.url, expectedIdentity: second.identity }
    await expect(wallet.changeOperator(toSecond)).rejects.toMatchObject({ code: 'conflict' })
    await signs(wallet, 'still at the first')
    await expect(
      wallet.changeOperator({ node: second.url, expectedIdentity: third.identity }),
    ).rejects.toMatchObject({ code: 'untrusted-node' })

    nameSuccessor(first, second.identity)
    // A running node reads its operator's word every few seconds.
    await new Promise((resolve) => setTimeout(resolve, 6000))
    const stages: string[] = []
    await wallet.changeOperator({ ...toSecond, onProgress: ({ stage }) => stages.push(stage) })
    expect(stages.slice(-OPERATOR_STAGES.length)).toEqual(OPERATOR_STAGES)
    expect(wallet.node).toBe(second.url)
    expect(wallet.address()).toBe(address)
    await signs(wallet, 'at the second')
    expect((await wallet.checkKit()).same).toBe(true)
    // The old node has deleted its share.
    expect([sharesOf(first), sharesOf(second)]).toEqual([0, 1])

    // The second operator is gone from one day to the next.
    await second.kill()
    writeFileSync(path('newer.kit'), await wallet.recoveryKit())
    const stale = startRecovery(
      'replace-operator',
      kit,
      '--key',
      key,
      '--new-node',
      third.identity,
      '--link',
      path('a'),
    )
    const toThird = { node: third.url, expectedIdentity: third.identity }
    const over = async (program: ReturnType<typeof startRecovery>) =>
      folderLink(await lineOf(program, 'link'))
    await expect(wallet.changeOperator({ ...toThird, link: await over(stale) })).rejects.toMatchObject({
      code: 'mismatch',
      incident: 'other-epoch',
    })
    expect(await stale.ended()).toBe(1)

    const args = ['--key', key, '--new-node', third.identity, '--link', path('b')]
    const program = startRecovery('replace-operator', path('newer.kit'), ...args)
    await wallet.changeOperator({ ...toThird, link: await over(program) })
    expect(await program.ended()).toBe(0)
    expect(JSON.parse(program.stdout())).toMatchObject({ ok: true, epoch: 2, address })
    expect(wallet.node).toBe(third.url)
    expect(wallet.address()).toBe(address)
    await signs(wallet, 'at the third')
    await wallet.close()
    await storage.close()
    await Promise.all([first.stop(), third.stop()])
  })
})

/** Shares that a node still holds. */
function sharesOf({ dataDir }: NodeProcess): number {
  const database = new Database(join(dataDir, 'node.sqlite'), { readonly: true })
  try {
    return (database.prepare('select count(*) as n from shares').get() as { n: number }).n
  } finally {
    database.close()
  }
}

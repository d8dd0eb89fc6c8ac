// Is a lost phone an inconvenience? The recovery program, the node and a new device bring the wallet back under its address.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Wallet } from '@tercet/client'
import { joinCode } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import { memoryStorage } from '@tercet/client/storage/memory'
import { decodeJoinCode } from '@tercet/wire/join-code'
import { decodeKit } from '@tercet/wire/kit'
import { recoverMessageAddress } from 'viem'
import { beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { lineOf } from '../support/recovery-lines.js'
import { recoverableWallet, recoveryProgram, startRecovery } from '../support/recovery-program.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('recover')
const path = (name: string) => join(folder, name)
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node') })
})

describe('a lost device', () => {
  it('is replaced: same address, new signatures, the old one refused', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'lost', node.url, 0)
    const before = await wallet.signMessage('before')
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const program = startRecovery(
      ...['recover', kit, '--key', key, '--device', code, '--link', path('stick')],
      ...['--kit-out', path('lost.kit2')],
    )
    const invitation = await lineOf(program, 'invitation')
    const stages: string[] = []
    const joined = await Wallet.join({
      storage,
      invitation,
      address: wallet.address(),
      link: await folderLink(await lineOf(program, 'link')),
      onProgress: ({ stage }) => stages.push(stage),
    })
    expect(await program.ended()).toBe(0)
    const report = JSON.parse(program.stdout()) as Record<string, unknown>
    expect(report).toMatchObject({ ok: true, address: wallet.address(), epoch: 1, told: true })
    expect(stages).toEqual(['invitation', 'share', 'verify', 'store', 'commit', 'self-test', 'ready'])

    expect(joined.address()).toBe(wallet.address())
    expect(joined.id).toBe(wallet.id)
    const { serialized } = await joined.signMessage('after')
    expect(await recoverMessageAddress({ message: 'after', signature: serialized })).toBe(before.address)
    await joined.ready()
    expect((await joined.signMessage('again')).mode).toBe('pool')

    // Whoever found the phone signs nothing any more.
    await expect(wallet.signMessage('thief')).rejects.toMatchObject({ code: 'replaced' })

    // The kit that the program wrote, the device's and the node's are one.
    const kits = [new Uint8Array(readFileSync(path('lost.kit2'))), await joined.recoveryKit()]
    expect(kits[0]).toEqual(kits[1])
    expect((await joined.checkKit()).same).toBe(true)
    expect(decodeKit(kits[1] ?? new Uint8Array(0)).record.sidInputs.idD).toEqual(decodeJoinCode(code))
    const drilled = await recoveryProgram('drill', path('lost.kit2'), '--key', key)
    expect(drilled).toMatchObject({ drill: 'passed', epoch: 1 })
    await joined.close()
    await wallet.close()
  })

  it('is replaced with a kit from before the last refresh: whoever has the phone may have made one', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'stale', node.url, 0)
    await wallet.refresh()
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const program = startRecovery(
      ...['recover', kit, '--key', key, '--device', code, '--link', path('stale-link')],
    )
    const invitation = await lineOf(program, 'invitation')
    const link = await folderLink(await lineOf(program, 'link'))
    const joined = await Wallet.join({ storage, invitation, link, address: wallet.address() })
    expect(await program.ended()).toBe(0)
    expect(program.stderr()).toContain('this kit is of epoch 0: going on with that of epoch 1')
    expect(JSON.parse(program.stdout())).toMatchObject({ ok: true, address: wallet.address(), epoch: 2 })
    expect((await joined.signMessage('after')).address).toBe(wallet.address())
    await expect(wallet.signMessage('thief')).rejects.toMatchObject({ code: 'replaced' })
    await joined.close()
    await wallet.close()
  })
})

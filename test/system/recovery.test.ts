// What of a recovery takes its time: a new recovery key with it, a program that is killed on the way, and the delay.

import { join } from 'node:path'
import { Wallet } from '@tercet/client'
import { Exit, joinCode, type Link, loopbackLink } from '@tercet/client/recovery'
import { folderLink } from '@tercet/client/recovery/folder'
import { memoryStorage } from '@tercet/client/storage/memory'
import { toBase64url } from '@tercet/wire/base64url'
import { decodeJoinCode } from '@tercet/wire/join-code'
import { decodeKit } from '@tercet/wire/kit'
import { decodeFrame } from '@tercet/wire/link'
import { beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { lineOf } from '../support/recovery-lines.js'
import { recoverableWallet, recoveryProgram, startRecovery } from '../support/recovery-program.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('recovery')
const path = (name: string) => join(folder, name)
const newNode = async (name: string) => startNode({ dataDir: await newDataDir(folder, name) })
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node') })
})

describe('a lost device', () => {
  it('moves to a new recovery key at the same time', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'rekeyed', node.url, 0)
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const newKey = path('next.key')
    await recoveryProgram('new-key', '--out', newKey)
    const identity = toBase64url(decodeJoinCode(code))
    const next = await recoveryProgram(
      'register',
      '--key',
      newKey,
      '--device',
      identity,
      '--passphrase-fd',
      '3',
    )
    const program = startRecovery(
      ...['recover', kit, '--key', key, '--device', code, '--link', 'loopback'],
      ...['--new-recovery-key', String(next['publicKey']), '--proof', String(next['proof'])],
      ...['--kit-out', path('rekeyed.kit2')],
    )
    const invitation = await lineOf(program, 'invitation')
    const link = loopbackLink(await lineOf(program, 'link'))
    const joined = await Wallet.join({ storage, invitation, link })
    expect(await program.ended()).toBe(0)
    expect(joined.address()).toBe(wallet.address())
    const drill = (file: string) => recoveryProgram('drill', path('rekeyed.kit2'), '--key', file)
    expect(await drill(newKey)).toMatchObject({ drill: 'passed' })
    await expect(drill(key)).rejects.toThrow('another recovery key')
    await joined.close()
    await wallet.close()
  })

  it('waits for the delay of its wallet, and a run that comes too early says until when', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'patient', node.url, 3600)
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const args = ['recover', kit, '--key', key, '--device', code, '--link', path('unused')]
    for (let runs = 0; runs < 2; runs++) {
      const program = startRecovery(...args)
      expect(await program.ended()).toBe(5)
      const report = JSON.parse(program.stdout()) as Record<string, unknown>
      expect(report).toMatchObject({ ok: false, reason: 'waiting' })
      expect(Number(report['remainingSeconds'])).toBeGreaterThan(3500)
    }
    // Nothing has changed for the device that is there.
    expect((await wallet.signMessage('still here')).address).toBe(wallet.address())
    // Another device cannot slip into the same recovery.
    const other = await joinCode({ storage: memoryStorage() })
    const program = startRecovery(...args.map((arg) => (arg === code ? other : arg)))
    expect(await program.ended()).toBe(2)
    await wallet.close()
  })

  it('is replaced although the program is killed while it commits: it is run again, and the device asks the node', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'killed', node.url, 0)
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const args = ['recover', kit, '--key', key, '--device', code, '--link', path('killed-link')]
    const first = startRecovery(...args)
    const invitation = await lineOf(first, 'invitation')
    const link = await folderLink(await lineOf(first, 'link'))
    const joining = Wallet.join({ storage, invitation, link, linkTimeoutMilliseconds: 60_000 })
    await lineOf(first, 'committing')
    first.child.kill('SIGKILL')
    await first.ended()
    const second = startRecovery(...args)
    expect(await second.ended()).toBe(0)
    const report = JSON.parse(second.stdout()) as Record<string, unknown>
    expect(report).toMatchObject({ ok: true, epoch: 1, address: wallet.address() })
    const joined = await joining
    expect((await joined.signMessage('after')).address).toBe(wallet.address())
    await expect(wallet.signMessage('thief')).rejects.toMatchObject({ code: 'replaced' })
    // A third run finds that there is nothing left to do.
    expect(await startRecovery(...args).ended()).toBe(0)
    await joined.close()
    await wallet.close()
  })

  it('is not replaced once the old device has vetoed it', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'disputed', node.url, 3600)
    const code = await joinCode({ storage: memoryStorage() })
    const args = ['--key', key, '--device', code, '--link', path('disputed-link')]
    const claimed = startRecovery('recover', kit, ...args)
    expect(await claimed.ended()).toBe(5)
    const [claim] = await wallet.claims()
    await wallet.veto(claim?.id ?? '')
    const vetoed = startRecovery('recover', kit, ...args)
    expect(await vetoed.ended()).toBe(1)
    expect(JSON.parse(vetoed.stdout())).toMatchObject({ ok: false, reason: 'vetoed' })
    expect((await wallet.signMessage('mine')).address).toBe(wallet.address())
    await wallet.close()
  })

  it('is replaced although the program died once the new device had its share: the next attempt is taken', async () => {
    const { wallet, key, kit } = await recoverableWallet(folder, 'again', node.url, 0)
    const storage = memoryStorage()
    const code = await joinCode({ storage })
    const run = (link: string) =>
      startRecovery('recover', kit, '--key', key, '--device', code, '--link', path(link))
    const first = run('first-link')
    const invitation = await lineOf(first, 'invitation')
    const carrier = await folderLink(await lineOf(first, 'link'))
    const given = new AbortController()
    const link: Link = {
      ...carrier,
      send: async (frame, signal) => {
        if (decodeFrame(frame).type !== 'ack') return carrier.send(frame, signal)
        first.child.kill('SIGKILL')
        await first.ended()
        await carrier.send(frame, signal)
        given.abort()
      },
    }
    const signal = given.signal
    await expect(Wallet.join({ storage, invitation, link, signal })).rejects.toMatchObject({
      code: 'aborted',
    })
    const second = run('second-link')
    expect(await lineOf(second, 'invitation')).toBe(invitation)
    const joined = await Wallet.join({
      storage,
      invitation,
      link: await folderLink(await lineOf(second, 'link')),
    })
    expect(await second.ended()).toBe(0)
    expect(JSON.parse(second.stdout())).toMatchObject({ ok: true, epoch: 1, told: true })
    expect(decodeKit(await joined.recoveryKit()).record.attempt).toBe(2)
    expect((await joined.signMessage('after')).address).toBe(wallet.address())
    await joined.close()
    await wallet.close()
  })
})

describe('the kit of an older epoch', () => {
  it('is as good as the newest while the node answers, and says so where it does not', async () => {
    const [own, next] = [await newNode('own'), await newNode('next')]
    const { wallet, storage, key, kit } = await recoverableWallet(folder, 'older', own.url, 0)
    await wallet.refresh()
    const [walletId, address] = [wallet.id, wallet.address()]
    await wallet.close()

    const leave = async (link: string) => {
      const program = startRecovery('exit', kit, '--key', key, '--link', path(link))
      const exit = await Exit.open({
        storage,
        walletId,
        link: await folderLink(await lineOf(program, 'link')),
      })
      return { program, exit }
    }
    const left = await leave('older-exit')
    expect((await left.exit.signMessage('without the node')).address).toBe(address)
    await left.exit.close()
    expect(await left.program.ended()).toBe(0)
    expect(left.program.stderr()).toContain('going on with that of epoch 1')
    expect(JSON.parse(left.program.stdout())).toMatchObject({ ok: true, epoch: 1 })

    const opened = await Wallet.open({ storage, walletId, pool: { size: 0 } })
    const args = ['--key', key, '--new-node', next.identity, '--link', path('older-operator')]
    const program = startRecovery('replace-operator', kit, ...args)
    const link = await folderLink(await lineOf(program, 'link'))
    await opened.changeOperator({ node: next.url, expectedIdentity: next.identity, link })
    expect(await program.ended()).toBe(0)
    expect(JSON.parse(program.stdout())).toMatchObject({ ok: true, epoch: 2, address })
    expect((await opened.signMessage('elsewhere')).address).toBe(address)
    await opened.close()

    // Its device is lost at another operator than that of the kit: a person says who that is, and that it is known.
    const other = memoryStorage()
    const code = await joinCode({ storage: other })
    const elsewhere = ['--node', next.url, '--node-identity', next.identity]
    const common = ['recover', kit, '--key', key, '--device', code, '--link', path('older-recover')]
    const unsure = startRecovery(...common, ...elsewhere)
    expect(await unsure.ended()).toBe(2)
    expect(unsure.stderr()).toContain('another node')
    const found = startRecovery(...common, ...elsewhere, '--parties-changed')
    const invitation = await lineOf(found, 'invitation')
    const joined = await Wallet.join({
      storage: other,
      invitation,
      address,
      link: await folderLink(await lineOf(found, 'link')),
    })
    expect(await found.ended()).toBe(0)
    expect(JSON.parse(found.stdout())).toMatchObject({ ok: true, epoch: 3, address })
    expect((await joined.signMessage('found')).address).toBe(address)
    await joined.close()

    await Promise.all([own.kill(), next.kill()])
    const refused = await leave('older-refused')
    await expect(refused.exit.signMessage('too late')).rejects.toMatchObject({
      code: 'mismatch',
      incident: 'other-epoch',
    })
    expect(await refused.program.ended()).toBe(1)
    const report = JSON.parse(refused.program.stdout()) as Record<string, unknown>
    expect(report).toMatchObject({ ok: false, reason: 'stale-epoch' })
    expect(report['message']).toContain('this kit is of epoch 0 and the device is at 2')
    await storage.close()
  })
})

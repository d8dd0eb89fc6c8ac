// Does a device still find its wallet in a store that an earlier version wrote?

import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DeviceStorage, prepareDevice, type Transport, Wallet } from '@tercet/client'
import { fileStorage } from '@tercet/client/storage/file'
import { memoryStorage } from '@tercet/client/storage/memory'
import { decodeMessage } from '@tercet/protocol/messages'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.js'

interface About {
  readonly passphrase: string
  readonly walletId: string
  readonly address: string
  /** At m/0/7. */
  readonly child: string
  /** idD, base64url. */
  readonly identity: string
  /** Unix seconds of its last drill; none in version 1. */
  readonly drillTime?: number
}

const folder = temporaryFolder('compat-device')
const read = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`./${name}`, import.meta.url)))

/** A copy of the file of one version: an opened store may write. */
async function storeOf(version: 'v1' | 'v2', name: string) {
  const about: About = JSON.parse(new TextDecoder().decode(read(`${version}/device/about.json`)))
  const path = join(folder, name)
  copyFileSync(new URL(`./${version}/device/device.tercet`, import.meta.url), path)
  return { about, path, storage: await fileStorage({ path, passphrase: about.passphrase }) }
}

let asked: { readonly route: string; readonly body: Uint8Array | undefined }[] = []
const nobody: Transport = async ({ url, body }) => {
  asked.push({ route: new URL(url).pathname.replace(/.*wallets\/[^/]+\//, ''), body })
  throw new Error('no node')
}
beforeEach(() => {
  asked = []
})

const open = (walletId: string, storage: DeviceStorage) =>
  Wallet.open({ walletId, storage, transport: nobody, pool: { size: 0 } })

describe('version 1, the file of a device', () => {
  it('opens with its passphrase alone', async () => {
    const { about, path, storage } = await storeOf('v1', 'passphrase')
    expect(await prepareDevice({ storage })).toEqual({ identity: about.identity })
    await storage.close()
    await expect(fileStorage({ path, passphrase: 'another' })).rejects.toMatchObject({
      code: 'wrong-passphrase',
    })
  })

  it('holds a wallet that is ready, with its addresses, its kit, and a share and a setup that work', async () => {
    const { about, storage } = await storeOf('v1', 'wallet')
    const [entry] = await Wallet.list(storage)
    expect(entry).toMatchObject({ id: about.walletId, state: 'ready' })
    const wallet = await open(about.walletId, storage)
    expect([wallet.address(), wallet.address('m/0/7')]).toEqual([about.address, about.child])
    expect(await wallet.recoveryKit()).toEqual(read('v1/device/kit.canonical'))
    expect(await wallet.lastDrill()).toBeUndefined()
    // The first message of a signature is made from share and setup, and finds nobody to answer it.
    await expect(wallet.signMessage('hello')).rejects.toMatchObject({ code: 'network' })
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network', keySafe: true })
    expect(new Set(asked.map(({ route }) => route))).toEqual(new Set(['sign/start', 'reshare/start']))
    await wallet.close()
    await storage.close()
  })

  it('of a version that is not known is called damaged, not read as something else', async () => {
    const { about, storage } = await storeOf('v1', 'unknown')
    const other = memoryStorage()
    for (const key of await storage.list('')) {
      const bytes = (await storage.get(key)) ?? new Uint8Array(0)
      const text = new TextDecoder().decode(bytes)
      const changed = key.endsWith('/meta') ? text.replace('"version":"1"', '"version":"9"') : undefined
      await other.put({ [key]: changed === undefined ? bytes : new TextEncoder().encode(changed) })
    }
    const opening = open(about.walletId, other)
    await expect(opening).rejects.toMatchObject({ code: 'damaged' })
    await storage.close()
  })
})

describe('version 2, the file of a device', () => {
  it('holds a wallet of a later epoch, its drill, and a commit that is sent again as it was', async () => {
    const { about, storage } = await storeOf('v2', 'later')
    const wallet = await open(about.walletId, storage)
    expect([wallet.address(), wallet.address('m/0/7')]).toEqual([about.address, about.child])
    expect(await wallet.recoveryKit()).toEqual(read('v2/device/kit.canonical'))
    expect(await wallet.lastDrill()).toEqual({ time: about.drillTime, epoch: 1, current: true })
    await expect(wallet.signMessage('hello')).rejects.toMatchObject({ code: 'network' })
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network', keySafe: true })
    await wallet.close()
    const commits = asked.filter(({ route }) => route === 'reshare/commit').map(({ body }) => body)
    expect(commits.length).toBeGreaterThan(1)
    const { epoch, attempt } = decodeMessage('reshare.req3', commits[0] ?? new Uint8Array(0))
    expect([epoch, attempt]).toEqual([2, 1])
    for (const body of commits) expect(body).toEqual(commits[0])
    expect(asked.some(({ route }) => route === 'reshare/start')).toBe(false)
    await storage.close()
  })
})

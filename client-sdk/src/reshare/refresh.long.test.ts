// Does a refresh give new shares of the same key, and does one that is cut off at any point end in one epoch?

import 'fake-indexeddb/auto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canonicalize } from '@tercet/wire/canonical-json'
import type { EndpointName } from '@tercet/wire/endpoints'
import { decodeKit } from '@tercet/wire/kit'
import { recoverMessageAddress } from 'viem'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadEpochs } from '../epoch-records.js'
import { openLive } from '../opening.js'
import type { OpenOptions } from '../options.js'
import { fileStorage } from '../storage/file.js'
import { indexedDbStorage } from '../storage/indexeddb.js'
import type { DeviceStorage } from '../storage/storage.js'
import { type Born, bornWallet, openWith, withIdentity } from '../testing/born-wallet.js'
import { type FakeNode, Refusal } from '../testing/fake-node.js'
import type { Transport } from '../transport.js'
import type { Wallet } from '../wallet.js'
import { settleOrGiveUp } from './settle.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tercet-refresh-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

let born: Born
let node: FakeNode
let storage: DeviceStorage
let id: string
const opened: Wallet[] = []

beforeAll(async () => {
  born = await bornWallet()
  id = born.id
})
beforeEach(async () => {
  ;({ node, storage } = await born.copy())
})
afterEach(async () => {
  node.fault = (_, answer) => answer()
  for (const wallet of opened.splice(0)) await wallet.close()
})

async function open(extra: Partial<OpenOptions> = {}): Promise<Wallet> {
  const wallet = await openWith(node, storage, id, extra)
  opened.push(wallet)
  return wallet
}

const names = () => node.passed.map(({ name }) => name)
const epochOf = async (wallet: Wallet) => decodeKit(await wallet.recoveryKit()).record.epoch

async function signs(wallet: Wallet, message: string): Promise<void> {
  const { serialized } = await wallet.signMessage(message)
  expect(await recoverMessageAddress({ message, signature: serialized })).toBe(wallet.address())
}

/** Loses the answer to one message, or the message itself. */
function lose(lost: EndpointName, what: 'message' | 'answer'): void {
  node.fault = async (name, answer) => {
    if (name !== lost) return answer()
    if (what === 'answer') await answer()
    throw new Error('connection reset')
  }
}

describe('a refresh', () => {
  it('gives new shares of the same key, a new kit, and drops the presignatures of the old ones', async () => {
    const wallet = await open({ pool: { size: 2 } })
    await wallet.ready()
    const address = wallet.address()
    const before = decodeKit(await wallet.recoveryKit())
    const told: number[] = []
    wallet.on('kit-changed', ({ epoch }) => told.push(epoch))
    const stages: string[] = []
    node.passed.length = 0
    const refreshing = wallet.refresh({ onProgress: ({ stage }) => stages.push(stage) })
    await refreshing
    expect(names().filter((name) => name.startsWith('reshare'))).toEqual([
      'reshare.start',
      'reshare.deal',
      'reshare.commit',
      'reshare.final',
    ])
    expect(stages).toEqual(['start', 'open', 'verify', 'store', 'commit', 'ready'])
    expect(told).toEqual([1])
    const after = decodeKit(await wallet.recoveryKit())
    expect(after.record.epoch).toBe(1)
    expect(after.record.publicKey).toEqual(before.record.publicKey)
    expect(after.record.chainCode).toEqual(before.record.chainCode)
    expect(after.record.transcriptPrev).toEqual(before.record.transcript)
    expect(after.record.commitments).not.toEqual(before.record.commitments)
    expect(after.node.address).toBe('https://node.example')
    expect(wallet.address()).toBe(address)
    expect(node.epochs?.keys.old).toBeUndefined()
    await signs(wallet, 'under the new shares')
    const keys = await storage.list('')
    expect(keys.filter((key) => key.includes('/pend-'))).toEqual([])

    await wallet.refresh()
    expect(await epochOf(wallet)).toBe(2)
    await signs(wallet, 'and again')
    const again = await open()
    expect(again.address()).toBe(address)
    await signs(again, 'opened again')
  })

  it('comes with a setup that has an age of its own', async () => {
    const key = `wallet/${id}/meta`
    const meta = JSON.parse(new TextDecoder().decode(await storage.get(key)))
    const worn = { ...meta, made: String(Math.floor(Date.now() / 1000)), sessions: String(2 ** 20 - 1) }
    await storage.put({ [key]: canonicalize(worn) })
    const wallet = await open()
    await wallet.refresh()
    for (const message of ['one', 'two']) await signs(wallet, message)
    expect(node.reasons).toEqual([])
  })

  it('is refused on a device whose pair is locked', async () => {
    const now = Math.floor(Date.now() / 1000)
    const meta = await storage.get(`wallet/${id}/meta`)
    const document = JSON.parse(new TextDecoder().decode(meta))
    const strikes = [now - 2, now - 1, now].join(' ')
    const locked = JSON.stringify({
      cosigner: document.cosigner,
      node: document.node,
      stage: 'ready',
      strikes,
      version: '1',
    })
    await storage.put({ [`wallet/${id}/meta`]: new TextEncoder().encode(locked) })
    const wallet = await open()
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'locked', retry: 'recover' })
    expect(names()).toEqual([])
  })
})

describe('a refresh that is cut off', () => {
  it.each(['reshare.start', 'reshare.deal'] as const)(
    'at %s, its answer lost for good, leaves the old shares in force, and begins anew',
    async (name) => {
      const wallet = await open()
      lose(name, 'answer')
      await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network', retry: 'safe' })
      node.fault = (_, answer) => answer()
      await signs(wallet, 'at once')
      await wallet.refresh()
      expect(decodeKit(await wallet.recoveryKit()).record).toMatchObject({ epoch: 1, attempt: 2 })
      await signs(wallet, 'afterwards')
    },
  )

  it.each([
    ['reshare.commit', 'message'],
    ['reshare.final', 'answer'],
  ] as const)(
    'at %s, its %s lost for good, comes to its end when the wallet is opened',
    async (name, what) => {
      const wallet = await open()
      lose(name, what)
      const ended = await wallet.refresh().then(
        () => 'done',
        ({ code }) => code,
      )
      // The answer to FINAL is of no importance.
      expect(ended).toBe(name === 'reshare.final' ? 'done' : 'network')
      node.fault = (_, answer) => answer()
      await signs(wallet, 'at once')
      await wallet.close()
      node.passed.length = 0
      const again = await open()
      await expect.poll(() => names(), { timeout: 20_000 }).toContain('reshare.final')
      expect(await epochOf(again)).toBe(1)
      expect(node.epochs?.state).toMatchObject({
        act: { id: { epoch: 1, attempt: 1 } },
        old: null,
        pend: null,
      })
      await signs(again, 'afterwards')
    },
  )

  const stores: readonly (readonly [string, () => Promise<DeviceStorage>])[] = [
    ['a file', () => fileStorage({ path: join(folder, 'device.tercet'), passphrase: 'correct horse' })],
    ['IndexedDB', () => indexedDbStorage({ name: 'refresh' })],
  ]
  it.each(stores)('at COMMIT is finished by opening the wallet alone (%s)', async (_, make) => {
    ;({ node, storage } = await born.copy(await make()))
    const identity = { identity: () => device }
    const device = storage.identity()
    const wallet = await open()
    lose('reshare.commit', 'answer')
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network', retry: 'safe', keySafe: true })
    await wallet.close()
    node.fault = (_, answer) => answer()
    node.restart()
    await storage.close()
    storage = withIdentity(await make(), identity)
    const again = await open()
    await expect.poll(() => node.epochs?.state.old, { timeout: 20_000 }).toBeNull()
    expect(await epochOf(again)).toBe(1)
    const commits = node.passed.filter(({ name }) => name === 'reshare.commit')
    expect(new Set(commits.map(({ body }) => body.toString())).size).toBe(1)
    await signs(again, 'finished')
    await again.close()
    await storage.close()
  })

  it('is asked for again in the same process, and the one that may have been committed is as good as a new one', async () => {
    const wallet = await open()
    lose('reshare.commit', 'answer')
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network' })
    node.fault = (_, answer) => answer()
    await wallet.refresh()
    expect(await epochOf(wallet)).toBe(1)
    await signs(wallet, 'finished')
  })

  it('whose pending shares the node has forgotten begins again, with another attempt', async () => {
    const wallet = await open()
    lose('reshare.commit', 'message')
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network' })
    node.fault = (_, answer) => answer()
    if (node.epochs !== undefined) node.epochs.state = { ...node.epochs.state, pend: null }
    await wallet.refresh()
    expect(decodeKit(await wallet.recoveryKit()).record).toMatchObject({ epoch: 1, attempt: 2 })
    await signs(wallet, 'the second attempt')
  })

  it('by a store that fails at the switch keeps the old shares until the wallet is opened again', async () => {
    const faulty: DeviceStorage = {
      ...storage,
      put: async (records) => {
        if (`wallet/${id}/share` in records) throw new Error('disk full')
        await storage.put(records)
      },
    }
    const wallet = await open({ storage: faulty })
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'storage', keySafe: true })
    await signs(wallet, 'with the old shares, which the node still serves')
    await wallet.close()
    const again = await open()
    await expect.poll(() => node.epochs?.state.old, { timeout: 20_000 }).toBeNull()
    expect(await epochOf(again)).toBe(1)
    await signs(again, 'afterwards')
  })
})

it('one that nobody will ever answer is given up where the node is gone, and its attempt is not used again', async () => {
  const wallet = await open()
  lose('reshare.commit', 'answer')
  await expect(wallet.refresh()).rejects.toMatchObject({ code: 'network' })
  await wallet.close()
  const gone: Transport = () => Promise.reject(new Error('no node'))
  const live = await openLive({ walletId: id, storage, transport: gone, pool: { size: 0 } })
  expect(await settleOrGiveUp(live)).toBe('unknown')
  expect(await settleOrGiveUp(live)).toBe('none')
  expect(await loadEpochs(storage, id, live.records.kit)).toMatchObject({
    act: { epoch: 0, attempt: 0 },
    pend: null,
    commitSent: false,
    att: 1,
  })
  expect((await storage.list('')).filter((key) => key.includes('/pend-'))).toEqual([])
  await live.close()
})

describe('a device that was put back', () => {
  it('to before the last refresh signs while the node has its old shares, and cannot refresh', async () => {
    const backup: Record<string, Uint8Array> = {}
    for (const key of await storage.list('')) backup[key] = (await storage.get(key)) ?? new Uint8Array(0)
    const wallet = await open()
    lose('reshare.final', 'message')
    await wallet.refresh()
    await wallet.close()
    node.fault = (_, answer) => answer()
    await storage.delete(await storage.list(''))
    await storage.put(backup)
    const restored = await open()
    await signs(restored, 'with the old shares')
    await expect(restored.refresh()).rejects.toMatchObject({
      code: 'behind',
      retry: 'recover',
      keySafe: true,
    })
    await signs(restored, 'still')
  })
})

describe('the cosigner’s answers', () => {
  it('to a refresh that it does not prepare end the attempts, with the old shares in force', async () => {
    const wallet = await open()
    const epochs = node.epochs
    if (epochs === undefined) throw new Error('no key')
    epochs.state = { ...epochs.state, announced: [{ newHolder: 'x', initiator: 'y', vetoable: true }] }
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'conflict', keySafe: true })
    epochs.state = { ...epochs.state, att: 70_000 }
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'peer-fault', incident: 'attempt' })
    epochs.state = { ...epochs.state, announced: [], att: 40 }
    await wallet.refresh()
    // However absurd what it named before, the numbers are not used up.
    expect(decodeKit(await wallet.recoveryKit()).record.attempt).toBe(41)
  })

  it('that this device was replaced end the wallet here, for good', async () => {
    const wallet = await open()
    if (node.epochs !== undefined) node.epochs.revoked = true
    node.fault = async (name, answer) => {
      if (name === 'fresh.start') throw new Refusal('not-found')
      return answer()
    }
    await expect(wallet.signMessage('whose?')).rejects.toMatchObject({ code: 'replaced', retry: 'no' })
    node.passed.length = 0
    await expect(wallet.signMessage('whose?')).rejects.toMatchObject({ code: 'replaced' })
    await expect((await open()).refresh()).rejects.toMatchObject({ code: 'replaced' })
    expect(names()).toEqual([])
  })

  it('that are forged or about another reshare are not obeyed', async () => {
    const wallet = await open()
    for (const at of [2 + 7, 2 + 15, 2 + 16 + 40, 2 + 16 + 64 + 20]) {
      node.fault = async (name, answer) => {
        const body = await answer()
        if (name === 'reshare.commit') body[at] = (body[at] ?? 0) ^ 1
        return body
      }
      await expect(wallet.refresh()).rejects.toMatchObject({ code: 'peer-fault', keySafe: true })
      expect((await storage.get(`wallet/${id}/pend-share`))?.length).toBeGreaterThan(0)
    }
    node.fault = (_, answer) => answer()
    await wallet.refresh()
    expect(await epochOf(wallet)).toBe(1)
    await signs(wallet, 'the true answer came')
  })
})

it('a wait for another change of the shares ends at the caller’s signal, and nothing is begun', async () => {
  const wallet = await open()
  const first = wallet.refresh()
  const controller = new AbortController()
  const second = wallet.refresh({ signal: controller.signal })
  controller.abort()
  await expect(second).rejects.toMatchObject({ code: 'aborted' })
  await first
  expect(await epochOf(wallet)).toBe(1)
  expect(names().filter((name) => name === 'reshare.start').length).toBe(1)
})

it('two tabs on one store refresh one after the other, and both sign', async () => {
  const [one, other] = [await open(), await open()]
  await Promise.all([one.refresh(), other.refresh()])
  expect(node.epochs?.state.act.id.epoch).toBe(2)
  await signs(one, 'here')
  await signs(other, 'there')
})

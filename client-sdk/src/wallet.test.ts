// Does a wallet hold up: created, signing in one round trip or two, through restarts, losses, faults and lies?

import { ORDER } from '@tercet/protocol/curve'
import { decodeKit } from '@tercet/wire/kit'
import { recoverMessageAddress } from 'viem'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TercetError } from './errors.js'
import type { CreateOptions, OpenOptions } from './options.js'
import { memoryStorage } from './storage/memory.js'
import { FakeNode, Refusal, testRecovery, unsigned } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

const NODE = 'https://node.example'

async function create(node: FakeNode, extra: Partial<CreateOptions> = {}) {
  const storage = extra.storage ?? memoryStorage()
  const wallet = await Wallet.create({
    node: NODE,
    recovery: testRecovery(),
    transport: node.transport,
    pool: { size: 0 },
    ...extra,
    storage,
  })
  return { storage, wallet }
}

function names(node: FakeNode): string[] {
  return node.passed.map(({ name }) => name)
}

describe('a new wallet', () => {
  const stages: string[] = []
  let node: FakeNode
  let wallet: Wallet
  let storage: ReturnType<typeof memoryStorage>

  beforeAll(async () => {
    node = await FakeNode.start()
    ;({ wallet, storage } = await create(node, { onProgress: ({ stage }) => stages.push(stage) }))
  })

  it('goes through its stages and signs once before it is there', async () => {
    expect(stages).toEqual([
      'identity',
      'recovery',
      'start',
      'open',
      'verify',
      'store',
      'confirm',
      'self-test',
      'ready',
    ])
    expect(names(node)).toEqual([
      'keygen.start',
      'keygen.open',
      'keygen.confirm',
      'fresh.start',
      'fresh.open',
    ])
    expect(await Wallet.list(storage)).toEqual([{ id: wallet.id, state: 'ready', node: NODE }])
  })

  it('signs a message as the address that it shows, with a low s', async () => {
    const signed = await wallet.signMessage('three lines')
    expect(await recoverMessageAddress({ message: 'three lines', signature: signed.serialized })).toBe(
      wallet.address(),
    )
    expect(signed.signature.s <= ORDER / 2n).toBe(true)
    expect(signed.mode).toBe('fresh')
    expect(signed.summary.length).toBeGreaterThan(0)
  })

  it('has a kit of its own key', async () => {
    const kit = decodeKit(await wallet.recoveryKit())
    expect(kit.record.publicKey).toEqual(wallet.publicKey)
    expect(kit.node.address).toBe('https://node.example')
  })

  it('opens again from its store, and signs', async () => {
    const again = await Wallet.open({
      walletId: wallet.id,
      storage,
      transport: node.transport,
      pool: { size: 0 },
    })
    expect(again.address()).toBe(wallet.address())
    expect(again.address('m/0/1')).not.toBe(wallet.address())
    await again.signMessage('again', { path: 'm/0/1' })
    await again.close()
    await expect(again.signMessage('closed')).rejects.toMatchObject({ code: 'closed' })
  })

  it('says what is wrong with a request, without asking the node', async () => {
    const before = node.passed.length
    await expect(wallet.signTransaction('0x02c0')).rejects.toMatchObject({ code: 'malformed', keySafe: true })
    await expect(wallet.signMessage('x', { path: "m/0'" })).rejects.toMatchObject({ code: 'malformed' })
    await expect(Wallet.open({ walletId: 'none', storage, transport: node.transport })).rejects.toMatchObject(
      { code: 'not-found' },
    )
    expect(node.passed.length).toBe(before)
  })

  it('takes a refusal by policy as final', async () => {
    const digest = 'A'.repeat(43)
    await expect(wallet.sign({ kind: 'raw-digest', chain: 'none', payload: digest })).rejects.toMatchObject({
      code: 'denied',
      retry: 'no',
      keySafe: true,
    })
  })
})

describe('a wallet that exists', () => {
  let node: FakeNode
  let storage: ReturnType<typeof memoryStorage>
  let id: string
  const opened: Wallet[] = []
  const open = async (extra: Partial<OpenOptions> = {}): Promise<Wallet> => {
    const wallet = await Wallet.open({
      walletId: id,
      storage,
      transport: node.transport,
      pool: { size: 0 },
      ...extra,
    })
    opened.push(wallet)
    return wallet
  }

  beforeAll(async () => {
    node = await FakeNode.start()
    const made = await create(node)
    storage = made.storage
    id = made.wallet.id
    await made.wallet.close()
  })
  beforeEach(() => {
    node.fault = (_, answer) => answer()
    node.reasons = []
    node.passed.length = 0
  })
  afterEach(async () => {
    for (const wallet of opened.splice(0)) await wallet.close()
  })

  it('signs with one request each, and falls back when the node has lost its half', async () => {
    const wallet = await open({ pool: { size: 2 } })
    await wallet.ready()
    expect(wallet.presignatures).toBe(2)
    node.passed.length = 0
    expect((await wallet.signMessage('one')).mode).toBe('pool')
    expect(names(node).filter((name) => name === 'sign').length).toBe(1)
    expect(names(node).includes('fresh.start')).toBe(false)
    await wallet.ready()
    node.restart()
    expect((await wallet.signMessage('two')).mode).toBe('fresh')
    await wallet.ready()
    expect((await wallet.signMessage('three')).mode).toBe('pool')
  })

  it('drops its presignatures when the machine slept: the two clocks have parted', async () => {
    let [wall, monotonic] = [Date.now(), 0]
    const wallet = await open({ pool: { size: 2 }, clock: () => wall, monotonic: () => monotonic })
    await wallet.ready()
    wall += 60_000
    monotonic += 60_000
    expect((await wallet.signMessage('a minute later')).mode).toBe('pool')
    wall += 60_000
    expect((await wallet.signMessage('after a sleep')).mode).toBe('fresh')
  })

  it('sends the same bytes again when an answer is lost, and processes one answer', async () => {
    const wallet = await open({ pool: { size: 1 } })
    await wallet.ready()
    let kept: Uint8Array | undefined
    node.fault = async (name, answer) => {
      if (name !== 'sign') return answer()
      if (kept !== undefined) return kept
      kept = await answer()
      throw new Error('connection reset')
    }
    node.passed.length = 0
    await wallet.signMessage('lost once')
    const [first, second] = node.passed.filter(({ name }) => name === 'sign')
    expect(second?.body).toEqual(first?.body)
  })

  it('a signature that failed names its request, which can be asked for again as the same one', async () => {
    const wallet = await open()
    node.fault = async () => {
      throw new Refusal('denied', { field: 'limit' })
    }
    const error = await wallet.signMessage('once').catch((reason: unknown) => reason)
    if (!(error instanceof TercetError) || error.request === undefined) throw error
    expect(error).toMatchObject({ code: 'denied', field: 'limit', retry: 'no' })
    expect(error.request.expiresAt).toBeGreaterThan(Date.now() / 1000)
    node.fault = (_, answer) => answer()
    const payload = Buffer.from('once').toString('base64url')
    const draft = { kind: 'evm-message', chain: 'eip155:1', payload, ...error.request } as const
    const { requestBytes } = await wallet.sign(draft)
    const text = new TextDecoder().decode(requestBytes)
    expect(text).toContain(`"id":"${error.request.id}"`)
    expect(text).toContain(`"expiresAt":"${error.request.expiresAt}"`)
  })

  it('makes one new setup for many requests at once, and all get their signature', async () => {
    const wallet = await open({ pool: { size: 2 } })
    await wallet.ready()
    node.otSetup = undefined
    node.restart()
    const texts = ['a', 'b', 'c', 'd']
    const signed = await Promise.all(texts.map((text) => wallet.signMessage(text)))
    for (const [i, { serialized }] of signed.entries()) {
      const message = texts[i] ?? ''
      expect(await recoverMessageAddress({ message, signature: serialized })).toBe(wallet.address())
    }
    expect(node.reasons).toEqual(['burned'])
  })

  it('tells a request that the wallet was closed under it, and that the key is safe', async () => {
    const wallet = await open()
    const signing = wallet.signMessage('too late')
    await wallet.close()
    await expect(signing).rejects.toMatchObject({ code: 'closed', keySafe: true })
  })

  it('unsigned answers change nothing: the message is repeated', async () => {
    let proxied = 0
    const wallet = await open({
      transport: async (request) => (proxied++ === 1 ? unsigned(404)(request) : node.transport(request)),
    })
    await wallet.signMessage('behind a bad proxy')
  })

  it('a setup that the node has lost or burned is made anew, and the signature comes', async () => {
    const wallet = await open()
    node.otSetup = undefined
    expect((await wallet.signMessage('burned')).mode).toBe('fresh')
    expect(node.reasons).toEqual(['burned'])
    node.fault = async (name, answer) => {
      const body = await answer()
      if (name === 'ot.finish' && node.reasons.length === 2)
        throw new Refusal('mismatch', { field: 'otSetupA' })
      return body
    }
    node.otSetup = undefined
    await wallet.signMessage('burned again, and the answer lost')
  })

  it('a setup that another tab has made is taken over, not made again', async () => {
    const [one, other] = [await open(), await open()]
    node.otSetup = undefined
    await one.signMessage('makes a new setup')
    await other.signMessage('finds it in the store')
    await one.signMessage('still has it')
    expect(node.reasons).toEqual(['burned'])
  })

  it('a cheat is stored as a burn before anything else, and the next setup says why', async () => {
    const wallet = await open()
    node.fault = async (name, answer) => {
      const body = await answer()
      // The first scalar of `at`, behind version, type, nonce and R.
      if (name === 'fresh.start') body[2 + 32 + 33 + 31] = (body[2 + 32 + 33 + 31] ?? 0) ^ 1
      return body
    }
    await expect(wallet.signMessage('cheated')).rejects.toMatchObject({ code: 'peer-fault', keySafe: true })
    expect(await storage.get(`wallet/${wallet.id}/ot`)).toEqual(new Uint8Array(0))
    node.fault = (_, answer) => answer()
    const reopened = await open()
    await reopened.signMessage('honest')
    expect(node.reasons).toEqual(['peer-fault'])
  })

  it('a wrong signature share gives no signature', async () => {
    const wallet = await open()
    node.fault = async (name, answer) => {
      const body = await answer()
      if (name === 'fresh.open') body[40] = (body[40] ?? 0) ^ 1
      return body
    }
    await expect(wallet.signMessage('wrong share')).rejects.toMatchObject({ code: 'peer-fault' })
    node.fault = (_, answer) => answer()
    await wallet.signMessage('honest')
    expect(node.reasons).toEqual(['peer-fault'])
  })

  it('a clock that is off is corrected once', async () => {
    const wallet = await open()
    let off = true
    node.fault = async (_, answer) => {
      if (!off) return answer()
      off = false
      throw new Refusal('clock', { time: Math.floor(Date.now() / 1000) + 1000 })
    }
    await wallet.signMessage('later')
    expect(off).toBe(false)
    node.fault = async () => {
      throw new Refusal('clock', { time: 1 })
    }
    await expect(wallet.signMessage('never')).rejects.toMatchObject({ code: 'clock' })
  })

  it('the caller’s signal and the deadline end the wait', async () => {
    const silent = await open({
      timeoutMilliseconds: 20,
      transport: () => new Promise(() => undefined),
    })
    await expect(silent.signMessage('x')).rejects.toMatchObject({ code: 'timeout', retry: 'safe' })
    const controller = new AbortController()
    const signing = silent.signMessage('x', { signal: controller.signal })
    controller.abort()
    await expect(signing).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a creation that was cut off', () => {
  it('is finished by opening the wallet, with the bytes of Req3 repeated', async () => {
    const node = await FakeNode.start()
    const storage = memoryStorage()
    node.fault = async (name, answer) => {
      const body = await answer()
      if (name === 'keygen.confirm') throw new Refusal('rate-limited', { retryAfterSeconds: 60 })
      return body
    }
    await expect(create(node, { storage })).rejects.toMatchObject({ code: 'rate-limited', keySafe: true })
    const [entry] = await Wallet.list(storage)
    expect(entry?.state).toBe('unfinished')
    node.fault = (_, answer) => answer()
    node.restart()
    const wallet = await Wallet.open({
      walletId: entry?.id ?? '',
      storage,
      transport: node.transport,
      pool: { size: 0 },
    })
    const confirms = node.passed.filter(({ name }) => name === 'keygen.confirm')
    expect(new Set(confirms.map(({ body }) => body.toString())).size).toBe(1)
    expect((await Wallet.list(storage))[0]?.state).toBe('ready')
    await wallet.signMessage('finished')
  })

  it('does not reach the node when the store fails, and says so', async () => {
    const node = await FakeNode.start()
    const full = { ...memoryStorage(), put: () => Promise.reject(new Error('disk full')) }
    await expect(create(node, { storage: full })).rejects.toMatchObject({ code: 'storage', keySafe: true })
    expect(names(node)).toEqual(['keygen.start', 'keygen.open'])
  })

  it('begins anew when the node never had the key', async () => {
    const node = await FakeNode.start()
    let first = true
    node.fault = async (name, answer) => {
      if (name === 'keygen.confirm' && first) {
        first = false
        throw new Refusal('unknown-session')
      }
      return answer()
    }
    const { storage } = await create(node)
    expect((await Wallet.list(storage)).length).toBe(1)
    expect(names(node).filter((name) => name === 'keygen.start').length).toBe(2)
  })
})

describe('before a creation begins', () => {
  it('another node in its place is refused', async () => {
    const [node, other] = [await FakeNode.start(), await FakeNode.start()]
    await expect(
      create(node, {
        expectedIdentity: Buffer.from(other.identity.publicIdentity).toString('base64url'),
      }),
    ).rejects.toMatchObject({ code: 'untrusted-node' })
    expect(node.passed.length).toBe(0)
  })

  it('a recovery key without its proof is refused on the device', async () => {
    const node = await FakeNode.start()
    const recovery = { publicKey: new Uint8Array(33).fill(2), proof: new Uint8Array(65) }
    await expect(create(node, { recovery })).rejects.toMatchObject({ code: 'recovery-key' })
    expect(node.passed.length).toBe(0)
  })

  it('a random generator that is stuck is refused, and nothing is begun with the node', async () => {
    const node = await FakeNode.start()
    const random = (length: number) => new Uint8Array(length).fill(7)
    await expect(create(node, { random })).rejects.toMatchObject({ code: 'bug', retry: 'report' })
    expect(node.passed.length).toBe(0)
  })
})

// Is a one-time state gone when the message made with it finds no answer? (abort row `lost`)

import { decodePoint } from '@tercet/protocol/curve'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { digest, type SigningInput } from '@tercet/protocol/sign'
import { DEFAULT_POLICY } from '@tercet/wire/policy'
import { beforeAll, beforeEach, expect, it } from 'vitest'
import { Channel } from './channel.js'
import type { Engine, Handle } from './engine/contract.js'
import { runStep } from './engine/crossing.js'
import { platformRandom } from './engine/platform-random.js'
import { createSteps } from './engine/steps.js'
import { makeKey, registerRecovery } from './keygen.js'
import { Pair } from './pair.js'
import { loadWallet } from './records.js'
import { memoryStorage } from './storage/memory.js'
import { FakeNode, Refusal, testRecovery } from './testing/fake-node.js'
import { Wallet } from './wallet.js'

const NODE = 'https://node.example'
const storage = memoryStorage()
/** The handles that the engine has given out and not taken back. */
const held = new Set<Handle>()
let node: FakeNode
let wallet: Wallet

function countingEngine(): Engine {
  const steps = createSteps(platformRandom)
  return {
    async run(name, input) {
      if (Array.isArray(input)) for (const handle of input) held.delete(handle)
      else if ('handle' in input) held.delete(input.handle)
      const output = runStep(steps, name, input)
      const made: readonly unknown[] = Array.isArray(output) ? output : [output]
      for (const one of made) if (hasHandle(one)) held.add(one.handle)
      return output
    },
    close: async () => undefined,
  }
}

function hasHandle(value: unknown): value is { readonly handle: Handle } {
  return typeof value === 'object' && value !== null && 'handle' in value
}

async function channel(): Promise<Channel> {
  return new Channel({
    node: NODE,
    identity: await storage.identity(),
    cosigner: node.identity.publicIdentity,
    transport: node.transport,
    clock: Date.now,
    random: platformRandom,
    timeoutMilliseconds: 60_000,
  })
}

async function pair(): Promise<Pair> {
  const { kit, ...records } = await loadWallet(storage, wallet.id)
  return new Pair({
    walletId: wallet.id,
    record: kit.record,
    ...records,
    storage,
    channel: await channel(),
    engine: countingEngine(),
    onDrop: () => undefined,
  })
}

const input = (): SigningInput => ({
  digest: digest(new Uint8Array(32).fill(1)),
  tweak: derive(keyOf(), parsePath('m')).tweak,
  request: new Uint8Array(1),
})

function keyOf() {
  return { publicKey: decodePoint(wallet.publicKey, 'X'), chainCode: new Uint8Array(32) }
}

beforeAll(async () => {
  node = await FakeNode.start()
  wallet = await Wallet.create({
    node: NODE,
    recovery: testRecovery(),
    transport: node.transport,
    pool: { size: 0 },
    storage,
  })
})
beforeEach(() => {
  node.fault = (_, answer) => answer()
  node.passed.length = 0
  held.clear()
})

function refuseAt(message: string): void {
  node.fault = async (name, answer) => {
    if (name === message) throw new Refusal('denied')
    return answer()
  }
}

it.each(['presign.start', 'presign.open'])('a refused %s leaves no state', async (message) => {
  refuseAt(message)
  await expect((await pair()).presign(1)).rejects.toMatchObject({ code: 'denied' })
  expect(held.size).toBe(0)
})

it('a refused fresh.start leaves no state', async () => {
  refuseAt('fresh.start')
  const signing = (await pair()).signFresh(input())
  await expect(signing).rejects.toMatchObject({ code: 'denied' })
  expect(held.size).toBe(0)
})

it.each(['ot.start', 'ot.finish'])(
  'a refused %s leaves no state, nor the presignature before it',
  async (message) => {
    const under = await pair()
    const [presignature] = await under.presign(1)
    if (presignature === undefined) throw new Error('no presignature')
    node.fault = async () => {
      throw new Refusal('burned')
    }
    await expect(under.presign(1)).rejects.toMatchObject({ code: 'burned' })
    refuseAt(message)
    await expect(under.signPooled(presignature, input())).rejects.toMatchObject({ code: 'denied' })
    expect(held.size).toBe(0)
    node.fault = (_, answer) => answer()
    await under.presign(1)
  },
)

it.each(['keygen.start', 'keygen.open'])('a refused %s leaves no state', async (message) => {
  refuseAt(message)
  const recovery = await registerRecovery(testRecovery(), await storage.identity())
  const creation = { storage, channel: await channel(), engine: countingEngine(), report: () => undefined }
  await expect(makeKey(creation, recovery, DEFAULT_POLICY)).rejects.toMatchObject({ code: 'denied' })
  expect(held.size).toBe(0)
})

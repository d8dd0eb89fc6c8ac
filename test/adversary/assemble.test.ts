// Is the key put together only when both sides agree, only right, and never again behind the device's back?

import { evmAddress } from '@tercet/chains/evm'
import { ASSEMBLE_SENTENCE, acknowledgeExposure, Exit } from '@tercet/client/recovery'
import { derive, parsePath } from '@tercet/protocol/derivation'
import { Secret } from '@tercet/protocol/internal/secret'
import type { KeyShare } from '@tercet/protocol/key-share'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { type AssembleOptions, serveAssembly } from '@tercet/recovery/assemble'
import { Conversation } from '@tercet/wire/conversation'
import { recoverySigner } from '@tercet/wire/identity'
import { decodeKit } from '@tercet/wire/kit'
import { decodeFrame } from '@tercet/wire/link'
import { Wallet as EthersWallet, verifyMessage } from 'ethers'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { type Meddle, memoryLinks } from '../support/memory-link.js'
import { seededRandom } from '../support/random.js'
import { type StoredWallet, storedWallet } from '../support/stored-wallet.js'

const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`

async function meet(given: Partial<AssembleOptions> = {}, meddle?: Meddle, order: string[] = []) {
  const wallet = await storedWallet()
  const links = memoryLinks(meddle)
  const share = openRecoveryShare(decodeKit(wallet.kit).record, wallet.kappa)
  const identity = recoverySigner(wallet.kappa)
  const peer = wallet.device.publicIdentity
  const ended = serveAssembly({
    share,
    device: peer,
    recovery: identity.publicIdentity,
    conversation: new Conversation({ link: links.recovery, identity, peer, timeoutMilliseconds: 20_000 }),
    random: seededRandom('recovery machine'),
    path: parsePath('m'),
    keep: async () => {
      order.push('kept')
    },
    ...given,
  })
  ended.catch(() => undefined)
  const { storage, walletId } = wallet
  const watched = {
    ...storage,
    put: async (records: Readonly<Record<string, Uint8Array>>) => {
      await storage.put(records)
      order.push('stored')
    },
  }
  const device = await openExit(wallet, watched, links.device)
  return { wallet, device, ended, links, order, storage, walletId }
}

function openExit(
  wallet: StoredWallet,
  storage: StoredWallet['storage'],
  link: ReturnType<typeof memoryLinks>['device'],
) {
  const random = seededRandom('device')
  return Exit.open({ storage, walletId: wallet.walletId, link, random, timeoutMilliseconds: 20_000 })
}

describe('a key that is put together', () => {
  it.each(['m', 'm/0/0', 'm/44/60/7'])('at %s signs for the address of the wallet', async (path) => {
    const { device, ended } = await meet({ path: parsePath(path) })
    await device.assemble(ASSEMBLE_SENTENCE)
    const key = await ended
    const outside = new EthersWallet(hex(key.privateKey))
    expect(outside.address).toBe(key.address)
    expect(verifyMessage('moved', await outside.signMessage('moved'))).toBe(key.address)
    // The address that both shares sign for at this path.
    expect(key.address).toBe(evmAddress(derive(fixtureWallet().share(1), parsePath(path)).publicKey))
  })

  it('was marked at the device before its share left, and kept before the device was told', async () => {
    const order: string[] = []
    const meddle: Meddle = (by, frame) => {
      order.push(`${by} ${decodeFrame(frame).type}`)
      return [frame]
    }
    const { device, ended } = await meet({ keep: async () => void order.push('kept') }, meddle, order)
    await device.assemble(ASSEMBLE_SENTENCE)
    await ended
    expect(order).toEqual([
      'device assemble',
      'recovery assemble.key',
      'stored',
      'device assemble.share',
      'kept',
      'recovery assemble.done',
    ])
  })

  it('is kept although the device never hears of it', async () => {
    const meddle: Meddle = (_, frame) => (decodeFrame(frame).type === 'assemble.done' ? [] : [frame])
    const { device, ended } = await meet({}, meddle)
    device.assemble(ASSEMBLE_SENTENCE).catch(() => undefined)
    expect((await ended).privateKey).toHaveLength(32)
    await device.close()
  })

  it('ends the signatures of the device until its user has acknowledged it', async () => {
    const { wallet, device, ended, storage, walletId } = await meet()
    await device.assemble(ASSEMBLE_SENTENCE)
    await ended
    const draft = { kind: 'evm-message', chain: 'eip155:1', payload: 'YQ' } as const
    const later = await openExit(wallet, storage, memoryLinks().device)
    await expect(later.sign(draft)).rejects.toMatchObject({ code: 'exposed', keySafe: false })
    await acknowledgeExposure(storage, walletId)
    const aborted = AbortSignal.timeout(200)
    const open = { storage, walletId, link: memoryLinks().device, random: seededRandom('x'), signal: aborted }
    const after = await Exit.open(open)
    // It speaks to the recovery machine again, where nobody answers.
    await expect(after.sign(draft)).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('no key is put together', () => {
  it('without the sentence: nothing leaves and nothing is marked', async () => {
    const { device, links, order } = await meet()
    await expect(device.assemble('yes')).rejects.toMatchObject({ code: 'denied' })
    expect(links.sent.filter(({ frame }) => decodeFrame(frame).type === 'assemble')).toHaveLength(0)
    expect(order).toEqual([])
  })

  it('with the shares of different epochs', async () => {
    const wallet = await storedWallet()
    const share = openRecoveryShare(decodeKit(wallet.kit).record, wallet.kappa)
    const { device, order, ended } = await meet({ share: { ...share, epoch: 3 } })
    await expect(device.assemble(ASSEMBLE_SENTENCE)).rejects.toMatchObject({ code: 'mismatch' })
    await expect(ended).rejects.toMatchObject({ reason: 'other-epoch' })
    expect(order).toEqual([])
  })

  it('that is not the key of the wallet, and a device that was marked stays marked', async () => {
    const wallet = await storedWallet()
    const share = openRecoveryShare(decodeKit(wallet.kit).record, wallet.kappa)
    const wrong: KeyShare = { ...share, secretShare: new Secret('SecretShare', 5n) }
    const { device, ended, order, storage } = await meet({ share: wrong })
    await expect(device.assemble(ASSEMBLE_SENTENCE)).rejects.toMatchObject({ code: 'peer-fault' })
    await expect(ended).rejects.toMatchObject({ reason: 'sub-share' })
    expect(order).toEqual(['stored'])
    const again = await openExit(wallet, storage, memoryLinks().device)
    await expect(again.sign({ kind: 'self-test' })).rejects.toMatchObject({ code: 'exposed' })
  })

  it('from what somebody recorded: the share opens in its own session alone', async () => {
    const first = await meet()
    await first.device.assemble(ASSEMBLE_SENTENCE)
    await first.ended
    const recorded = first.links.sent.map(({ frame }) => frame)
    const links = memoryLinks()
    const { wallet } = first
    const share = openRecoveryShare(decodeKit(wallet.kit).record, wallet.kappa)
    const identity = recoverySigner(wallet.kappa)
    const peer = wallet.device.publicIdentity
    const ended = serveAssembly({
      share,
      device: peer,
      recovery: identity.publicIdentity,
      conversation: new Conversation({ link: links.recovery, identity, peer, timeoutMilliseconds: 500 }),
      random: seededRandom('recovery machine, later'),
      path: parsePath('m'),
      keep: async () => undefined,
    })
    for (const frame of recorded) await links.device.send(frame)
    await expect(ended).rejects.toMatchObject({ code: 'timeout' })
  })
})

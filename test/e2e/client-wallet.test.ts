// Does the SDK work against a real node over HTTP: created, signing, reopened, through a restart, behind viem and ethers?

import { join } from 'node:path'
import { fetchTransport, type Transport, Wallet } from '@tercet/client'
import { TercetSigner } from '@tercet/client/ethers'
import { fileStorage } from '@tercet/client/storage/file'
import { memoryStorage } from '@tercet/client/storage/memory'
import { viemAccount } from '@tercet/client/viem'
import { fromBase64url } from '@tercet/wire/base64url'
import { decodeKit } from '@tercet/wire/kit'
import {
  verifyMessage as ethersVerifyMessage,
  verifyTypedData as ethersVerifyTypedData,
  Transaction,
} from 'ethers'
import { recoverMessageAddress, recoverTransactionAddress, recoverTypedDataAddress } from 'viem'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { runSeed, seededRandom } from '../support/random.js'
import { someRecovery } from '../support/recovery.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('client-wallet')
const passphrase = 'correct horse battery staple'
const to = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const transaction = {
  type: 'eip1559',
  chainId: 31337,
  nonce: 7,
  gas: 21_000n,
  maxFeePerGas: 2_000_000_000n,
  maxPriorityFeePerGas: 1_000_000_000n,
  to,
  value: 10n ** 18n,
} as const
const mail = {
  domain: { name: 'Letters', version: '1', chainId: 31337, verifyingContract: to },
  types: {
    Mail: [
      { name: 'to', type: 'address' },
      { name: 'amount', type: 'uint256' },
      { name: 'text', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  message: { to, amount: 2n ** 200n, text: 'three lines' },
} as const

const seed = runSeed()
const recovery = someRecovery(seededRandom(`${seed}/recovery`))

describe(`a wallet with a real node (seed ${seed})`, () => {
  let node: NodeProcess
  let wallet: Wallet
  let sent: string[] = []
  const transport: Transport = (request) => {
    sent.push(new URL(request.url).pathname.replace(/^\/v1\/(wallets\/[^/]+\/)?/, ''))
    return fetchTransport(request)
  }
  const open = () => fileStorage({ path: join(folder, 'device.tercet'), passphrase })

  beforeAll(async () => {
    node = await startNode({ dataDir: await newDataDir(folder, 'node') })
    wallet = await Wallet.create({
      node: node.url,
      storage: await open(),
      recovery,
      transport,
      expectedIdentity: node.identity,
    })
  })
  beforeEach(() => {
    sent = []
  })
  afterAll(async () => {
    await wallet?.close()
    await node?.stop()
  })

  it('signs with one request when a presignature is ready, and with two when none is', async () => {
    await wallet.ready()
    sent = []
    const first = await wallet.signMessage('one')
    expect(first.mode).toBe('pool')
    expect(sent).toEqual(['sign'])
    const other = await Wallet.open({
      walletId: wallet.id,
      storage: await open(),
      transport,
      pool: { size: 0 },
    })
    sent = []
    expect((await other.signMessage('two')).mode).toBe('fresh')
    expect(sent).toEqual(['sign/start', 'sign/open'])
    await other.close()
  })

  it('is a viem account', async () => {
    const account = viemAccount(wallet)
    const message = 'hello'
    expect(await recoverMessageAddress({ message, signature: await account.signMessage({ message }) })).toBe(
      account.address,
    )
    const serializedTransaction = await account.signTransaction(transaction)
    expect(
      await recoverTransactionAddress({ serializedTransaction: serializedTransaction as `0x02${string}` }),
    ).toBe(account.address)
    const signature = await account.signTypedData(mail)
    expect(await recoverTypedDataAddress({ ...mail, signature })).toBe(account.address)
  })

  it('is an ethers signer, at another path', async () => {
    const path = 'm/0/7'
    const signer = new TercetSigner(wallet, { path })
    const address = wallet.address(path)
    expect(await signer.getAddress()).toBe(address)
    expect(ethersVerifyMessage('hello', await signer.signMessage('hello'))).toBe(address)
    const { chainId, nonce, gas: gasLimit, maxFeePerGas, maxPriorityFeePerGas, value } = transaction
    const fields = {
      type: 2,
      chainId,
      nonce,
      gasLimit,
      maxFeePerGas,
      maxPriorityFeePerGas,
      value,
      to,
      from: address,
    }
    const signed = Transaction.from(await signer.signTransaction(fields))
    expect(signed.from).toBe(address)
    const { domain, message } = mail
    const types = { Mail: [...mail.types.Mail] }
    expect(
      ethersVerifyTypedData(domain, types, message, await signer.signTypedData(domain, types, message)),
    ).toBe(address)
  })

  it('goes on quietly after the node has forgotten its presignatures', async () => {
    await wallet.ready()
    await node.stop()
    node = await node.restart()
    sent = []
    const message = 'after a restart'
    const signed = await wallet.signMessage(message)
    expect(signed.mode).toBe('fresh')
    expect(sent.slice(0, 3)).toEqual(['sign', 'sign/start', 'sign/open'])
    expect(await recoverMessageAddress({ message, signature: signed.serialized })).toBe(wallet.address())
  })

  it('is there again in another process’s eyes: same address, same kit', async () => {
    const storage = await open()
    expect(await Wallet.list(storage)).toEqual([{ id: wallet.id, state: 'ready', node: node.url }])
    const again = await Wallet.open({ walletId: wallet.id, storage })
    expect(again.address()).toBe(wallet.address())
    expect(await again.recoveryKit()).toEqual(await wallet.recoveryKit())
    await again.signMessage('again')
    await again.close()
    await storage.close()
  })

  it('has a kit that names this node', async () => {
    const kit = decodeKit(await wallet.recoveryKit())
    expect(kit.record.sidInputs.idC).toEqual(fromBase64url(node.identity, 'identity', 34))
    expect(await wallet.checkKit()).toEqual({ same: true, differs: [] })
  })

  it('is refused a raw digest, by name', async () => {
    const raw = { kind: 'raw-digest', chain: 'none', payload: 'A'.repeat(43) } as const
    await expect(wallet.sign(raw)).rejects.toMatchObject({ code: 'denied', retry: 'no', keySafe: true })
  })

  it('is unknown to a device that does not own it', async () => {
    const records = await open()
    const stolen = memoryStorage()
    for (const key of await records.list('')) {
      const value = await records.get(key)
      if (value !== undefined) await stolen.put({ [key]: value })
    }
    const thief = await Wallet.open({ walletId: wallet.id, storage: stolen, pool: { size: 0 } })
    await expect(thief.signMessage('mine')).rejects.toMatchObject({ code: 'not-found', keySafe: true })
    await thief.close()
    expect((await wallet.signMessage('still the owner’s')).mode).toBeDefined()
  })
})

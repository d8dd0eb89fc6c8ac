// Does a device hear of claims on its wallet and stop them, keep its drills, and move to another recovery key?

import { fetchTransport, type Transport, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { encodePoint, mulBase, randomScalar } from '@tercet/protocol/curve'
import { proveDrill } from '@tercet/protocol/drill'
import { ownerOf, proveRecoveryKey } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { fromBase64url } from '@tercet/wire/base64url'
import { encodeClaimRequest, signClaim } from '@tercet/wire/claim'
import { encodeDrillReceipt, signDrillReceipt } from '@tercet/wire/drill'
import { generateIdentity, recoverySigner, signTagged } from '@tercet/wire/identity'
import { decodeKit } from '@tercet/wire/kit'
import { recoverMessageAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { runSeed, seededRandom } from '../support/random.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { ask, claimFor } from './raw-claims.js'

const folder = temporaryFolder('client-claims')
const seed = runSeed()
const random = seededRandom(`${seed}/recovery`)
const [kappa, nextKappa] = [randomScalar(random), randomScalar(random)]

/** What the holder of a recovery key registers with a device. */
function registration(secret: bigint, identity: Uint8Array) {
  return {
    publicKey: encodePoint(mulBase(secret)),
    proof: proveRecoveryKey(secret, ownerOf(identity), random),
  }
}

describe(`the device of a wallet (seed ${seed})`, () => {
  const storage = memoryStorage()
  let node: NodeProcess
  let wallet: Wallet
  const target = () => ({ url: node.url, identity: node.identity, now: Math.floor(Date.now() / 1000) })
  const claimed: string[] = []
  let asked = 0
  const transport: Transport = (request) => {
    if (request.url.endsWith('/claims') && request.method === 'GET') asked++
    return fetchTransport(request)
  }

  async function receiptOf(secret: bigint, time = target().now) {
    const { record } = decodeKit(await wallet.recoveryKit())
    const { epoch, attempt, transcript, sidInputs } = record
    const about = { transcript, time, nonce: random(32) }
    const proof = proveDrill(openRecoveryShare(record, secret), about, random)
    const { recoveryKey } = sidInputs
    const receipt = { version: 1, walletId: wallet.id, epoch, attempt, recoveryKey, proof, ...about } as const
    return encodeDrillReceipt(await signDrillReceipt(recoverySigner(secret), receipt))
  }

  beforeAll(async () => {
    node = await startNode({ dataDir: await newDataDir(folder, 'node') })
    wallet = await Wallet.create({
      node: node.url,
      storage,
      transport,
      pool: { size: 0 },
      recovery: ({ identity }) => registration(kappa, fromBase64url(identity, 'identity', 34)),
    })
    wallet.on('recovery-claimed', ({ claims }) => claimed.push(...claims.map(({ id }) => id)))
  })
  afterAll(async () => {
    await wallet?.close()
    await node?.stop()
  })

  it('keeps the receipt of a drill, and says what is wrong with any other', async () => {
    expect(await wallet.lastDrill()).toBeUndefined()
    const receipt = await receiptOf(kappa)
    const { time } = await wallet.recordDrill(receipt)
    expect(await wallet.lastDrill()).toEqual({ time, epoch: 0, current: true })
    await wallet.recordDrill(receipt)
    const text = new TextDecoder().decode(receipt)
    const refused = (bytes: Uint8Array | string) =>
      wallet
        .recordDrill(typeof bytes === 'string' ? new TextEncoder().encode(bytes) : bytes)
        .catch(({ code, field }: { code: string; field: string }) => `${code} ${field}`)
    expect(await refused('{}')).toBe('drill receipt')
    expect(await refused(text.replace(wallet.id, 'A'.repeat(43)))).toBe('drill wallet')
    expect(await refused(text.replace(`"time":"${time}"`, `"time":"${time + 1}"`))).toBe('drill signature')
    expect(await refused(await receiptOf(kappa, time + 3600))).toBe('drill time')
    expect(await wallet.lastDrill()).toMatchObject({ time })
  })

  it('hears of a claim with the next answer, asks once, and stops it', async () => {
    const thief = await generateIdentity()
    const claim = claimFor(target(), wallet.id, thief)
    const recovery = await signClaim(recoverySigner(kappa), claim)
    const body = encodeClaimRequest({ claim, authorities: { recovery } })
    const about = { walletId: wallet.id }
    expect((await ask(target(), recoverySigner(kappa), 'claims.post', about, body)).code).toBe('ok')
    for (const message of ['one', 'two']) await wallet.signMessage(message)
    await expect.poll(() => claimed.length).toBe(1)
    expect(asked).toBe(1)
    const [entry] = await wallet.claims()
    expect(entry).toMatchObject({ id: claimed[0], state: 'waiting', kind: 'device-lost' })
    expect(entry?.remainingSeconds).toBeGreaterThan(80_000)
    await expect(wallet.refresh()).rejects.toMatchObject({ code: 'conflict', keySafe: true })
    // Who listens late is told as well.
    const late: string[] = []
    wallet.on('recovery-claimed', ({ claims }) => late.push(...claims.map(({ id }) => id)))
    await expect.poll(() => late).toEqual(claimed)
    expect(await wallet.veto(entry?.id ?? '')).toMatchObject({ id: entry?.id, state: 'vetoed' })
  })

  it('claims another recovery key where the present one is lost, and has it at once where it agrees', async () => {
    const { publicIdentity } = await storage.identity()
    const next = registration(nextKappa, publicIdentity)
    const address = wallet.address()
    const waiting = await wallet.changeRecoveryKey(next)
    expect(waiting).toMatchObject({ state: 'waiting', claim: { kind: 'recovery-key', state: 'waiting' } })
    const authority = ({ hash }: { hash: Uint8Array }) => signTagged(recoverySigner(kappa), 'sig/claim', hash)
    expect(await wallet.changeRecoveryKey({ ...next, authority })).toEqual({ state: 'changed' })
    const kit = decodeKit(await wallet.recoveryKit())
    expect(kit.record.sidInputs.recoveryKey).toEqual(next.publicKey)
    expect(wallet.address()).toBe(address)
    const { serialized } = await wallet.signMessage('another recovery key')
    const message = 'another recovery key'
    expect(await recoverMessageAddress({ message, signature: serialized })).toBe(address)
    expect(() => openRecoveryShare(kit.record, kappa)).toThrow()
    expect(await wallet.changeRecoveryKey(next)).toEqual({ state: 'changed' })
    // The owner's own claim is nothing to be warned of.
    expect(claimed.length).toBe(1)
  })

  it('calls the drill of an earlier kit what it is', async () => {
    expect(await wallet.lastDrill()).toMatchObject({ epoch: 0, current: false })
    const receipt = await storage.get(`wallet/${wallet.id}/drill`)
    await expect(wallet.recordDrill(receipt ?? new Uint8Array(0))).rejects.toMatchObject({
      code: 'drill',
      field: 'epoch',
      message: expect.stringContaining('earlier kit'),
    })
    await wallet.recordDrill(await receiptOf(nextKappa))
    expect(await wallet.lastDrill()).toMatchObject({ epoch: 1, current: true })
  })
})

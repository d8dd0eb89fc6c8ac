// Of two who claim a wallet, does one win at most, and does a veto stop a reshare that is prepared? (SPEC 5.2, 5.4; I8, I10)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { decodeClaimList, encodeVeto, signVeto } from '@tercet/wire/claim-status'
import { recoverySigner } from '@tercet/wire/identity'
import { builtInPolicy } from '@tercet/wire/policy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { ask, type Target } from './raw-claims.js'
import { expected, messageRequest, RawDevice, type RawWallet } from './raw-device.js'
import {
  anotherDevice,
  claim,
  commit,
  final,
  firstSetup,
  prepareReplace,
  startRefresh,
  startReplace,
  statusIn,
} from './raw-reshare.js'

const folder = temporaryFolder('node-competing')
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node') })
})

afterAll(async () => {
  await node?.stop()
})

const target = (): Target => ({
  url: node.url,
  identity: node.identity,
  now: Math.floor(Date.now() / 1000),
})

async function newWallet(delay: 0 | 86_400): Promise<RawWallet> {
  const device = await RawDevice.create(node.url, node.identity)
  return (await device.keygen(builtInPolicy(delay))).wallet
}

function claimBy(wallet: RawWallet, newDevice: RawDevice) {
  return claim(wallet, 'device-lost', newDevice.identity.publicIdentity, ['recovery'])
}

async function veto(wallet: RawWallet, claimHash: Uint8Array) {
  const { identity } = wallet.device
  const about = { walletId: wallet.walletId, claimHash }
  return ask(target(), identity, 'claims.veto', about, encodeVeto(await signVeto(identity, claimHash)))
}

async function states(wallet: RawWallet): Promise<string[]> {
  const about = { walletId: wallet.walletId }
  const { body } = await ask(target(), recoverySigner(wallet.kappa), 'claims.list', about)
  return decodeClaimList(body).map(({ state }) => state)
}

async function signs(wallet: RawWallet, first: RawWallet): Promise<void> {
  const request = messageRequest(wallet, 'after all that')
  const { r, s, recoveryId } = await wallet.device.signFresh(wallet, request)
  const { digest, publicKey } = expected(first, request)
  const compact = new secp256k1.Signature(r, s, recoveryId).toBytes('compact')
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true)
}

test('before the delay has ended nothing is prepared: not by the claim, and no refresh either', async () => {
  const wallet = await newWallet(86_400)
  const phone = await anotherDevice(wallet)
  const { hash, state } = await claimBy(wallet, phone)
  expect(state).toBe('waiting')
  const early = await startReplace(wallet, 'recovery', phone, hash)
  expect(statusIn(await early.started.answer())?.status).toBe('refused')
  expect(statusIn(await startRefresh(wallet).answer())?.status).toBe('refused')
  await signs(wallet, wallet)
  expect((await veto(wallet, hash)).code).toBe('ok')
  expect(statusIn(await startRefresh(wallet).answer())).toBeUndefined()
  const late = await startReplace(wallet, 'recovery', phone, hash)
  expect(statusIn(await late.started.answer())?.status).toBe('refused')
})

test('a veto drops what was prepared; of two claims after it the one that is committed ends the other', async () => {
  const wallet = await newWallet(0)
  const [thief, phone, tablet] = await Promise.all([0, 1, 2].map(() => anotherDevice(wallet)))
  if (thief === undefined || phone === undefined || tablet === undefined) throw new Error('no devices')

  const first = await claimBy(wallet, thief)
  const prepared = await prepareReplace(wallet, 'recovery', thief, first.hash)
  expect((await veto(wallet, first.hash)).code).toBe('ok')
  expect(statusIn(await commit(prepared, wallet))?.status).toBe('unknown')
  await signs(wallet, wallet)

  const [one, two] = [await claimBy(wallet, phone), await claimBy(wallet, tablet)]
  expect(await states(wallet)).toEqual(['ready', 'ready', 'vetoed'])
  expect((await veto(wallet, two.hash)).field).toBe('veto-spent')
  const loser = await prepareReplace(wallet, 'recovery', phone, one.hash, 2)
  const winner = await prepareReplace(wallet, 'recovery', tablet, two.hash, 3)
  // The later one took the place of the earlier, whose attempt is never obeyed again.
  expect(statusIn(await commit(loser, wallet))?.status).toBe('unknown')
  expect(statusIn(await commit(winner, wallet))).toBeUndefined()
  expect(statusIn(await commit(loser, wallet))?.status).not.toBe('committed')
  expect(await states(winner.next)).toEqual(['done', 'superseded', 'vetoed'])

  await firstSetup(winner.next)
  await signs(winner.next, wallet)
  await expect(signs(wallet, wallet)).rejects.toThrow()
  expect(statusIn(await final(wallet, winner.id))?.status).toBe('revoked')
  expect((await veto(wallet, one.hash)).code).toBe('not-found')
  const again = await startReplace(winner.next, 'recovery', phone, one.hash)
  expect(statusIn(await again.started.answer())?.status).toBe('refused')
})

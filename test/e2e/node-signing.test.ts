// Do a device and a real node make a key and signatures over HTTP, and does the node keep its rules while they do?

import { secp256k1 } from '@noble/curves/secp256k1.js'
import type { Signature } from '@tercet/protocol/sign'
import type { SigningRequest } from '@tercet/wire/request'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, startNode, VERBOSE } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { expected, messageRequest, RawDevice, type RawWallet, selfTest } from './raw-device.js'

const folder = temporaryFolder('node-signing')
let node: NodeProcess
let device: RawDevice
let wallet: RawWallet

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node'), options: VERBOSE })
  device = await RawDevice.create(node.url, node.identity)
  wallet = (await device.keygen()).wallet
})

afterAll(async () => {
  if (node) await node.stop()
})

function assertGood(request: SigningRequest, { r, s, recoveryId }: Signature): void {
  const { digest, publicKey } = expected(wallet, request)
  const signature = new secp256k1.Signature(r, s, recoveryId)
  const compact = signature.toBytes('compact')
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true)
  expect(signature.recoverPublicKey(digest).toBytes()).toEqual(publicKey)
}

test('self-test in fresh mode, then a message', async () => {
  for (const request of [selfTest(wallet), messageRequest(wallet, 'hello')]) {
    assertGood(request, await device.signFresh(wallet, request))
  }
})

test('a batch of presignatures signs one request each', async () => {
  const items = await device.presign(wallet, 2)
  for (const [n, item] of items.entries()) {
    const request = messageRequest(wallet, `message ${n}`, `m/0/${n}`)
    assertGood(request, await device.sign(wallet, item, request))
  }
})

test('a new OT setup, then a signature', async () => {
  await device.renew(wallet, 'rotation')
  const request = messageRequest(wallet, 'after rotation')
  assertGood(request, await device.signFresh(wallet, request))
})

test('the kit is the one the device knows', async () => {
  const { decodeKit } = await import('@tercet/wire/kit')
  const answer = await device.kit(wallet)
  expect(answer).toMatchObject({ status: 200, signed: true })
  expect(decodeKit(answer.body).record.transcript).toEqual(wallet.record.transcript)
})

// Does a wallet go from one operator to another, with the old one and without, and is the old one's share worth nothing then? (SPEC 5.3; I8, I9, I10)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint } from '@tercet/protocol/curve'
import { decodeMessage } from '@tercet/protocol/messages'
import { verifyTagged } from '@tercet/wire/identity'
import { decodeKit } from '@tercet/wire/kit'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, runNodeProgram, startNode } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { expected, expectOk, messageRequest, RawDevice, type RawWallet } from './raw-device.js'
import {
  abandon,
  askToLeave,
  commitAt,
  handOver,
  handOverAlone,
  joinStatus,
  release,
  retire,
  withdraw,
} from './raw-operator.js'
import { firstSetup, statusIn } from './raw-reshare.js'

const folder = temporaryFolder('node-operator')
const NO_CONSENT = new Uint8Array(64)
let old: NodeProcess
let next: NodeProcess

beforeAll(async () => {
  old = await startNode({ dataDir: await newDataDir(folder, 'old') })
  next = await startNode({ dataDir: await newDataDir(folder, 'next') })
})

afterAll(async () => {
  await Promise.all([old?.stop(), next?.stop()])
})

async function newWallet(): Promise<RawWallet> {
  const device = await RawDevice.create(old.url, old.identity)
  return (await device.keygen()).wallet
}

/** A signature with the present shares verifies under the key that the wallet had from the start. */
async function signs(wallet: RawWallet, first: RawWallet): Promise<void> {
  expect(encodePoint(wallet.share.publicKey)).toEqual(encodePoint(first.share.publicKey))
  const request = messageRequest(wallet, 'signed with who cosigns now')
  const { r, s, recoveryId } = await wallet.device.signFresh(wallet, request)
  const { digest, publicKey } = expected(first, request)
  const compact = new secp256k1.Signature(r, s, recoveryId).toBytes('compact')
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true)
}

function sharesIn(node: NodeProcess, wallet: RawWallet): number {
  const database = new Database(`${node.dataDir}/node.sqlite`, { readonly: true })
  const { n } = database
    .prepare<[Uint8Array], { n: number }>('SELECT count(*) AS n FROM shares WHERE key_id = ?')
    .get(wallet.record.keyId) ?? { n: -1 }
  database.close()
  return n
}

/** The operator's word reaches the running node within seconds. */
async function nameSuccessor(): Promise<void> {
  const named = runNodeProgram('successor', next.identity, '--data-dir', old.dataDir)
  expect([named.status, named.stderr]).toEqual([0, ''])
  await new Promise((resolve) => setTimeout(resolve, 6_000))
}

describe('with the old node', () => {
  let wallet: RawWallet

  test('nobody but its operator names the next one', async () => {
    wallet = await newWallet()
    const { answer } = await askToLeave(wallet, next, 1)
    expect(statusIn(answer)?.status).toBe('refused')
    expect(runNodeProgram('successor', 'nobody', '--data-dir', old.dataDir).status).toBe(2)
    await nameSuccessor()
  })

  test('an attempt that is given up leaves the old node serving', async () => {
    const handed = await handOver(wallet, next)
    const { release: consent } = decodeMessage('reshare.released', expectOk(await release(wallet, handed)))
    // Released: the old node signs nothing any more.
    await expect(signs(wallet, wallet)).rejects.toThrow()
    // Nothing less than the next node's word takes that back.
    expect(statusIn(await withdraw(wallet, handed, NO_CONSENT))?.status).toBe('refused')
    const { status, signature: never } = joinStatus(await abandon(wallet, handed))
    expect(status).toBe('never')
    expect(joinStatus(await commitAt(wallet, handed, consent)).status).toBe('never')
    decodeMessage('reshare.withdrawn', expectOk(await withdraw(wallet, handed, never)))
    await signs(wallet, wallet)
  })

  test('the wallet moves, through kills of both nodes, and the old one is retired', async () => {
    const handed = await handOver(wallet, next, 2)
    // Without the old node's word nothing begins.
    expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
    await next.kill()
    next = await next.restart()
    expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
    await release(wallet, handed)
    await old.kill()
    old = await old.restart()
    const { release: consent } = decodeMessage('reshare.released', expectOk(await release(wallet, handed)))

    const committed = expectOk(await commitAt(wallet, handed, consent))
    const { active } = decodeMessage('newcomer.res3', committed)
    const { keyId, transcript } = handed.next.record
    expect(await verifyTagged(handed.next.device.node, active, 'sig/active', keyId, transcript)).toBe(true)
    await next.kill()
    next = await next.restart()
    expect(expectOk(await commitAt(wallet, handed, consent))).toEqual(committed)
    expect(joinStatus(await abandon(wallet, handed)).status).toBe('committed')

    await firstSetup(handed.next)
    await signs(handed.next, wallet)
    const { record } = decodeKit(expectOk(await handed.next.device.kit(handed.next)))
    expect(record.transcript).toEqual(transcript)

    expect(sharesIn(old, wallet)).toBe(1)
    expect(statusIn(await retire(wallet, handed, NO_CONSENT))?.status).toBe('refused')
    expect(statusIn(await retire(wallet, handed, active))?.status).toBe('revoked')
    expect(statusIn(await retire(wallet, handed, active))?.status).toBe('revoked')
    expect(sharesIn(old, wallet)).toBe(0)
    expect((await wallet.device.kit(wallet)).code).not.toBe('ok')
    await expect(signs(wallet, wallet)).rejects.toThrow()
    await signs(handed.next, wallet)
  })
})

test('without the old node: device and recovery share hand the wallet over', async () => {
  const wallet = await newWallet()
  const kit = expectOk(await wallet.device.kit(wallet))
  await old.stop()
  const handed = await handOverAlone(wallet, next, kit)
  expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
  const committed = await commitAt(wallet, handed, handed.dealerSignature ?? NO_CONSENT)
  decodeMessage('newcomer.res3', expectOk(committed))
  await firstSetup(handed.next)
  await signs(handed.next, wallet)
  const whole = decodeKit(expectOk(await handed.next.device.kit(handed.next)))
  expect(whole.signatures.recovery).toEqual(handed.dealerSignature)
})

test('both logs hold', async () => {
  await Promise.all([old.stop(), next.stop()])
  for (const { dataDir } of [old, next]) {
    expect(runNodeProgram('audit', 'verify', '--data-dir', dataDir).status).toBe(0)
    expect(runNodeProgram('doctor', '--data-dir', dataDir).status).toBe(0)
  }
})

// Does a real node move a wallet to its next epoch, whatever is repeated, and serve nothing else meanwhile? (SPEC 5.1 to 5.3; I8, I9, I10)

import { copyFileSync, existsSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint } from '@tercet/protocol/curve'
import { decodeMessage } from '@tercet/protocol/messages'
import { request as askFor } from '@tercet/protocol/sign'
import { builtInPolicy } from '@tercet/wire/policy'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, runNodeProgram, startNode, VERBOSE } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import {
  cheat,
  expected,
  expectOk,
  inputOf,
  messageRequest,
  RawDevice,
  type RawWallet,
  random,
} from './raw-device.js'
import {
  anotherDevice,
  claim,
  commit,
  final,
  firstSetup,
  kitOf,
  newRecoveryKey,
  prepareRefresh,
  prepareReplace,
  startRefresh,
  startReplace,
  statusIn,
} from './raw-reshare.js'

const folder = temporaryFolder('node-reshare')
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node'), options: VERBOSE })
})

afterAll(async () => {
  if (node) await node.stop()
})

async function newWallet(): Promise<RawWallet> {
  const device = await RawDevice.create(node.url, node.identity)
  return (await device.keygen(builtInPolicy(0))).wallet
}

/** Signs with the wallet's present share; the signature verifies under the key that the wallet had from the start. */
async function signs(wallet: RawWallet, first: RawWallet): Promise<void> {
  expect(encodePoint(wallet.share.publicKey)).toEqual(encodePoint(first.share.publicKey))
  const request = messageRequest(wallet, 'of this epoch')
  const { r, s, recoveryId } = await wallet.device.signFresh(wallet, request)
  const { digest, publicKey } = expected(first, request)
  const compact = new secp256k1.Signature(r, s, recoveryId).toBytes('compact')
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true)
}

async function poolOf(wallet: RawWallet) {
  const [item] = await wallet.device.presign(wallet, 1)
  if (item === undefined) throw new Error('no presignature')
  const { send } = askFor(item.presignature, inputOf(wallet, messageRequest(wallet, 'from the pool')))
  const session = wallet.device.session('sign', item.presigId)
  return () => wallet.device.send('sign', { session, wallet }, send)
}

function events(): string[] {
  const database = new Database(`${node.dataDir}/node.sqlite`, { readonly: true })
  const rows = database.prepare('SELECT event FROM audit ORDER BY seq').all() as { event: string }[]
  database.close()
  return rows.map(({ event }) => event)
}

/** Changes the pending share's kit as a writer would. Returns what undoes it. */
function tamper(statement: string): () => void {
  const write = (work: (database: Database.Database) => void): void => {
    const database = new Database(`${node.dataDir}/node.sqlite`)
    work(database)
    database.close()
  }
  let kit: unknown
  write((database) => {
    kit = database.prepare('SELECT kit FROM shares WHERE epoch = 2').pluck().get()
    database.exec(statement)
  })
  return () => write((database) => database.prepare('UPDATE shares SET kit = ? WHERE epoch = 2').run(kit))
}

/** The database as it was in the first epoch, and its wallet. */
let snapshot: { wallet: RawWallet; folder: string }

function copyDatabase(from: string, to: string): void {
  for (const name of ['node.sqlite', 'node.sqlite-wal']) {
    rmSync(join(to, name), { force: true })
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
  }
}

async function newFolder(name: string): Promise<string> {
  return mkdtemp(join(folder, name))
}

/** The wallet that each test of a refresh leaves to the next one, and how it was at first. */
let wallet: RawWallet
let first: RawWallet

describe('a refresh', () => {
  beforeAll(async () => {
    first = await newWallet()
    wallet = first
  })

  test('keeps the address, serves the old share until FINAL, and repeats its answers', async () => {
    const before = await poolOf(wallet)
    const later = await poolOf(wallet)
    const prepared = await prepareRefresh(wallet)
    expect(expectOk(await before()).length).toBe(98)
    const [committed, ...repeats] = await Promise.all(
      Array.from({ length: 8 }, () => commit(prepared, wallet)),
    )
    if (committed === undefined) throw new Error('no answer')
    for (const repeat of repeats) expect(repeat).toEqual(committed)
    const { next } = prepared

    // Until FINAL both generations sign: the device may not have heard of the commit.
    await signs(next, first)
    await signs(wallet, first)
    expect((await next.device.kit(next)).body).toEqual(kitOf(prepared, committed))
    const refused = statusIn(await startRefresh(next, 2).answer())
    expect(refused).toMatchObject({ status: 'refused', hasOld: 'yes', actEpoch: 1, oldEpoch: 0, att: 0 })

    for (const _ of [1, 2]) {
      const answer = expectOk(await final(next, prepared.id))
      expect(decodeMessage('reshare.res4', answer)).toMatchObject(prepared.id)
    }
    expect((await later()).code).toBe('mismatch')
    await expect(signs(wallet, first)).rejects.toThrow('mismatch')
    await signs(next, first)
    expect(await commit(prepared, wallet)).toEqual(committed)
    const changes = events().filter((event) => ['prepared', 'refresh', 'final'].includes(event))
    expect(changes).toEqual(['prepared', 'refresh', 'final'])
    wallet = next
  })

  test('that is not committed changes nothing, and gives way to a later one', async () => {
    const lost = await prepareRefresh(wallet)
    expect(statusIn(await startRefresh(wallet, 1).answer())).toMatchObject({ status: 'refused', att: 1 })
    const prepared = await prepareRefresh(wallet, 2)
    expect(statusIn(await commit(lost, wallet))).toMatchObject({ status: 'unknown', ...lost.id, att: 2 })
    await signs(wallet, first)
    const other = await anotherDevice(wallet)
    expect((await commit({ ...prepared, runner: other }, wallet)).code).toBe('not-found')
    // A bent proof commits nothing, and the node stays where it is, through a kill as well.
    const bent = prepared.commit.slice()
    bent[60] = (bent[60] ?? 0) ^ 1
    expect(statusIn(await commit({ ...prepared, commit: bent }, wallet))).toMatchObject({ status: 'unknown' })
    // Whoever writes to the database chooses neither a recovery key nor a dealer.
    const putBack = tamper(`UPDATE shares SET kit = (SELECT kit FROM shares WHERE epoch = 1) WHERE epoch = 2`)
    expect((await commit(prepared, wallet)).code).toBe('storage')
    putBack()
    await node.kill()
    snapshot = { wallet, folder: await newFolder('snapshot') }
    copyDatabase(node.dataDir, snapshot.folder)
    node = await node.restart()
    const committed = await commit(prepared, wallet)
    expect(committed.code).toBe('ok')
    await node.kill()
    node = await node.restart()
    expect(await commit(prepared, wallet)).toEqual(committed)
    wallet = prepared.next
    await signs(wallet, first)
    expectOk(await final(wallet, prepared.id))
    expect(runNodeProgram('doctor', '--data-dir', node.dataDir).stdout).toContain('ok    tables')
  })

  test('to another recovery key needs its claim', async () => {
    const change = newRecoveryKey()
    const unclaimed = { ...change, authorisation: random(32) }
    expect(await startRefresh(wallet, 1, unclaimed).answer()).toMatchObject({
      code: 'denied',
      field: 'authorisation',
    })
    const asked = await claim(wallet, 'recovery-key', null, ['device', 'recovery'], change.recoveryKey)
    expect(asked.state).toBe('ready')
    const authorisation = asked.hash
    const another = { ...newRecoveryKey(), authorisation }
    expect(await startRefresh(wallet, 1, another).answer()).toMatchObject({
      code: 'denied',
      field: 'recoveryKey',
    })
    const prepared = await prepareRefresh(wallet, 1, { ...change, authorisation })
    expect((await commit(prepared, wallet)).code).toBe('ok')
    const oldKey = wallet.kappa
    wallet = prepared.next
    expectOk(await final(wallet, prepared.id))
    // The old recovery key recovers nothing any more; the next test is the new one's.
    const identity = (await anotherDevice(wallet)).identity.publicIdentity
    const stale = claim({ ...wallet, kappa: oldKey }, 'device-lost', identity, ['recovery'])
    await expect(stale).rejects.toThrow('denied')
  })
})

/** Replaces the device; returns the wallet in its new hands. */
async function replaced(
  old: RawWallet,
  by: 'device' | 'recovery',
  kind: 'device-lost' | 'device-moved',
): Promise<RawWallet> {
  const phone = await anotherDevice(old)
  const presigned = await poolOf(old)
  const authorities = by === 'device' ? (['device', 'recovery'] as const) : (['recovery'] as const)
  const { hash, state } = await claim(old, kind, phone.identity.publicIdentity, authorities)
  expect(state).toBe('ready')
  // Announced, it stops every refresh.
  expect(statusIn(await startRefresh(old, 1).answer())).toMatchObject({ status: 'refused' })
  const prepared = await prepareReplace(old, by, phone, hash)
  const committed = await commit(prepared, old)
  expect(await commit(prepared, old)).toEqual(committed)
  const { next } = prepared
  // The replaced device is told so, and gets nothing.
  expect((await presigned()).code).toBe('not-found')
  expect((await old.device.kit(old)).code).toBe('not-found')
  expect(statusIn(await startRefresh(old, 1).answer())).toMatchObject({ status: 'revoked' })
  expect((await phone.kit(next)).body).toEqual(kitOf(prepared, committed))
  await firstSetup(next)
  await signs(next, first)
  return next
}

describe('a replace', () => {
  test('of a lost device, by the recovery key', async () => {
    wallet = await replaced(wallet, 'recovery', 'device-lost')
  })

  test('of a device that is moved away from, by itself', async () => {
    wallet = await replaced(wallet, 'device', 'device-moved')
  })

  test('without its claim, for another newcomer, or by another is refused; it lifts the lock of strikes', async () => {
    for (let strikes = 0; strikes < 3; strikes++) {
      expect((await cheat(wallet)).code).toBe('peer-fault')
      if (strikes < 2) await wallet.device.renew(wallet, 'burned')
    }
    expect((await startRefresh(wallet).answer()).code).toBe('locked')
    const [phone, thief] = [await anotherDevice(wallet), await anotherDevice(wallet)]
    const start = async (by: 'device' | 'recovery', newcomer: RawDevice, hash: Uint8Array) =>
      statusIn(await (await startReplace(wallet, by, newcomer, hash)).started.answer())
    expect(await start('recovery', phone, random(32))).toMatchObject({ status: 'refused' })
    const { hash } = await claim(wallet, 'device-lost', phone.identity.publicIdentity, ['recovery'])
    expect(await start('recovery', thief, hash)).toMatchObject({ status: 'refused' })
    expect(await start('device', phone, hash)).toMatchObject({ status: 'refused' })
    const prepared = await prepareReplace(wallet, 'recovery', phone, hash)
    const byThief = await commit({ ...prepared, runner: wallet.device }, wallet)
    expect(statusIn(byThief)).toMatchObject({ status: 'unknown' })
    expect((await commit(prepared, wallet)).code).toBe('ok')
    wallet = prepared.next
    await firstSetup(wallet)
    await signs(wallet, first)
  })
})

test('nobody else learns that a wallet exists', async () => {
  const other = { ...wallet, device: await anotherDevice(wallet) }
  const nobody = { ...other, walletId: Buffer.from(random(32)).toString('base64url') }
  const asked = async (about: RawWallet) => {
    const { about: session, send } = startRefresh(wallet)
    return other.device.send('reshare.start', { ...session, wallet: about }, send)
  }
  const [theirs, none] = [await asked(other), await asked(nobody)]
  expect([theirs.status, theirs.code, none.status, none.code]).toEqual([404, 'not-found', 404, 'not-found'])
})

test('a restored database revives neither the old epoch nor the device that was replaced', async () => {
  await node.stop()
  copyDatabase(snapshot.folder, node.dataDir)
  const run = (command: string) =>
    runNodeProgram(command, '--data-dir', node.dataDir, ...(command === 'start' ? ['--port', '0'] : []))
  expect(run('start')).toMatchObject({ status: 3, stdout: '' })
  const acknowledged = run('acknowledge-restore')
  expect(JSON.parse(acknowledged.stdout)).toMatchObject({ wallets: 1, closedWallets: 1, journal: 'read' })
  node = await node.restart()
  await expect(signs(snapshot.wallet, first)).rejects.toThrow('locked')
  await expect(snapshot.wallet.device.renew(snapshot.wallet, 'burned')).rejects.toThrow('locked')
  expect((await startRefresh(snapshot.wallet, 9).answer()).code).toBe('locked')
})

// What must every store of the node do? (invariants I6, I14, I16, I19, I20)

import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBase64url } from '@tercet/wire/base64url'
import Database from 'better-sqlite3'
import { CompiledQuery } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { contradictions } from '../audit/cross-check.js'
import { append, verify } from '../audit/log.js'
import { StartRefused } from '../refusal.js'
import { createSealer } from '../seal.js'
import { createIdentity, loadIdentity } from './identity.js'
import { createDatabase, holdServingLock, openStore, type Store, type Tx } from './open.js'
import { burnEverySetup, burnSetups, insertSetup, strike } from './setups.js'
import {
  assertServed,
  findWallet,
  insertWallet,
  materialOf,
  type NewWallet,
  recordNonce,
  reserve,
} from './wallets.js'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const LIMITS = { strikeWindowSeconds: 100, strikesToLock: 3 }
let path: string
let store: Store
let wallet: NewWallet
let failures: number

beforeEach(async () => {
  path = join(mkdtempSync(join(tmpdir(), 'tercet-store-')), 'node.sqlite')
  failures = 0
  createDatabase(path)
  store = openStore(path, () => failures++)
  wallet = newWallet()
  await store.write((tx) => insertWallet(tx, wallet))
  return () => store.close()
})

function newWallet(): NewWallet {
  return {
    keyId: random(32),
    epoch: 0,
    attempt: 0,
    device: random(34),
    publicKey: random(33),
    chainCode: random(32),
    recoveryKey: random(33),
    transcript: random(32),
    policyHash: random(32),
    sealedShare: random(100),
    kit: random(100),
    confirmation: random(100),
    otSetup: { idA: random(32), idB: random(32), sealed: random(100) },
    created: 1,
  }
}

/** Runs statements on a second connection, as somebody with write access to the file would. */
function tamper(...statements: readonly string[]): void {
  const database = new Database(path)
  database.pragma('foreign_keys = OFF')
  for (const statement of statements) database.exec(statement)
  database.close()
}

describe('opening', () => {
  test('an unknown schema version is refused', async () => {
    await store.close()
    tamper(`UPDATE meta SET value = '2'`)
    expect(() => openStore(path, () => undefined)).toThrow(/schema version 2/)
    tamper('DELETE FROM meta')
    expect(() => openStore(path, () => undefined)).toThrow(/schema version none/)
  })

  test('every connection is WAL, FULL, with secure_delete and foreign keys', async () => {
    const pragma = (name: string) =>
      store.read((db) => db.executeQuery<Record<string, unknown>>(CompiledQuery.raw(`PRAGMA ${name}`)))
    await store.write((tx) => reserve(tx, wallet.keyId, random(32), 1))
    for (const [name, value] of [
      ['journal_mode', 'wal'],
      ['synchronous', 2],
      ['secure_delete', 1],
      ['foreign_keys', 1],
    ] as const) {
      expect(Object.values((await pragma(name)).rows[0] ?? {}), name).toEqual([value])
    }
  })

  test('one process serves a folder at a time', () => {
    const lock = join(path, '..', 'serving.lock')
    const release = holdServingLock(lock)
    expect(() => holdServingLock(lock)).toThrow(/another process/)
    release()
    holdServingLock(lock)()
  })
})

test("a file that is no database is refused as the operator's matter", () => {
  const broken = join(mkdtempSync(join(tmpdir(), 'tercet-store-')), 'node.sqlite')
  writeFileSync(broken, random(8192))
  expect(() => openStore(broken, () => undefined)).toThrow(StartRefused)
})

test('burned seeds are in no file after the checkpoint', async () => {
  const files = () =>
    Buffer.concat([path, `${path}-wal`].filter((f) => existsSync(f)).map((f) => readFileSync(f)))
  const sealed = Buffer.from(wallet.otSetup.sealed)
  expect(files().includes(sealed)).toBe(true)
  await store.write((tx) => burnSetups(tx, wallet))
  await store.checkpoint()
  expect(files().includes(sealed)).toBe(false)
})

describe('wallets', () => {
  test("absent, somebody else's and revoked wallets look the same", async () => {
    expect(await findWallet(store, wallet.keyId, wallet.device)).toMatchObject({ epoch: 0, locked: false })
    await expect(findWallet(store, random(32), wallet.device)).rejects.toThrow('not-found')
    await expect(findWallet(store, wallet.keyId, random(34))).rejects.toThrow('not-found')
    await store.write((tx) => tx.updateTable('devices').set({ revoked: 5 }).execute())
    await expect(findWallet(store, wallet.keyId, wallet.device)).rejects.toThrow('not-found')
  })

  test('a burned setup stays burned, its seeds are gone, and one LIVE setup exists a pair', async () => {
    const found = await findWallet(store, wallet.keyId, wallet.device)
    await expect(store.write((tx) => insertSetup(tx, wallet, newWallet().otSetup, 2))).rejects.toThrow(
      /UNIQUE/,
    )
    expect(await store.write((tx) => burnSetups(tx, wallet))).toEqual(Buffer.from(wallet.otSetup.idA))
    expect(await store.write((tx) => burnSetups(tx, wallet))).toBeUndefined()
    await expect(materialOf(store, found)).rejects.toThrow('burned')
    const revive = store.write((tx) =>
      tx
        .updateTable('ot_setups')
        .set({ state: 'LIVE', sealed: random(9) })
        .execute(),
    )
    await expect(revive).rejects.toThrow(/stays burned/)
    const next = newWallet().otSetup
    await store.write((tx) => insertSetup(tx, wallet, next, 2))
    expect((await materialOf(store, found)).otSetupA).toEqual(Buffer.from(next.idA))
    for (const gone of ['unknown-presignature', 'unknown-session'] as const) {
      const served = store.write((tx) => assertServed(tx, found, wallet.otSetup.idA, gone))
      await expect(served).rejects.toThrow(gone)
    }
    await store.write((tx) => assertServed(tx, found, next.idA, 'unknown-session'))
  })

  test('the third strike in the window locks, an old one does not count', async () => {
    const at = (time: number) => store.write((tx) => strike(tx, wallet.keyId, 'gamma', time, LIMITS))
    expect(await at(1)).toEqual({ strikes: 1, locked: false })
    expect(await at(102)).toEqual({ strikes: 1, locked: false })
    expect(await at(103)).toEqual({ strikes: 2, locked: false })
    expect(await at(104)).toEqual({ strikes: 3, locked: true })
    const found = await findWallet(store, wallet.keyId, wallet.device)
    expect(found.locked).toBe(true)
    const served = store.write((tx) => assertServed(tx, found, wallet.otSetup.idA, 'unknown-session'))
    await expect(served).rejects.toThrow('locked')
  })

  test('a request is charged once, a nonce is good once', async () => {
    const hash = random(32)
    for (const time of [1, 2]) await store.write((tx) => reserve(tx, wallet.keyId, hash, time))
    const spends = await store.read((db) => db.selectFrom('spends').selectAll().execute())
    expect(spends).toHaveLength(1)
    const nonce = random(32)
    await store.write((tx) => recordNonce(tx, wallet.device, nonce, 1))
    await expect(store.write((tx) => recordNonce(tx, wallet.device, nonce, 1))).rejects.toThrow('replayed')
    await store.write((tx) => recordNonce(tx, random(34), nonce, 1))
  })

  test('what a transaction did is gone when it throws', async () => {
    const failing = store.write(async (tx) => {
      await burnSetups(tx, wallet)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await materialOf(store, await findWallet(store, wallet.keyId, wallet.device))).toBeDefined()
    expect(failures).toBe(0)
  })
})

describe('identity', () => {
  test('the node identity is sealed; another wrapping key or another row is refused', async () => {
    const sealer = createSealer(random(32), random)
    const made = await createIdentity(store, sealer)
    expect((await loadIdentity(store, sealer)).publicIdentity).toEqual(made)
    await expect(loadIdentity(store, createSealer(random(32), random))).rejects.toThrow(/does not open/)
    tamper(`UPDATE identity SET public_identity = zeroblob(34)`)
    await expect(loadIdentity(store, sealer)).rejects.toThrow(/does not open/)
  })
})

describe('audit', () => {
  const entry = (time: number) =>
    store.write((tx) => append(tx, { event: 'approved', time, keyId: wallet.keyId, rule: `rule ${time}` }))

  beforeEach(async () => {
    for (const time of [1, 2, 3, 4]) await entry(time)
  })

  test('an honest chain verifies', async () => {
    expect(await verify(store)).toMatchObject({ entries: 4 })
    expect((await verify(store)).brokenAt).toBeUndefined()
  })

  test('entries can be neither changed nor deleted through the store', async () => {
    await expect(store.write((tx) => tx.deleteFrom('audit').execute())).rejects.toThrow(/stay/)
    await expect(store.write((tx) => tx.updateTable('audit').set({ event: 'x' }).execute())).rejects.toThrow(
      /stay/,
    )
  })

  const drop = ['DROP TRIGGER audit_no_update', 'DROP TRIGGER audit_no_delete']
  test.each([
    [
      'an edit',
      `UPDATE audit SET entry = CAST(replace(CAST(entry AS TEXT), 'rule 2', 'rule 9') AS BLOB) WHERE seq = 2`,
      2,
    ],
    ['another wallet', `UPDATE audit SET key_id = zeroblob(32) WHERE seq = 3`, 3],
    ['no wallet', `UPDATE audit SET key_id = NULL WHERE seq = 3`, 3],
    ['another event', `UPDATE audit SET event = 'denied' WHERE seq = 3`, 3],
    ['a deletion', 'DELETE FROM audit WHERE seq = 2', 2],
    [
      'a deletion with renumbering',
      'DELETE FROM audit WHERE seq = 2; UPDATE audit SET seq = seq - 1 WHERE seq > 2',
      2,
    ],
    ['another hash', 'UPDATE audit SET hash = zeroblob(32) WHERE seq = 4', 4],
  ])('%s is found', async (_, statement, brokenAt) => {
    tamper(...drop, statement)
    expect(await verify(store)).toMatchObject({ brokenAt })
  })
})

test.each([
  ['lock', `UPDATE keys SET locked = 0`],
  ['strikes', `DELETE FROM strikes WHERE id = 1`],
  ['spends', `DELETE FROM spends`],
])('a table that forgot its %s contradicts the log', async (what, statement) => {
  const { keyId } = wallet
  const requestHash = random(32)
  await store.write(async (tx) => {
    await reserve(tx, keyId, requestHash, 1)
    for (const time of [1, 2]) await append(tx, { event: 'approved', time, keyId, requestHash })
    for (const time of [1, 2, 3]) {
      await strike(tx, keyId, 'gamma', time, LIMITS)
      await append(tx, { event: 'strike', time, keyId })
    }
    await append(tx, { event: 'lock', time: 3, keyId })
    await append(tx, { event: 'ot-setup', time: 4, keyId, otSetup: wallet.otSetup.idA })
  })
  expect(await contradictions(store)).toEqual([])
  tamper(statement)
  expect(await contradictions(store)).toEqual([{ what, wallet: toBase64url(keyId) }])
})

describe('a setup that was put back', () => {
  const idA = random(32)
  const live = async (id: Uint8Array) => {
    await store.write(async (tx) => {
      await burnSetups(tx, wallet)
      await insertSetup(tx, wallet, { idA: id, idB: random(32), sealed: random(100) }, 2)
      await append(tx, { event: 'ot-setup', time: 2, keyId: wallet.keyId, otSetup: id })
    })
    expect(await contradictions(store)).toEqual([])
  }
  const revive = () =>
    tamper(
      'DROP TRIGGER ot_setups_burned',
      `UPDATE ot_setups SET state = 'BURNED', sealed = NULL`,
      `UPDATE ot_setups SET state = 'LIVE', sealed = zeroblob(100) WHERE id_a = x'${Buffer.from(idA).toString('hex')}'`,
    )
  const found = () => [{ what: 'setup', wallet: toBase64url(wallet.keyId) }]

  test.each(['burn', 'strike'] as const)('after a %s contradicts the log', async (event) => {
    await live(idA)
    await store.write(async (tx) => {
      await burnSetups(tx, wallet)
      await strikeFor(tx, event)
    })
    expect(await contradictions(store)).toEqual([])
    revive()
    expect(await contradictions(store)).toEqual(found())
  })

  const strikeFor = async (tx: Tx, event: 'burn' | 'strike') => {
    if (event === 'strike') await strike(tx, wallet.keyId, 'gamma', 3, LIMITS)
    await append(tx, { event, time: 3, keyId: wallet.keyId })
  }

  test('after a newer one contradicts the log', async () => {
    await live(idA)
    await live(random(32))
    revive()
    expect(await contradictions(store)).toEqual(found())
  })

  test('after an acknowledged restore contradicts the log', async () => {
    await live(idA)
    await store.write(async (tx) => {
      await burnEverySetup(tx)
      await append(tx, { event: 'restore', time: 3, keyId: new Uint8Array(32) })
    })
    expect(await contradictions(store)).toEqual([])
    revive()
    expect(await contradictions(store)).toEqual(found())
  })
})

test('after a storage error nothing is acknowledged any more', async () => {
  tamper('DROP TABLE spends')
  await expect(store.write((tx) => reserve(tx, wallet.keyId, random(32), 1))).rejects.toThrow('storage')
  expect(failures).toBe(1)
  expect(store.failed).toBe(true)
  await expect(findWallet(store, wallet.keyId, wallet.device)).rejects.toThrow('storage')
  await expect(store.write((tx) => burnSetups(tx, wallet))).rejects.toThrow('storage')
  expect(failures).toBe(1)
})

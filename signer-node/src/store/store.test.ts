// What must every store of the node do? (invariants I6, I14, I16, I19, I20)

import { randomBytes } from 'node:crypto'
import { appendFileSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { toBase64url } from '@tercet/wire/base64url'
import Database from 'better-sqlite3'
import { CompiledQuery } from 'kysely'
import { beforeEach, describe, expect, test } from 'vitest'
import { contradictions } from '../audit/cross-check.js'
import { type AuditEvent, append } from '../audit/log.js'
import { verify } from '../audit/verify.js'
import { StartRefused } from '../refusal.js'
import { createSealer, createTagger, type Tagger } from '../seal.js'
import { createIdentity, loadIdentity } from './identity.js'
import { type Noted, openJournal, readJournal } from './journal.js'
import type { KeyState } from './key-state.js'
import { recordNonce } from './nonces.js'
import { createDatabase, holdServingLock, openStore, type Store, type Tx } from './open.js'
import { restoreWallets } from './restore.js'
import { burnSetups, insertSetup, type NewSetup, strike } from './setups.js'
import { insertShare } from './shares.js'
import {
  assertServed,
  countUnconfirmed,
  findWallet,
  insertWallet,
  materialOf,
  type NewWallet,
  reserve,
} from './wallets.js'

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const LIMITS = { strikeWindowSeconds: 100, strikesToLock: 3 }
let path: string
let store: Store
let tagger: Tagger
let wallet: NewWallet
let failures: number

beforeEach(async () => {
  path = join(mkdtempSync(join(tmpdir(), 'tercet-store-')), 'node.sqlite')
  failures = 0
  createDatabase(path)
  tagger = createTagger(random(32))
  store = openStore(path, tagger, () => failures++)
  wallet = newWallet()
  await store.write((tx) => insertWallet(store, tx, wallet))
  return () => store.close()
})

function newWallet(): NewWallet {
  return {
    keyId: random(32),
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

const ID = { epoch: 0, attempt: 0 }
const CLAIM = {
  name: 'claim',
  claim: '',
  kind: 'device-lost',
  announced: 1,
  uptime: 1,
  delay: 1,
  both: false,
  secondFactor: false,
} as const

/** Changes the wallet's state with one entry. */
function change(
  event: AuditEvent,
  work: (tx: Tx, state: KeyState) => Promise<KeyState> = async (_, state) => state,
): Promise<void> {
  return store.write((tx) =>
    store.states.update(tx, wallet.keyId, async (before) => ({
      state: await work(tx, before),
      entries: [{ event, time: 1 }],
      result: undefined,
    })),
  )
}

const burn = () => change('burn', async (tx, state) => (await burnSetups(tx, state, wallet.keyId, ID)).state)
const renew = (setup: NewSetup) =>
  change('ot-setup', (tx, state) => insertSetup(tx, state, { keyId: wallet.keyId, ...ID }, setup, 2))
const find = () => findWallet(store, wallet.keyId, wallet.device)

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
    tamper(`UPDATE meta SET value = '9'`)
    expect(() => openStore(path, tagger, () => undefined)).toThrow(/schema version 9/)
    tamper('DELETE FROM meta')
    expect(() => openStore(path, tagger, () => undefined)).toThrow(/schema version none/)
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
  expect(() => openStore(broken, tagger, () => undefined)).toThrow(StartRefused)
})

test('burned seeds are in no file after the checkpoint', async () => {
  const files = () =>
    Buffer.concat([path, `${path}-wal`].filter((f) => existsSync(f)).map((f) => readFileSync(f)))
  const sealed = Buffer.from(wallet.otSetup.sealed)
  expect(files().includes(sealed)).toBe(true)
  await burn()
  await store.checkpoint()
  expect(files().includes(sealed)).toBe(false)
})

describe('wallets', () => {
  test("absent, somebody else's and revoked wallets look the same", async () => {
    expect(await find()).toMatchObject({ epoch: 0, state: { locked: false } })
    await expect(findWallet(store, random(32), wallet.device)).rejects.toThrow('not-found')
    await expect(findWallet(store, wallet.keyId, random(34))).rejects.toThrow('not-found')
    const retired = { retired: { epoch: 1, attempt: 1 }, successor: 'next' }
    await change('retired', async (_, state) => ({ ...state, retired }))
    await expect(find()).rejects.toThrow('not-found')
    await change('recovery', async (_, state) => ({
      ...state,
      retired: null,
      devices: state.devices.map((device) => ({ ...device, revoked: 5 })),
    }))
    await expect(find()).rejects.toThrow('not-found')
  })

  test('a burned setup stays burned, its seeds are gone, and one LIVE setup exists a pair', async () => {
    const found = await find()
    const next = newWallet().otSetup
    await expect(renew(next)).rejects.toThrow(/UNIQUE/)
    for (const _ of [1, 2]) await burn()
    expect((await find()).state.setups).toEqual([])
    await expect(materialOf(store, await find())).rejects.toThrow('burned')
    const revive = store.write((tx) =>
      tx
        .updateTable('ot_setups')
        .set({ state: 'LIVE', sealed: random(9) })
        .execute(),
    )
    await expect(revive).rejects.toThrow(/stays burned/)
    await renew(next)
    expect((await materialOf(store, await find())).otSetupA).toEqual(Buffer.from(next.idA))
    for (const gone of ['unknown-presignature', 'unknown-session'] as const) {
      const served = store.write((tx) => assertServed(store, tx, found, wallet.otSetup.idA, gone))
      await expect(served).rejects.toThrow(gone)
    }
    await store.write((tx) => assertServed(store, tx, found, next.idA, 'unknown-session'))
  })

  test('the third strike in the window locks, an old one does not count', async () => {
    const at = async (time: number) => {
      await change('strike', (tx, state) => strike(tx, state, wallet.keyId, 'gamma', time, LIMITS))
      const { strikes, locked } = (await find()).state
      return { strikes: strikes.length, locked }
    }
    expect(await at(1)).toEqual({ strikes: 1, locked: false })
    expect(await at(102)).toEqual({ strikes: 1, locked: false })
    expect(await at(103)).toEqual({ strikes: 2, locked: false })
    expect(await at(104)).toEqual({ strikes: 3, locked: true })
    const found = await find()
    const served = store.write((tx) => assertServed(store, tx, found, wallet.otSetup.idA, 'unknown-session'))
    await expect(served).rejects.toThrow('locked')
  })

  test('a restore leaves the last strike before the lock, and no setup', async () => {
    const restored = await restore(50)
    expect(restored).toEqual({ wallets: 1, burnedSetups: 1, closedWallets: 0 })
    expect((await find()).state).toMatchObject({ strikes: [50, 50], setups: [], locked: false })
    await change('strike', (tx, state) => strike(tx, state, wallet.keyId, 'gamma', 60, LIMITS))
    await restore(900)
    expect((await find()).state).toMatchObject({ strikes: [900, 900, 900], locked: true })
  })

  test('a restore closes a wallet whose lock or later epoch it lost', async () => {
    const file = join(path, '..', 'epochs')
    const journal = openJournal(file)
    store.states.onEpoch = journal.note
    const other = newWallet()
    await store.write((tx) => insertWallet(store, tx, other))
    const older = (await find()).state
    await change('refresh', async (_, state) => {
      const act = { ...state.epochs.act, id: { epoch: 1, attempt: 7 } }
      return { ...state, epochs: { ...state.epochs, act } }
    })
    // The database as it was before, and a line that a crash cut off.
    await change('lock', async () => ({ ...older, locked: true }))
    await change('lock', async () => older)
    appendFileSync(file, 'tercet-epoch-1 AAAA')
    journal.close()
    store.states.onEpoch = undefined
    openJournal(file).close()
    const noted = readJournal(file)
    expect([...(noted ?? [])]).toEqual([[toBase64url(wallet.keyId), { ...ID, isClosed: false }]])
    expect(await restore(50, noted)).toMatchObject({ closedWallets: 0 })

    const later = new Map([[toBase64url(wallet.keyId), { epoch: 1, attempt: 7, isClosed: false }]])
    expect(await restore(60, later)).toEqual({ wallets: 2, burnedSetups: 0, closedWallets: 1 })
    expect((await find()).state).toMatchObject({ locked: true, epochs: { att: 7 } })
    const closed = new Map([[toBase64url(other.keyId), { ...ID, isClosed: true }]])
    expect(await restore(70, closed)).toMatchObject({ closedWallets: 1 })
  })

  test('a restore ends claims and drops what was prepared, with its share', async () => {
    const row = { ...CLAIM, newDevice: 'N', ended: null }
    await change('prepared', async (tx, state) => {
      const { epochs } = state
      const id = { epoch: 1, attempt: 3 }
      await insertShare(tx, { keyId: wallet.keyId, ...id }, wallet)
      const pend = { ...epochs.act, id, kind: 'replace', base: epochs.act.id, successor: null } as const
      const announced = [{ newHolder: 'N', initiator: 'V', vetoable: true }]
      const claims = { ...state.claims, claims: [row, { ...row, name: 'other', ended: 'done' as const }] }
      return { ...state, claims, epochs: { ...epochs, pend, announced, att: 3 } }
    })
    await restore(50)
    const { epochs, claims } = (await find()).state
    expect(epochs).toMatchObject({ pend: null, announced: [], att: 3 })
    expect(claims.claims.map(({ ended }) => ended)).toEqual(['expired', 'done'])
    const rows = await store.read((db) => db.selectFrom('shares').select('attempt').execute())
    expect(rows).toEqual([{ attempt: 0 }])
  })

  test('a key that was let go of is closed in the journal, and open again once it is taken back', async () => {
    const file = join(path, '..', 'released')
    const journal = openJournal(file)
    store.states.onEpoch = journal.note
    const released = { id: { epoch: 1, attempt: 1 }, transcript: 'Tr', successor: 'N' }
    const noted = () => readJournal(file)?.get(toBase64url(wallet.keyId))?.isClosed
    await change('released', async (_, state) => ({ ...state, epochs: { ...state.epochs, released } }))
    expect(noted()).toBe(true)
    await change('withdrawn', async (_, state) => ({ ...state, epochs: { ...state.epochs, released: null } }))
    expect(noted()).toBe(false)
    store.states.onEpoch = undefined
    journal.close()
  })

  const restore = (time: number, journal: ReadonlyMap<string, Noted> = new Map()) =>
    store.write((tx) => restoreWallets(store, tx, journal, time, LIMITS))

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

  test('a device that does not confirm its new share is counted', async () => {
    await change('refresh', async (_, state) => {
      const { act } = state.epochs
      const next = { ...act, id: { epoch: 1, attempt: 1 } }
      return { ...state, epochs: { ...state.epochs, act: next, old: act }, actSince: 100 }
    })
    expect([await countUnconfirmed(store, 100), await countUnconfirmed(store, 101)]).toEqual([0, 1])
    await change('final', async (_, state) => ({ ...state, epochs: { ...state.epochs, old: null } }))
    expect(await countUnconfirmed(store, 101)).toBe(0)
  })

  test('what a transaction did is gone when it throws', async () => {
    const failing = store.write(async (tx) => {
      await restoreWallets(store, tx, new Map(), 50, LIMITS)
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await materialOf(store, await find())).toBeDefined()
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
    for (const time of [2, 3, 4, 5]) await entry(time)
  })

  test('an honest chain verifies', async () => {
    expect(await verify(store)).toMatchObject({ entries: 5 })
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
  ['strikes', `DELETE FROM strikes WHERE id = 1`],
  ['spends', `DELETE FROM spends`],
])('a table that forgot its %s contradicts the log', async (what, statement) => {
  const { keyId } = wallet
  const requestHash = random(32)
  await store.write(async (tx) => {
    await reserve(tx, keyId, requestHash, 1)
    for (const time of [1, 2]) await append(tx, { event: 'approved', time, keyId, requestHash })
  })
  for (const time of [1, 2, 3]) {
    await change('strike', (tx, state) => strike(tx, state, keyId, 'gamma', time, LIMITS))
  }
  expect(await contradictions(store)).toEqual([])
  tamper(statement)
  expect(await contradictions(store)).toEqual([{ what, wallet: toBase64url(keyId) }])
})

describe('a state that this node did not write last', () => {
  const TABLES = ['keys', 'key_states', 'ot_setups', 'devices', 'strikes', 'shares']
  let tampered: number

  beforeEach(() => {
    tampered = 0
    store.states.onTampered = () => tampered++
  })

  /** The rows as they are now, put back later as a writer with an old copy would. */
  function copy(): () => void {
    const database = new Database(path)
    const rows = TABLES.map((table) => [table, database.prepare(`SELECT * FROM ${table}`).all()] as const)
    database.close()
    return () => {
      const writer = new Database(path)
      writer.pragma('foreign_keys = OFF')
      for (const [table, old] of rows) {
        writer.exec(`DELETE FROM ${table}`)
        for (const row of old as Record<string, unknown>[]) {
          const names = Object.keys(row)
          const places = names.map(() => '?').join(',')
          writer
            .prepare(`INSERT INTO ${table} (${names.join(',')}) VALUES (${places})`)
            .run(Object.values(row))
        }
      }
      writer.close()
    }
  }

  async function refused(): Promise<void> {
    await expect(find()).rejects.toThrow('storage')
    await expect(burn()).rejects.toThrow('storage')
    expect(tampered).toBeGreaterThan(0)
    // The database as such works, and other keys are served.
    expect(failures).toBe(0)
    expect(await contradictions(store)).toMatchObject([{ what: 'state' }])
  }

  const lock = () => change('lock', async (_, state) => ({ ...state, locked: true }))
  const revoke = () => change('recovery', async (_, state) => ({ ...state, devices: [] }))

  test('an honest one passes, also in the next process', async () => {
    await burn()
    await lock()
    expect((await find()).state.locked).toBe(true)
    const next = openStore(path, tagger, () => undefined)
    expect((await findWallet(next, wallet.keyId, wallet.device)).state.locked).toBe(true)
    expect(await contradictions(next)).toEqual([])
    await next.close()
    expect(tampered).toBe(0)
  })

  test.each([
    ['unlocking', lock],
    ['un-burning', burn],
    ['un-revoking', revoke],
  ])('%s with an old copy of every row is found at use, in this process and the next', async (_, work) => {
    const putBack = copy()
    await work()
    putBack()
    await refused()
    const next = openStore(path, tagger, () => undefined)
    await expect(findWallet(next, wallet.keyId, wallet.device)).rejects.toThrow('storage')
    await next.close()
  })

  test('an edit is found', async () => {
    tamper(
      `UPDATE key_states SET state = CAST(replace(CAST(state AS TEXT), '"locked":false', '"locked":true') AS BLOB)`,
    )
    await refused()
  })

  test('a key that is gone altogether is found', async () => {
    tamper(...TABLES.map((table) => `DELETE FROM ${table}`))
    expect(await contradictions(store)).toMatchObject([{ what: 'state', wallet: toBase64url(wallet.keyId) }])
  })

  test("another key's state is found", async () => {
    const other = newWallet()
    await store.write((tx) => insertWallet(store, tx, other))
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    tamper(
      `UPDATE key_states SET (seq, state, tag) = (SELECT seq, state, tag FROM key_states
         WHERE key_id = x'${hex(other.keyId)}') WHERE key_id = x'${hex(wallet.keyId)}'`,
    )
    await refused()
    await expect(findWallet(store, other.keyId, other.device)).resolves.toBeDefined()
  })

  test('another wrapping key wrote nothing here', async () => {
    const other = openStore(path, createTagger(random(32)), () => undefined)
    await expect(findWallet(other, wallet.keyId, wallet.device)).rejects.toThrow('storage')
    await other.close()
  })

  test('with the newest entries of the log taken away as well, nothing is written any more', async () => {
    const putBack = copy()
    await lock()
    putBack()
    tamper('DROP TRIGGER audit_no_delete', 'DELETE FROM audit WHERE seq = 2')
    await expect(
      store.write((tx) => append(tx, { event: 'denied', time: 9, keyId: wallet.keyId })),
    ).rejects.toThrow('storage')
    expect(failures).toBe(1)
  })
})

test('after a storage error nothing is acknowledged any more', async () => {
  tamper('DROP TABLE spends')
  await expect(store.write((tx) => reserve(tx, wallet.keyId, random(32), 1))).rejects.toThrow('storage')
  expect(failures).toBe(1)
  expect(store.failed).toBe(true)
  await expect(find()).rejects.toThrow('storage')
  await expect(burn()).rejects.toThrow('storage')
  expect(failures).toBe(1)
})

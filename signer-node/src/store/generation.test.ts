import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect, test } from 'vitest'
import { append } from '../audit/log.js'
import { openGeneration, restartGeneration } from './generation.js'
import { createDatabase, type Head, openStore, type Store } from './open.js'

function entry(store: Store, time: number): Promise<Head> {
  return store.write((tx) => append(tx, { event: 'denied', time, keyId: new Uint8Array(32) }))
}

/** Opens the store with its record, runs work, closes both. */
async function running(folder: string, work: (store: Store) => Promise<unknown>): Promise<void> {
  const store = openStore(join(folder, 'db'), undefined, () => undefined)
  try {
    const record = await openGeneration(join(folder, 'generation'), store)
    store.onHead = record.note
    await work(store)
    record.close()
  } finally {
    await store.close()
  }
}

test('an older database is noticed until the restore is acknowledged; a newer one is not a fault', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tercet-generation-'))
  const database = join(folder, 'db')
  createDatabase(database)
  await running(folder, async () => undefined)
  await running(folder, async (store) => {
    for (let time = 0; time < 12; time++) await entry(store, time)
  })
  copyFileSync(database, join(folder, 'snapshot'))
  await running(folder, (store) => entry(store, 13))
  copyFileSync(database, join(folder, 'newest'))

  copyFileSync(join(folder, 'snapshot'), database)
  await expect(running(folder, async () => undefined)).rejects.toThrow(/older/)

  // The same number of entries, but another history.
  const forked = openStore(database, undefined, () => undefined)
  await entry(forked, 99)
  await forked.close()
  await expect(running(folder, async () => undefined)).rejects.toThrow(/older/)

  const store = openStore(database, undefined, () => undefined)
  const heads: Head[] = []
  store.onHead = (head) => heads.push(head)
  await entry(store, 100)
  await store.close()
  restartGeneration(join(folder, 'generation'), heads[0] as Head)
  await running(folder, (again) => entry(again, 101))
})

test('without its record only a database without a history is taken', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tercet-generation-'))
  createDatabase(join(folder, 'db'))
  await running(folder, async () => undefined)
  await running(folder, (store) => entry(store, 1))
  rmSync(join(folder, 'generation'))
  await expect(running(folder, async () => undefined)).rejects.toThrow(/missing or empty/)
  writeFileSync(join(folder, 'generation'), '')
  await expect(running(folder, async () => undefined)).rejects.toThrow(/missing or empty/)
})

test('a crash between the first entry and its note is no older database', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tercet-generation-'))
  createDatabase(join(folder, 'db'))
  await running(folder, async (store) => {
    store.onHead = undefined
    await entry(store, 1)
  })
  await running(folder, (store) => entry(store, 2))
})

test.each([
  ['taken away', 'DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)'],
  ['changed', 'UPDATE audit SET hash = zeroblob(32) WHERE seq = (SELECT max(seq) FROM audit)'],
])('an entry that is %s between a start and its first entry is noticed', async (_, statement) => {
  const folder = mkdtempSync(join(tmpdir(), 'tercet-generation-'))
  createDatabase(join(folder, 'db'))
  await running(folder, async (store) => {
    for (let time = 0; time < 2; time++) await entry(store, time)
  })
  await running(folder, (store) => entry(store, 2))
  const tampered = running(folder, (store) => {
    const writer = new Database(join(folder, 'db'))
    for (const kind of ['update', 'delete']) writer.exec(`DROP TRIGGER audit_no_${kind}`)
    writer.exec(statement)
    writer.close()
    return entry(store, 3)
  })
  await expect(tampered).rejects.toThrow('storage')
})

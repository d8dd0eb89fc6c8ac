// How is the database opened so that what was answered is on disk? (security.md 1; invariant I20)

import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs'
import { Misuse } from '@tercet/protocol/errors'
import Database from 'better-sqlite3'
import { CompiledQuery, Kysely, SqliteDialect } from 'kysely'
import { Refusal, StartRefused } from '../refusal.js'
import type { Tagger } from '../seal.js'
import { KeyStates } from './key-state.js'
import { toVersion2 } from './migrate.js'
import { CREATE, SCHEMA_VERSION, type Tables } from './schema.js'
import { type Head, type Tx, writtenIn } from './transaction.js'

export type { Head, Tx } from './transaction.js'

export interface Store {
  /** Reads outside a transaction. @throws Refusal `storage` */
  read<T>(work: (db: Kysely<Tables>) => Promise<T>): Promise<T>
  /**
   * One durable transaction: committed and fsynced when the promise resolves, rolled back when `work` throws.
   * @throws Refusal `storage` after the first storage error, for ever
   */
  write<T>(work: (tx: Tx) => Promise<T>): Promise<T>
  /** The verified states of keys. */
  readonly states: KeyStates
  /** Tags rows of other tables. */
  readonly tagger: Tagger
  /** The entry that the next one must follow, from now on: what is taken away or added by others stops the process. */
  expectHead(head: Head): void
  /** Called after every commit that wrote an audit entry. */
  onHead: ((head: Head) => void) | undefined
  /** Moves what was committed out of the write-ahead log and empties it: what was erased is then on disk nowhere. */
  checkpoint(): Promise<void>
  /** Whether a storage error was seen; the process must end. */
  readonly failed: boolean
  close(): Promise<void>
}

/** Makes an empty database. @throws StartRefused if the file exists */
export function createDatabase(path: string): void {
  if (existsSync(path)) throw new StartRefused(`${path} exists already`)
  const connection = connect(path)
  connection.transaction(() => {
    for (const statement of CREATE) connection.exec(statement)
    connection
      .prepare(`INSERT INTO meta (name, value) VALUES ('schema_version', ?)`)
      .run(String(SCHEMA_VERSION))
  })()
  connection.close()
}

/** Brings the database of an earlier version up to this one; leaves any other as it is. @throws StartRefused */
export function migrateDatabase(path: string, tagger: Tagger): void {
  if (!existsSync(path)) return
  const connection = connect(path)
  try {
    if (readVersion(connection) === '1') connection.transaction(() => toVersion2(connection, tagger))()
  } finally {
    connection.close()
  }
}

/**
 * Opens the database of a data folder.
 * @param tagger verifies the states of keys; undefined where none is looked at
 * @param onFailure called once, at the first storage error
 * @throws StartRefused for a missing database or a schema version that this program does not know
 */
export function openStore(
  path: string,
  tagger: Tagger | undefined,
  onFailure: (error: unknown) => void,
): Store {
  if (!existsSync(path)) throw new StartRefused(`no database at ${path}: run \`tercet-node init\` first`)
  const connection = connect(path)
  const version = readVersion(connection)
  if (version !== String(SCHEMA_VERSION)) {
    connection.close()
    throw new StartRefused(
      version === '1'
        ? `${path} has schema version 1: \`tercet-node start\` brings it up to ${SCHEMA_VERSION}`
        : `${path} has schema version ${version ?? 'none'}; this program knows ${SCHEMA_VERSION}`,
    )
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: connection }) })
  let failed = false
  let newest: Head | undefined
  const guard = async <T>(work: () => Promise<T>): Promise<T> => {
    if (failed) throw new Refusal('storage')
    try {
      return await work()
    } catch (error) {
      if (!isStorageError(error)) throw error
      if (!failed) {
        failed = true
        onFailure(error)
      }
      throw new Refusal('storage')
    }
  }
  const store: Store = {
    read: (work) => guard(() => work(db)),
    write: (work) =>
      guard(async () => {
        const transaction = db.transaction()
        const done = await transaction.execute(async (tx) => {
          const result = await work(tx)
          const about = writtenIn(tx)
          // Somebody took entries away, or added some, while this process serves: nothing goes on from there.
          if (newest !== undefined && about.before && !isSame(newest, about.before)) throw new HeadMoved()
          return { result, about }
        })
        if (done.about.head !== undefined) {
          newest = done.about.head
          store.onHead?.(newest)
        }
        for (const work of done.about.after) work()
        return done.result
      }),
    states: new KeyStates(tagger ?? NO_TAGGER),
    tagger: tagger ?? NO_TAGGER,
    expectHead: (head) => {
      newest = head
    },
    onHead: undefined,
    // Through the query builder, which waits for a transaction that is open. Busy readers are no failure.
    checkpoint: () =>
      guard(async () => {
        await db.executeQuery(CompiledQuery.raw('PRAGMA wal_checkpoint(TRUNCATE)'))
      }),
    get failed() {
      return failed
    },
    close: async () => {
      await db.destroy()
      // A connection that was never used is not the query builder's to close.
      connection.close()
    },
  }
  return store
}

/** @throws StartRefused for a file that is no sound database */
function connect(path: string): Database.Database {
  try {
    return configured(new Database(path))
  } catch (error) {
    if (error instanceof Database.SqliteError) throw new StartRefused(`${path} does not open: ${error.code}`)
    throw error
  }
}

function configured(connection: Database.Database): Database.Database {
  connection.pragma('journal_mode = WAL')
  // The pragma reads FULL until the first write and NORMAL afterwards unless it is set here, explicitly.
  connection.pragma('synchronous = FULL')
  connection.pragma('secure_delete = ON')
  connection.pragma('foreign_keys = ON')
  connection.pragma('trusted_schema = OFF')
  return connection
}

function readVersion(connection: Database.Database): string | undefined {
  try {
    const row = connection
      .prepare<[], { value: string }>(`SELECT value FROM meta WHERE name = 'schema_version'`)
      .get()
    return row?.value
  } catch {
    return undefined
  }
}

/** The newest audit entry is not the one that this process wrote last. */
class HeadMoved extends Error {
  override readonly name = 'HeadMoved'
}

function isSame(a: Head, b: Head): boolean {
  return a.seq === b.seq && Buffer.compare(a.hash, b.hash) === 0
}

/** For commands that look at no key's state. */
const NO_TAGGER: Tagger = {
  tag: () => {
    throw new Misuse('no tagger')
  },
  verify: () => {
    throw new Misuse('no tagger')
  },
}

/** Constraints are answers; everything else that SQLite reports means that the disk cannot be trusted. */
function isStorageError(error: unknown): boolean {
  if (error instanceof HeadMoved) return true
  if (error instanceof Database.SqliteError) return !error.code.startsWith('SQLITE_CONSTRAINT')
  // The generation record is a file like the database: what the system refuses there counts the same.
  return error instanceof Error && 'syscall' in error
}

/** Whether the error is a violated UNIQUE or PRIMARY KEY constraint. */
export function isDuplicate(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code === 'SQLITE_CONSTRAINT_UNIQUE' || error.code === 'SQLITE_CONSTRAINT_PRIMARYKEY')
  )
}

/**
 * Holds the one right to serve a data folder until the process ends, however it ends.
 * @throws StartRefused with the exit code `serving` if another process holds it
 */
export function holdServingLock(path: string): () => void {
  const lock = new Database(path, { timeout: 0 })
  try {
    lock.pragma('journal_mode = DELETE')
    lock.exec('BEGIN EXCLUSIVE')
  } catch {
    lock.close()
    throw new StartRefused('another process serves this data folder', 4)
  }
  return () => lock.close()
}

/** Makes the creation and renaming of files in a folder durable. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

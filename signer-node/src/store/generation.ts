// Was the database put back to an earlier state? A record outside it remembers how far it had come. (SPEC 7 row 21)

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { equalBytes } from '@tercet/protocol/bytes'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { genesis } from '../audit/log.js'
import { StartRefused } from '../refusal.js'
import { type Head, type Store, syncFolder } from './open.js'

const PREFIX = 'tercet-generation-1'
/** Lines are padded to one length, so that a shorter number never leaves the tail of a longer one. */
const LINE_BYTES = 96

export interface GenerationRecord {
  /** Notes the newest audit entry. Not synced: after a power cut an older record only notices less. */
  note(head: Head): void
  close(): void
}

/**
 * Opens the record and compares: the database must hold the entry that was seen last. Without a record only a database
 * without entries is taken.
 * @throws StartRefused when it does not, which means that an older database was put back, or that nobody can tell
 */
export async function openGeneration(path: string, store: Store): Promise<GenerationRecord> {
  const seen = readRecord(path)
  if (seen === undefined && (await hasEntries(store))) {
    throw new StartRefused(
      `the generation record ${path} is missing or empty, but the database has a history: nothing tells whether it is the newest one. If it is to be trusted or was restored, run \`tercet-node acknowledge-restore\``,
    )
  }
  if (seen !== undefined && !(await holds(store, seen))) {
    throw new StartRefused(
      'the database is older than it was when this node ran last. If it was restored on purpose, run `tercet-node acknowledge-restore`',
    )
  }
  store.expectHead(await headOf(store))
  const record = writer(path)
  // Before the first entry, not with it: a crash in between would leave a history without a record.
  if (seen === undefined) record.begin()
  return record
}

/** Starts a new record, whatever the old one says. */
export function restartGeneration(path: string, head: Head): void {
  const record = writer(path)
  record.note(head)
  record.close()
}

function writer(path: string): GenerationRecord & { begin(): void } {
  const file = openSync(path, existsSync(path) ? 'r+' : 'w+', 0o600)
  const note = ({ seq, hash }: Head): void => {
    writeSync(file, `${PREFIX} ${seq} ${toBase64url(hash)}`.padEnd(LINE_BYTES - 1).concat('\n'), 0)
  }
  return {
    note,
    /** Durable, unlike the rest: without any record a node with a history does not start. */
    begin: () => {
      note({ seq: 0, hash: new Uint8Array(32) })
      fsyncSync(file)
      syncFolder(dirname(path))
    },
    close: () => closeSync(file),
  }
}

function readRecord(path: string): Head | undefined {
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, 'utf8').trimEnd()
  // Made and not written yet: whether that is right depends on the log.
  if (text === '') return undefined
  const match = /^tercet-generation-1 (\d{1,15}) ([\w-]{43})$/.exec(text)
  if (match === null) throw new StartRefused(`${path} is not a generation record`)
  return { seq: Number(match[1]), hash: fromBase64url(match[2] ?? '', 'generation', 32) }
}

async function headOf(store: Store): Promise<Head> {
  const row = await store.read((db) =>
    db.selectFrom('audit').select(['seq', 'hash']).orderBy('seq', 'desc').limit(1).executeTakeFirst(),
  )
  return row ?? { seq: 0, hash: genesis() }
}

async function hasEntries(store: Store): Promise<boolean> {
  const row = await store.read((db) => db.selectFrom('audit').select('seq').limit(1).executeTakeFirst())
  return row !== undefined
}

async function holds(store: Store, { seq, hash }: Head): Promise<boolean> {
  if (seq === 0) return true
  const row = await store.read((db) =>
    db.selectFrom('audit').select('hash').where('seq', '=', seq).executeTakeFirst(),
  )
  return row !== undefined && equalBytes(row.hash, hash)
}

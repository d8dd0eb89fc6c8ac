// Which epochs began and which keys were locked, told outside the database, so that none of it is undone by a restore? (SPEC 7 row 21)

import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { ShareId } from '@tercet/protocol/epochs'
import { toBase64url } from '@tercet/wire/base64url'
import { isClosed, type KeyState } from './key-state.js'
import { syncFolder } from './open.js'

/** What the journal says last of a key. */
export interface Noted extends ShareId {
  /** Locked, let go of or handed over: it must not be served. */
  readonly isClosed: boolean
}

export interface Journal {
  /** Durable when it returns. To be called before the transaction that it tells of is committed. */
  note(keyId: Uint8Array, state: KeyState): void
  close(): void
}

/**
 * Opens the journal to write on. A line may tell of a transaction that was not committed after all: it is read only after
 * a restore, where the worse is assumed.
 */
export function openJournal(path: string): Journal {
  const isNew = !existsSync(path)
  const file = openSync(path, 'a', 0o600)
  // A line that a crash cut off must not swallow the next one.
  writeSync(file, '\n')
  fsyncSync(file)
  if (isNew) syncFolder(dirname(path))
  return {
    note: (keyId, state) => {
      const { epoch, attempt } = state.epochs.act.id
      const closed = isClosed(state) ? 'closed' : 'open'
      writeSync(file, `tercet-epoch-1 ${toBase64url(keyId)} ${epoch} ${attempt} ${closed}\n`)
      fsyncSync(file)
    },
    close: () => closeSync(file),
  }
}

/** The last line of every key, by walletId; undefined without a journal. */
export function readJournal(path: string): ReadonlyMap<string, Noted> | undefined {
  if (!existsSync(path)) return undefined
  const noted = new Map<string, Noted>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const match = /^tercet-epoch-1 ([\w-]{43}) (\d{1,15}) (\d{1,15}) (open|closed)$/.exec(line)
    if (match === null) continue
    const [, name = '', epoch, attempt, closed] = match
    noted.set(name, { epoch: Number(epoch), attempt: Number(attempt), isClosed: closed === 'closed' })
  }
  return noted
}

// What does a transaction leave for the moment after its commit? (invariants I15, I16)

import type { Transaction } from 'kysely'
import type { Tables } from './schema.js'

export type Tx = Transaction<Tables>

/** The newest entry of the audit log. */
export interface Head {
  readonly seq: number
  readonly hash: Uint8Array
}

interface Written {
  /** The newest entry before the transaction, and at its end. */
  before?: Head
  head?: Head
  readonly after: (() => void)[]
}

/** What transactions have written that are not committed yet. */
const written = new WeakMap<Tx, Written>()

/** What this transaction has written so far. */
export function writtenIn(tx: Tx): Written {
  const known = written.get(tx) ?? { after: [] }
  written.set(tx, known)
  return known
}

/** Tells the store of an audit entry that becomes durable with its transaction, and of the one before it. */
export function noteHead(tx: Tx, head: Head, previous: Head): void {
  const about = writtenIn(tx)
  about.before ??= previous
  about.head = head
}

/** Does something once the transaction is durable. */
export function afterCommit(tx: Tx, work: () => void): void {
  writtenIn(tx).after.push(work)
}

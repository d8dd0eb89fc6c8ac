// What do the program's commands do? (security.md 5)

import { randomFillSync } from 'node:crypto'
import { existsSync, mkdirSync } from 'node:fs'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeIdentity } from '@tercet/wire/identity'
import { serve } from '../app.js'
import { append } from '../audit/log.js'
import { type Config, filesOf, LIMITS, type Place } from '../config.js'
import { type Log, whereOf } from '../log.js'
import { expireJoins } from '../recovery/joining.js'
import { setSuccessor } from '../recovery/successors.js'
import { EXIT, StartRefused } from '../refusal.js'
import { createSealer, createTagger } from '../seal.js'
import { restartGeneration } from '../store/generation.js'
import { createIdentity } from '../store/identity.js'
import { openJournal, readJournal } from '../store/journal.js'
import {
  createDatabase,
  type Head,
  holdServingLock,
  migrateDatabase,
  openStore,
  syncFolder,
} from '../store/open.js'
import { restoreWallets } from '../store/restore.js'
import { createWrappingKey, readWrappingKey } from '../wrapping-key.js'
import { print } from './print.js'

const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))

/** Makes a data folder: wrapping key, database, identity. @throws StartRefused when there is one */
export async function init(place: Place): Promise<number> {
  const { dataDir } = place
  const files = filesOf(place)
  if (existsSync(files.database) || existsSync(files.wrappingKey)) {
    throw new StartRefused(`${dataDir} holds a node already`)
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  // The key comes first: a database that nothing can open would be worse than a key that opens nothing.
  const wrappingKey = createWrappingKey(files.wrappingKey, random)
  createDatabase(files.database)
  const store = openStore(files.database, undefined, () => undefined)
  const identity = await createIdentity(store, createSealer(wrappingKey, random))
  wrappingKey.fill(0)
  await store.close()
  syncFolder(dataDir)
  print({ dataDir, identity: toBase64url(identity) })
  return EXIT.ok
}

/**
 * Takes an older database for good after a restore. Nobody knows what was lost with the newer one, so every counter is
 * set as if the worst had happened that leaves wallets usable: every OT setup is burned, for the other copy of this node
 * may have used it (devices make new ones by themselves); every wallet has one strike left; what was locked stays locked; a
 * wallet whose epoch or lock is lost needs a recovery.
 */
export async function acknowledgeRestore(place: Place): Promise<number> {
  const files = filesOf(place)
  const unlock = holdServingLock(files.serving)
  const wrappingKey = readWrappingKey(files.wrappingKey)
  const tagger = createTagger(wrappingKey)
  wrappingKey.fill(0)
  migrateDatabase(files.database, tagger)
  const store = openStore(files.database, tagger, () => undefined)
  const noted = readJournal(files.journal)
  const journal = openJournal(files.journal)
  store.states.onEpoch = journal.note
  let head: Head | undefined
  store.onHead = (newest) => {
    head = newest
  }
  try {
    const time = Math.floor(Date.now() / 1000)
    const done = await store.write(async (tx) => {
      await append(tx, { event: 'restore', time, keyId: new Uint8Array(32) })
      await expireJoins(store, tx, time)
      return restoreWallets(store, tx, noted ?? new Map(), time, LIMITS)
    })
    await store.checkpoint()
    if (head !== undefined) restartGeneration(files.generation, head)
    print({ ...done, journal: noted === undefined ? 'missing' : 'read' })
    return EXIT.ok
  } finally {
    await store.close()
    journal.close()
    unlock()
  }
}

/**
 * Names the node that keys may be handed over to, for one wallet or for every one; `none` takes the name back. The node
 * may run meanwhile.
 * @throws StartRefused for what is no identity or no wallet
 */
export function successor(place: Place, identity: string, wallet: string | undefined): number {
  const files = filesOf(place)
  const named = identity === 'none' ? undefined : readIdentity(identity)
  if (wallet !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(wallet)) {
    throw new StartRefused(`--wallet: not a wallet id: ${wallet}`, EXIT.usage)
  }
  const wrappingKey = readWrappingKey(files.wrappingKey)
  setSuccessor(files.successors, createTagger(wrappingKey), wallet, named)
  wrappingKey.fill(0)
  syncFolder(place.dataDir)
  print({ wallet: wallet ?? 'every', successor: identity })
  return EXIT.ok
}

function readIdentity(text: string): Uint8Array {
  try {
    const identity = fromBase64url(text, 'identity', 34)
    decodeIdentity(identity, 'identity')
    return identity
  } catch {
    throw new StartRefused(`not a node's identity: ${text}`, EXIT.usage)
  }
}

/** Serves until SIGTERM or SIGINT; resolves with the exit code. */
export function start(config: Config, log: Log): Promise<number> {
  return new Promise((resolve, reject) => {
    const crash = (error: unknown): void => {
      log.error({ event: 'crash', where: whereOf(error) })
      resolve(EXIT.failed)
    }
    process.on('uncaughtException', crash)
    process.on('unhandledRejection', crash)
    serve(config, log, resolve).then(({ line, stop }) => {
      print(line)
      log.info({ event: 'started', port: line.port })
      const drain = (): void => {
        log.info({ event: 'draining' })
        stop().then(() => resolve(EXIT.ok), reject)
      }
      process.once('SIGTERM', drain)
      process.once('SIGINT', drain)
    }, reject)
  })
}

// What do the program's commands do? (security.md 5)

import { randomFillSync } from 'node:crypto'
import { existsSync, mkdirSync, statSync } from 'node:fs'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeIdentity } from '@tercet/wire/identity'
import { serve } from '../app.js'
import { contradictions } from '../audit/cross-check.js'
import { append } from '../audit/log.js'
import { verify } from '../audit/verify.js'
import { type Config, filesOf, LIMITS } from '../config.js'
import { type Log, whereOf } from '../log.js'
import { setSuccessor } from '../recovery/successors.js'
import { EXIT, StartRefused } from '../refusal.js'
import { createSealer, createTagger } from '../seal.js'
import { restartGeneration } from '../store/generation.js'
import { createIdentity, loadIdentity } from '../store/identity.js'
import {
  createDatabase,
  type Head,
  holdServingLock,
  migrateDatabase,
  openStore,
  syncFolder,
} from '../store/open.js'
import { restoreWallets } from '../store/restore.js'
import { countUnconfirmed } from '../store/wallets.js'
import { createWrappingKey, readWrappingKey } from '../wrapping-key.js'

const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))
const print = (line: object | string): void => {
  process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
}

/** Makes a data folder: wrapping key, database, identity. @throws StartRefused when there is one */
export async function init(dataDir: string): Promise<number> {
  const files = filesOf(dataDir)
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
 * may have used it (devices make new ones by themselves); every wallet has one strike left; what was locked stays locked.
 */
export async function acknowledgeRestore(dataDir: string, generationFile?: string): Promise<number> {
  const files = filesOf(dataDir)
  const unlock = holdServingLock(files.serving)
  const wrappingKey = readWrappingKey(files.wrappingKey)
  const tagger = createTagger(wrappingKey)
  wrappingKey.fill(0)
  migrateDatabase(files.database, tagger)
  const store = openStore(files.database, tagger, () => undefined)
  let head: Head | undefined
  store.onHead = (newest) => {
    head = newest
  }
  try {
    const time = Math.floor(Date.now() / 1000)
    const done = await store.write(async (tx) => {
      await append(tx, { event: 'restore', time, keyId: new Uint8Array(32) })
      return restoreWallets(store, tx, time, LIMITS)
    })
    await store.checkpoint()
    if (head !== undefined) restartGeneration(generationFile ?? files.generation, head)
    print(done)
    return EXIT.ok
  } finally {
    await store.close()
    unlock()
  }
}

/**
 * Names the node that keys may be handed over to, for one wallet or for every one; `none` takes the name back. The node
 * may run meanwhile.
 * @throws StartRefused for what is no identity or no wallet
 */
export function successor(dataDir: string, identity: string, wallet: string | undefined): number {
  const files = filesOf(dataDir)
  const named = identity === 'none' ? undefined : readIdentity(identity)
  if (wallet !== undefined && !/^[A-Za-z0-9_-]{43}$/.test(wallet)) {
    throw new StartRefused(`--wallet: not a wallet id: ${wallet}`, EXIT.usage)
  }
  const wrappingKey = readWrappingKey(files.wrappingKey)
  setSuccessor(files.successors, createTagger(wrappingKey), wallet, named)
  wrappingKey.fill(0)
  syncFolder(dataDir)
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

/** Looks for what would go wrong later. Prints one line a check. */
export async function doctor(dataDir: string): Promise<number> {
  let failures = 0
  const check = async (name: string, work: () => Promise<string> | string): Promise<void> => {
    try {
      print(`ok    ${name}: ${await work()}`)
    } catch (error) {
      failures++
      print(`FAIL  ${name}: ${error instanceof StartRefused ? error.message : 'unexpected error'}`)
    }
  }
  const files = filesOf(dataDir)
  await check('data folder', () => {
    if (!existsSync(dataDir)) throw new StartRefused(`no folder ${dataDir}: run \`tercet-node init\` first`)
    if (process.platform !== 'win32' && (statSync(dataDir).mode & 0o022) !== 0) {
      throw new StartRefused(`${dataDir} can be written by others`)
    }
    return dataDir
  })
  await check('wrapping key', () => {
    readWrappingKey(files.wrappingKey).fill(0)
    return 'readable by its owner alone'
  })
  await check('identity', async () => {
    const store = openStore(files.database, undefined, () => undefined)
    try {
      const sealer = createSealer(readWrappingKey(files.wrappingKey), random)
      return toBase64url((await loadIdentity(store, sealer)).publicIdentity)
    } finally {
      await store.close()
    }
  })
  await check('audit', () => auditReport(dataDir))
  await check('tables', () => tablesReport(dataDir))
  await check('epochs', () => epochsReport(dataDir))
  return failures === 0 ? EXIT.ok : EXIT.failed
}

/** Verifies the whole audit chain. */
export async function auditVerify(dataDir: string): Promise<number> {
  try {
    print(await auditReport(dataDir))
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof StartRefused) || error.exitCode !== EXIT.failed) throw error
    print(error.message)
    return EXIT.failed
  }
}

/** Devices that never confirmed their new share keep the old one alive. That is theirs to end, and no fault of the node. */
async function epochsReport(dataDir: string): Promise<string> {
  const store = openStore(filesOf(dataDir).database, undefined, () => undefined)
  try {
    const before = Math.floor(Date.now() / 1000) - LIMITS.unconfirmedSeconds
    const count = await countUnconfirmed(store, before)
    const days = LIMITS.unconfirmedSeconds / 86_400
    if (count === 0) return `no old share is kept for longer than ${days} days`
    return `${count} wallets keep an old share for longer than ${days} days: their devices did not confirm the new one`
  } finally {
    await store.close()
  }
}

/** Whether the file is sound, and the tables hold what the log says. */
async function tablesReport(dataDir: string): Promise<string> {
  const files = filesOf(dataDir)
  const wrappingKey = readWrappingKey(files.wrappingKey)
  const store = openStore(files.database, createTagger(wrappingKey), () => undefined)
  wrappingKey.fill(0)
  try {
    const [first] = await contradictions(store)
    if (first !== undefined)
      throw new StartRefused(`${first.what} of wallet ${first.wallet} contradict the audit log`)
    return 'wallets, strikes and spends agree with the audit log'
  } finally {
    await store.close()
  }
}

async function auditReport(dataDir: string): Promise<string> {
  const store = openStore(filesOf(dataDir).database, undefined, () => undefined)
  try {
    const { entries, head, brokenAt } = await verify(store)
    if (brokenAt !== undefined)
      throw new StartRefused(`entry ${brokenAt} is not what it must be`, EXIT.failed)
    return `${entries} entries, head ${toBase64url(head)}`
  } finally {
    await store.close()
  }
}

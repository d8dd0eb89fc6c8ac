// What would go wrong later, and is the audit log whole? (security.md 5)

import { randomFillSync } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { toBase64url } from '@tercet/wire/base64url'
import { contradictions } from '../audit/cross-check.js'
import { verify } from '../audit/verify.js'
import { filesOf, LIMITS, type Place } from '../config.js'
import { createSuccessors } from '../recovery/successors.js'
import { EXIT, StartRefused } from '../refusal.js'
import { createSealer, createTagger } from '../seal.js'
import { loadIdentity } from '../store/identity.js'
import { openStore } from '../store/open.js'
import { countUnconfirmed } from '../store/wallets.js'
import { readWrappingKey } from '../wrapping-key.js'
import { print } from './print.js'

const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))

interface Checked {
  readonly check: string
  readonly ok: boolean
  readonly says: string
}

/** Looks for what would go wrong later. Prints one line a check, or one of JSON in all. */
export async function doctor(place: Place, json: boolean): Promise<number> {
  const checks: Checked[] = []
  const note = (checked: Checked): void => {
    checks.push(checked)
    if (!json) print(`${checked.ok ? 'ok   ' : 'FAIL '} ${checked.check}: ${checked.says}`)
  }
  const check = async (name: string, work: () => Promise<string> | string): Promise<void> => {
    try {
      note({ check: name, ok: true, says: await work() })
    } catch (error) {
      const says = error instanceof StartRefused ? error.message : 'unexpected error'
      note({ check: name, ok: false, says })
    }
  }
  const { dataDir } = place
  const files = filesOf(place)
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
      const wrappingKey = readWrappingKey(files.wrappingKey)
      const sealer = createSealer(wrappingKey, random)
      wrappingKey.fill(0)
      return toBase64url((await loadIdentity(store, sealer)).publicIdentity)
    } finally {
      await store.close()
    }
  })
  await check('audit', () => auditReport(files.database))
  await check('tables', () => tablesReport(files))
  await check('epochs', () => epochsReport(files.database))
  await check('successors', () => {
    const wrappingKey = readWrappingKey(files.wrappingKey)
    const successors = createSuccessors(files.successors, createTagger(wrappingKey))
    wrappingKey.fill(0)
    successors.reload()
    return `${successors.count} named to take keys over`
  })
  const ok = checks.every((checked) => checked.ok)
  if (json) print({ ok, checks })
  return ok ? EXIT.ok : EXIT.failed
}

/** Verifies the whole audit chain. */
export async function auditVerify(place: Place, json: boolean): Promise<number> {
  const tell = (ok: boolean, says: string): void => print(json ? { ok, says } : says)
  try {
    tell(true, await auditReport(filesOf(place).database))
    return EXIT.ok
  } catch (error) {
    if (!(error instanceof StartRefused) || error.exitCode !== EXIT.failed) throw error
    tell(false, error.message)
    return EXIT.failed
  }
}

/** Devices that never confirmed their new share keep the old one alive. That is theirs to end, and no fault of the node. */
async function epochsReport(database: string): Promise<string> {
  const store = openStore(database, undefined, () => undefined)
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
async function tablesReport(files: ReturnType<typeof filesOf>): Promise<string> {
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

async function auditReport(database: string): Promise<string> {
  const store = openStore(database, undefined, () => undefined)
  try {
    const { entries, head, brokenAt } = await verify(store)
    if (brokenAt !== undefined)
      throw new StartRefused(`entry ${brokenAt} is not what it must be`, EXIT.failed)
    return `${entries} entries, head ${toBase64url(head)}`
  } finally {
    await store.close()
  }
}

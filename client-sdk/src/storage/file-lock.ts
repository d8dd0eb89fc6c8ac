// How do two processes keep from writing one file at the same moment? By a lock file that names its holder.

import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { TercetError } from '../errors.js'

const WAIT_MILLISECONDS = 5_000
const LOOK_MILLISECONDS = 20
const WRITING_MILLISECONDS = 1_000
/** Locks of this process, so that one left by an earlier process of the same number is known as such. */
const held = new Set<string>()

/**
 * Runs work while no other process runs work on the same file.
 * @throws TercetError `storage`, with nothing done, when another one holds the file too long
 */
export async function whileLocked<T>(path: string, work: () => Promise<T>): Promise<T> {
  const lock = `${path}.lock`
  const until = performance.now() + WAIT_MILLISECONDS
  while (!(await take(lock))) {
    if (await isStale(lock)) await remove(lock)
    else if (performance.now() > until) throw heldElsewhere(lock)
    else await new Promise((resolve) => setTimeout(resolve, LOOK_MILLISECONDS))
  }
  try {
    return await work()
  } finally {
    held.delete(lock)
    await rm(lock, { force: true })
  }
}

async function take(lock: string): Promise<boolean> {
  if (held.has(lock)) return false
  held.add(lock)
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    held.delete(lock)
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw new TercetError('storage', { cause: error })
  }
}

/** Whether the process that the lock names is gone. One that names none is being written, or its writer died over it. */
async function isStale(lock: string): Promise<boolean> {
  if (held.has(lock)) return false
  try {
    const pid = Number(await readFile(lock, 'utf8'))
    if (pid === 0) return Date.now() - (await stat(lock)).mtimeMs > WRITING_MILLISECONDS
    return pid === process.pid || !isAlive(pid)
  } catch {
    // Gone, or not ours to read: the next look tells.
    return false
  }
}

/** Of several that find a lock stale, each removes what it has found and nothing that was taken meanwhile. */
async function remove(lock: string): Promise<void> {
  const found = await readFile(lock, 'utf8').catch(() => undefined)
  const aside = `${lock}.${process.pid}`
  await rename(lock, aside).catch(() => undefined)
  const moved = await readFile(aside, 'utf8').catch(() => undefined)
  // Someone was faster and holds a new lock: it goes back to its place.
  if (moved !== undefined && moved !== found) await rename(aside, lock)
  else await rm(aside, { force: true })
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

function heldElsewhere(lock: string): TercetError {
  return new TercetError('storage', {
    message: `Another process is writing to this file; nothing was written. If none is, delete ${lock}.`,
  })
}

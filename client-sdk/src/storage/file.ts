// How does a device on Node keep its records in one encrypted file? (argon2id, XChaCha20-Poly1305)

import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { exportIdentity, generateIdentity, type Identity, importIdentity } from '@tercet/wire/identity'
import { TercetError } from '../errors.js'
import { type Contents, type FileKey, newFileKey, openFile, sameSeal, sealFile } from './file-format.js'
import { whileLocked } from './file-lock.js'
import type { DeviceStorage } from './storage.js'

export interface FileStorageOptions {
  /** The file; it is created, readable by its owner only, at the first write. */
  readonly path: string
  readonly passphrase: string
}

/**
 * Opens, or prepares, an encrypted store in one file. Every write is a new file, synced and renamed over the old one,
 * and is refused when another process has written since: one process uses a file at a time.
 * @throws TercetError `wrong-passphrase` (the file is untouched), `damaged`, `storage`
 */
export async function fileStorage(options: FileStorageOptions): Promise<DeviceStorage> {
  const path = resolve(options.path)
  const existing = await readIfPresent(path)
  if (existing === undefined) {
    return new FileStorage(path, await newFileKey(options.passphrase), undefined, { records: new Map() })
  }
  const { key, contents } = await openFile(existing, options.passphrase)
  return new FileStorage(path, key, existing, contents)
}

class FileStorage implements DeviceStorage {
  readonly #path: string
  readonly #key: FileKey
  /** The bytes of the file as this store last saw or wrote them. */
  #seen: Uint8Array | undefined
  #contents: Contents
  #queue: Promise<unknown> = Promise.resolve()
  #state: 'open' | 'closed' | 'failed' = 'open'

  constructor(path: string, key: FileKey, seen: Uint8Array | undefined, contents: Contents) {
    this.#path = path
    this.#key = key
    this.#seen = seen
    this.#contents = contents
  }

  identity(): Promise<Identity> {
    return this.#inTurn(async () => {
      if (this.#contents.identity === undefined) {
        const made = await generateIdentity({ extractable: true })
        await this.#write({ ...this.#contents, identity: await exportIdentity(made) })
      }
      const pkcs8 = this.#contents.identity
      if (pkcs8 === undefined) throw new TercetError('bug')
      return importIdentity(pkcs8)
    })
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#inTurn(async () => this.#contents.records.get(key)?.slice())
  }

  put(records: Readonly<Record<string, Uint8Array>>): Promise<void> {
    const copies = Object.entries(records).map(([key, bytes]) => [key, bytes.slice()] as const)
    return this.#inTurn(() =>
      this.#write({ ...this.#contents, records: new Map([...this.#contents.records, ...copies]) }),
    )
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const records = new Map(this.#contents.records)
      const before = records.size
      for (const key of keys) records.delete(key)
      if (records.size !== before) await this.#write({ ...this.#contents, records })
    })
  }

  list(prefix: string): Promise<string[]> {
    return this.#inTurn(async () =>
      [...this.#contents.records.keys()].filter((key) => key.startsWith(prefix)).sort(),
    )
  }

  async close(): Promise<void> {
    await this.#queue
    this.#state = 'closed'
    this.#key.key.fill(0)
    this.#contents = { records: new Map() }
  }

  /** One operation after the other, whatever became of the one before. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#state === 'closed') throw new TercetError('closed')
      return work()
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  async #write(contents: Contents): Promise<void> {
    if (this.#state === 'failed') throw new TercetError('storage')
    await makeFolder(dirname(this.#path))
    await whileLocked(this.#path, () => this.#replace(contents))
  }

  async #replace(contents: Contents): Promise<void> {
    const sealed = sealFile(this.#key, contents)
    const temporary = `${this.#path}.${randomBytes(6).toString('hex')}.tmp`
    try {
      const current = await readIfPresent(this.#path)
      if (!sameSeal(current, this.#seen)) {
        throw new TercetError('storage', { message: 'Another process has changed the file; open it again.' })
      }
      await writeDurably(temporary, sealed)
      await rename(temporary, this.#path)
      await syncFolder(dirname(this.#path))
    } catch (error) {
      // What is on the disk now is unknown: this process acknowledges nothing more. (I20)
      this.#state = 'failed'
      await rm(temporary, { force: true }).catch(() => undefined)
      throw error instanceof TercetError ? error : new TercetError('storage', { cause: error })
    }
    this.#seen = sealed
    this.#contents = contents
  }
}

async function readIfPresent(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new TercetError('storage', { cause: error })
  }
}

async function writeDurably(path: string, bytes: Uint8Array): Promise<void> {
  await withHandle(await open(path, 'wx', 0o600), async (file) => {
    await file.writeFile(bytes)
    await file.sync()
  })
}

/** Makes a folder that lasts: what was made is synced into the folder above it. */
async function makeFolder(path: string): Promise<void> {
  try {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    const top = dirname(first)
    let above = path
    do {
      above = dirname(above)
      await syncFolder(above)
    } while (above !== top)
  } catch (error) {
    throw new TercetError('storage', { cause: error })
  }
}

async function syncFolder(path: string): Promise<void> {
  // Windows has no handle on a folder to sync.
  if (process.platform === 'win32') return
  await withHandle(await open(path, 'r'), (folder) => folder.sync())
}

async function withHandle(file: FileHandle, work: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await work(file)
  } finally {
    await file.close()
  }
}

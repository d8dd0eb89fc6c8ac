// How does a device in a browser keep its records? AES-GCM under a key that never leaves WebCrypto, in IndexedDB.

import { concat } from '@tercet/protocol/bytes'
import { generateIdentity, type Identity, importIdentity } from '@tercet/wire/identity'
import { type DBSchema, type IDBPDatabase, type IDBPObjectStore, openDB } from 'idb'
import { TercetError } from '../errors.js'
import type { DeviceStorage } from './storage.js'

export interface IndexedDbOptions {
  /** Name of the database; `tercet` where left out. */
  readonly name?: string
}

interface Schema extends DBSchema {
  /** `identity` and `seal`: keys that cannot be exported. */
  keys: {
    key: string
    value: { readonly privateKey: CryptoKey; readonly publicIdentity: Uint8Array } | CryptoKey
  }
  /** nonce (12 bytes) || ciphertext */
  records: { key: string; value: Uint8Array }
}

const SCHEMA_VERSION = 1
const NONCE_BYTES = 12

/** Opens, or creates, a device's store in IndexedDB. @throws TercetError `storage` */
export async function indexedDbStorage(options: IndexedDbOptions = {}): Promise<DeviceStorage> {
  return storing(async () => {
    const db = await openDB<Schema>(options.name ?? 'tercet', SCHEMA_VERSION, {
      upgrade(fresh) {
        fresh.createObjectStore('keys')
        fresh.createObjectStore('records')
      },
    })
    return new IndexedDbStorage(db, await sealKey(db))
  })
}

class IndexedDbStorage implements DeviceStorage {
  readonly #db: IDBPDatabase<Schema>
  readonly #key: CryptoKey
  #queue: Promise<unknown> = Promise.resolve()
  #closed = false
  #failed = false

  constructor(db: IDBPDatabase<Schema>, key: CryptoKey) {
    this.#db = db
    this.#key = key
  }

  identity(): Promise<Identity> {
    return this.#run(async () => {
      const { privateKey, publicIdentity } = await generateIdentity()
      // Two tabs may both come this far: the first to add wins, and both use what is stored.
      const stored = await this.#write('keys', async (store) => {
        const before = await store.get('identity')
        if (before === undefined) await store.put({ privateKey, publicIdentity }, 'identity')
        return before
      })
      if (stored === undefined) return importIdentity({ privateKey, publicIdentity })
      if (!('privateKey' in stored)) throw new TercetError('damaged')
      return importIdentity(stored)
    })
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#run(async () => {
      const sealed = await this.#db.get('records', key)
      return sealed === undefined ? undefined : this.#open(key, sealed)
    })
  }

  put(records: Readonly<Record<string, Uint8Array>>): Promise<void> {
    return this.#run(async () => {
      // Sealed beforehand: a transaction ends as soon as it has nothing to do.
      const sealed = await Promise.all(
        Object.entries(records).map(async ([key, bytes]) => [key, await this.#seal(key, bytes)] as const),
      )
      await this.#write('records', async (store) => {
        for (const [key, bytes] of sealed) await store.put(bytes, key)
      })
    })
  }

  delete(keys: readonly string[]): Promise<void> {
    return this.#run(async () => {
      await this.#write('records', async (store) => {
        for (const key of keys) await store.delete(key)
      })
    })
  }

  list(prefix: string): Promise<string[]> {
    return this.#run(async () => {
      const keys = await this.#db.getAllKeys('records')
      return keys.filter((key) => key.startsWith(prefix)).sort()
    })
  }

  async close(): Promise<void> {
    await this.#queue
    if (!this.#closed) this.#db.close()
    this.#closed = true
  }

  /** In turn: sealing takes a while, and the last write asked for must be the last one made. */
  #run<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(() => {
      if (this.#closed) throw new TercetError('closed')
      return storing(work)
    })
    this.#queue = result.catch(() => undefined)
    return result
  }

  /** One transaction, all of it or nothing. What is stored after a failure is unknown: nothing more is written then. (I20) */
  async #write<N extends 'keys' | 'records', T>(
    name: N,
    work: (store: IDBPObjectStore<Schema, [N], N, 'readwrite'>) => Promise<T>,
  ): Promise<T> {
    if (this.#failed) throw new TercetError('storage')
    try {
      const transaction = this.#db.transaction(name, 'readwrite', { durability: 'strict' })
      const [result] = await Promise.all([
        aborting(transaction, () => work(transaction.store)),
        transaction.done,
      ])
      return result
    } catch (error) {
      this.#failed = true
      throw error
    }
  }

  async #seal(key: string, bytes: Uint8Array): Promise<Uint8Array> {
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
    return concat(
      iv,
      new Uint8Array(await crypto.subtle.encrypt(algorithm(iv, key), this.#key, plain(bytes))),
    )
  }

  async #open(key: string, sealed: Uint8Array): Promise<Uint8Array> {
    try {
      const iv = plain(sealed.subarray(0, NONCE_BYTES))
      const body = plain(sealed.subarray(NONCE_BYTES))
      return new Uint8Array(await crypto.subtle.decrypt(algorithm(iv, key), this.#key, body))
    } catch (error) {
      throw new TercetError('damaged', { cause: error })
    }
  }
}

async function sealKey(db: IDBPDatabase<Schema>): Promise<CryptoKey> {
  const made = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ])
  const transaction = db.transaction('keys', 'readwrite', { durability: 'strict' })
  const stored = await transaction.store.get('seal')
  if (stored === undefined) await transaction.store.put(made, 'seal')
  await transaction.done
  if (stored !== undefined && 'privateKey' in stored) throw new TercetError('damaged')
  return stored ?? made
}

/** The record's key and the schema are associated data: a ciphertext opens at its own place only. (I19) */
function algorithm(iv: Uint8Array<ArrayBuffer>, key: string): AesGcmParams {
  const additionalData = new TextEncoder().encode(`tercet/records/${SCHEMA_VERSION}/${key}`)
  return { name: 'AES-GCM', iv, additionalData }
}

function plain(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/** Work that fails takes its transaction with it: IndexedDB alone would commit what came before. */
async function aborting<T>(transaction: { abort(): void }, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    try {
      transaction.abort()
    } catch {
      // It has ended by itself.
    }
    throw error
  }
}

async function storing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof TercetError ? error : new TercetError('storage', { cause: error })
  }
}

// Does every store keep what DeviceStorage promises? One suite, run on memory, file and IndexedDB.
import 'fake-indexeddb/auto'
import { spawnSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rename, rm, rmdir, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verifyWithIdentity } from '@tercet/wire/identity'
import { openDB } from 'idb'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { fileStorage } from './file.js'
import { indexedDbStorage } from './indexeddb.js'
import { memoryStorage } from './memory.js'
import type { DeviceStorage } from './storage.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tercet-storage-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

const bytes = (...values: number[]) => Uint8Array.from(values)
let count = 0

interface Subject {
  readonly name: string
  /** Opens a store; the same place again gives the same records, where the store is durable. */
  readonly open: (place: string) => Promise<DeviceStorage>
  readonly durable: boolean
  /** Makes the next write fail, and none after it; a store in memory has nothing that can. */
  readonly failOnce?: (place: string) => Promise<() => Promise<void>>
}

const subjects: Subject[] = [
  { name: 'memory', open: async () => memoryStorage(), durable: false },
  {
    name: 'file',
    open: (place) => fileStorage({ path: join(folder, place), passphrase: 'correct horse' }),
    durable: true,
    failOnce: async (place) => {
      const path = join(folder, place)
      await rename(path, `${path}.aside`)
      await mkdir(path)
      return async () => {
        await rmdir(path)
        await rename(`${path}.aside`, path)
      }
    },
  },
  {
    name: 'indexeddb',
    open: (place) => indexedDbStorage({ name: place }),
    durable: true,
    failOnce: async () => {
      const { put } = IDBObjectStore.prototype
      let puts = 0
      // The second of a write: the first must not stay.
      const failing = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
        this: IDBObjectStore,
        ...args
      ) {
        puts += 1
        if (puts === 2) throw new DOMException('the disk is full', 'QuotaExceededError')
        return put.apply(this, args)
      })
      return async () => failing.mockRestore()
    },
  },
]

describe.each(subjects)('$name storage', ({ open, durable, failOnce }) => {
  const place = () => `store-${++count}`

  it('returns copies of what was put, and undefined for the rest', async () => {
    const store = await open(place())
    const value = bytes(1, 2, 3)
    await store.put({ 'a/1': value, 'a/2': bytes() })
    value.fill(9)
    const read = await store.get('a/1')
    expect(read).toEqual(bytes(1, 2, 3))
    read?.fill(7)
    expect(await store.get('a/1')).toEqual(bytes(1, 2, 3))
    expect(await store.get('a/2')).toEqual(bytes())
    expect(await store.get('b')).toBeUndefined()
    await store.close()
  })

  it('lists by prefix, sorted, and deletes', async () => {
    const store = await open(place())
    await store.put({ 'w/b': bytes(1), 'w/a': bytes(2), x: bytes(3) })
    expect(await store.list('w/')).toEqual(['w/a', 'w/b'])
    expect(await store.list('')).toEqual(['w/a', 'w/b', 'x'])
    await store.delete(['w/a', 'absent'])
    expect(await store.list('w/')).toEqual(['w/b'])
    await store.close()
  })

  it('keeps one identity that signs', async () => {
    const store = await open(place())
    const [a, b] = await Promise.all([store.identity(), store.identity()])
    expect(a.publicIdentity).toEqual(b.publicIdentity)
    const message = bytes(1, 2)
    expect(await verifyWithIdentity(a.publicIdentity, message, await b.sign(message))).toBe(true)
    await store.close()
  })

  it('keeps the last of many concurrent writes to one key, and all others', async () => {
    const store = await open(place())
    await Promise.all(
      Array.from({ length: 10 }, (_, i) => store.put({ same: bytes(i), [`own/${i}`]: bytes(i) })),
    )
    expect((await store.list('own/')).length).toBe(10)
    expect(await store.get('same')).toEqual(bytes(9))
    await store.close()
  })

  it('refuses everything after close', async () => {
    const store = await open(place())
    await store.close()
    await expect(store.get('a')).rejects.toMatchObject({ code: 'closed' })
    await expect(store.put({ a: bytes(1) })).rejects.toMatchObject({ code: 'closed' })
    await expect(store.identity()).rejects.toMatchObject({ code: 'closed' })
  })

  it.runIf(durable)('has records and identity after it was opened again', async () => {
    const where = place()
    const first = await open(where)
    await first.put({ a: bytes(1), b: bytes(2) })
    const { publicIdentity } = await first.identity()
    await first.close()
    const second = await open(where)
    expect(await second.list('')).toEqual(['a', 'b'])
    expect((await second.identity()).publicIdentity).toEqual(publicIdentity)
    await second.close()
  })

  it.runIf(failOnce)(
    'acknowledges nothing more once a write has failed, until it is opened anew',
    async () => {
      const where = place()
      const store = await open(where)
      await store.put({ before: bytes(1) })
      const repair = await failOnce?.(where)
      await expect(store.put({ lost: bytes(2), too: bytes(2) })).rejects.toMatchObject({ code: 'storage' })
      await repair?.()
      await expect(store.put({ after: bytes(3) })).rejects.toMatchObject({ code: 'storage' })
      await expect(store.delete(['before'])).rejects.toMatchObject({ code: 'storage' })
      await store.close()
      const again = await open(where)
      expect(await again.list('')).toEqual(['before'])
      await again.put({ after: bytes(3) })
      await again.close()
    },
  )
})

describe('the records in IndexedDB', () => {
  it('are sealed, and open at their own place only', async () => {
    const name = `sealed-${++count}`
    const store = await indexedDbStorage({ name })
    await store.put({ a: new TextEncoder().encode('a plain word'), b: bytes(1) })
    const db = await openDB(name)
    const sealed: Uint8Array = await db.get('records', 'a')
    expect(Buffer.from(sealed).includes('a plain word')).toBe(false)
    await db.put('records', sealed, 'b')
    db.close()
    await expect(store.get('b')).rejects.toMatchObject({ code: 'damaged', keySafe: false })
    expect(await store.get('a')).toBeDefined()
    await store.close()
  })
})

describe('the encrypted file', () => {
  const make = async () => {
    const path = join(folder, `file-${++count}`, 'device.tercet')
    const store = await fileStorage({ path, passphrase: 'correct horse' })
    await store.put({ secret: new TextEncoder().encode('a plain word') })
    return { path, store }
  }

  it('says that a passphrase is wrong and leaves the file as it is', async () => {
    const { path, store } = await make()
    await store.close()
    const before = await readFile(path)
    await expect(fileStorage({ path, passphrase: 'battery staple' })).rejects.toMatchObject({
      code: 'wrong-passphrase',
      keySafe: true,
    })
    expect(await readFile(path)).toEqual(before)
    const again = await fileStorage({ path, passphrase: 'correct horse' })
    expect(await again.get('secret')).toBeDefined()
    await again.close()
  })

  it('shows nothing, is the owner’s alone and leaves no temporary file', async () => {
    const { path, store } = await make()
    expect((await readFile(path)).includes('a plain word')).toBe(false)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(path, '..'))).toEqual(['device.tercet'])
    await store.close()
  })

  it('calls every changed byte damage or a wrong passphrase, never opens', async () => {
    const { path, store } = await make()
    await store.close()
    const good = await readFile(path)
    for (const at of [0, 7, 12, 13, 20, 40, 50, good.length - 1]) {
      const bad = Uint8Array.from(good)
      bad[at] = (bad[at] ?? 0) ^ 1
      await writeFile(path, bad)
      await expect(fileStorage({ path, passphrase: 'correct horse' })).rejects.toMatchObject({
        code: expect.stringMatching(/^(damaged|wrong-passphrase)$/),
      })
    }
    await writeFile(path, good.subarray(0, 30))
    await expect(fileStorage({ path, passphrase: 'correct horse' })).rejects.toMatchObject({
      code: 'damaged',
    })
  })

  it('lets one of two writers at the same moment write, and tells the other', async () => {
    for (let round = 0; round < 20; round++) {
      const { path, store } = await make()
      const other = await fileStorage({ path, passphrase: 'correct horse' })
      const ends = await Promise.allSettled([store.put({ a: bytes(1) }), other.put({ b: bytes(2) })])
      expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      await Promise.all([store.close(), other.close()])
      const again = await fileStorage({ path, passphrase: 'correct horse' })
      expect(await again.list('')).toEqual([ends[0].status === 'fulfilled' ? 'a' : 'b', 'secret'])
      await again.close()
    }
  })

  it('waits for a process that is writing, not for one that is gone', async () => {
    const { path, store } = await make()
    await writeFile(`${path}.lock`, String(process.ppid))
    const writing = store.put({ a: bytes(1) })
    setTimeout(() => void rm(`${path}.lock`), 200)
    await writing
    const gone = spawnSync(process.execPath, ['--version']).pid
    for (const holder of [gone, process.pid, '']) {
      await writeFile(`${path}.lock`, String(holder))
      await store.put({ b: bytes(2) })
    }
    expect(await readdir(join(path, '..'))).toEqual(['device.tercet'])
    await writeFile(`${path}.lock`, String(process.ppid))
    await expect(store.put({ c: bytes(3) })).rejects.toMatchObject({
      code: 'storage',
      message: expect.stringContaining(`${path}.lock`),
    })
    await rm(`${path}.lock`)
    // Nothing was written, so nothing is in doubt.
    await store.put({ c: bytes(3) })
    await store.close()
  })

  it('refuses to write over what another process wrote, and then acknowledges nothing more', async () => {
    const { path, store } = await make()
    const other = await fileStorage({ path, passphrase: 'correct horse' })
    await other.put({ theirs: bytes(1) })
    await expect(store.put({ mine: bytes(2) })).rejects.toMatchObject({ code: 'storage' })
    await expect(store.put({ mine: bytes(3) })).rejects.toMatchObject({ code: 'storage' })
    await other.close()
    const again = await fileStorage({ path, passphrase: 'correct horse' })
    expect(await again.list('')).toEqual(['secret', 'theirs'])
    await again.close()
    await store.close()
  })
})

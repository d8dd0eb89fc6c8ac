// What does a page do with the client? The calls of the Chromium test, and a watch over the page's own thread.
import { Wallet } from '@tercet/client'
import { indexedDbStorage } from '@tercet/client/storage/indexeddb'
import { type GapWatch, watchGaps } from './gaps.js'

/** What the test's process gives the page: the recovery key's half that the page must not hold. */
declare global {
  interface Window {
    register(identity: string): Promise<{ publicKey: string; proof: string }>
    page: typeof page
  }
}

const DATABASE = 'wallet'
let wallet: Wallet | undefined

async function create(node: string, inThisThread: boolean) {
  const storage = await indexedDbStorage({ name: inThisThread ? 'inline' : DATABASE })
  const watch: GapWatch = watchGaps()
  const made = await Wallet.create({
    node,
    storage,
    recovery: ({ identity }) => window.register(identity),
    ...(inThisThread && { random: (length: number) => crypto.getRandomValues(new Uint8Array(length)) }),
  })
  const longestGap = watch.stop()
  if (inThisThread) await made.close()
  else wallet = made
  return { id: made.id, address: made.address(), longestGap }
}

async function open(walletId: string) {
  const storage = await indexedDbStorage({ name: DATABASE })
  const watch = watchGaps()
  wallet = await Wallet.open({ storage, walletId })
  return { address: wallet.address(), listed: await Wallet.list(storage), longestGap: watch.stop() }
}

async function sign(message: string) {
  if (wallet === undefined) throw new Error('no wallet')
  const watch = watchGaps()
  const { serialized, mode } = await wallet.signMessage(message)
  return { serialized, mode, longestGap: watch.stop() }
}

/** Every key that the database holds: whether WebCrypto gives it out. */
async function keys() {
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    const asked = indexedDB.open(DATABASE)
    asked.onsuccess = () => resolve(asked.result)
    asked.onerror = () => reject(asked.error)
  })
  const found: { type: string; extractable: boolean; exported: boolean }[] = []
  for (const store of database.objectStoreNames) {
    const values = await new Promise<unknown[]>((resolve, reject) => {
      const asked = database.transaction(store).objectStore(store).getAll()
      asked.onsuccess = () => resolve(asked.result)
      asked.onerror = () => reject(asked.error)
    })
    for (const key of values.flatMap(keysIn)) {
      const format = key.type === 'secret' ? 'raw' : 'pkcs8'
      const exported = await crypto.subtle.exportKey(format, key).then(
        () => true,
        () => false,
      )
      found.push({ type: key.type, extractable: key.extractable, exported })
    }
  }
  database.close()
  return found
}

function keysIn(value: unknown): CryptoKey[] {
  if (value instanceof CryptoKey) return [value]
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  return Object.values(value).flatMap(keysIn)
}

/** For the positive control: the thread does nothing else for a while. */
async function blocked(milliseconds: number) {
  const watch = watchGaps()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const until = performance.now() + milliseconds
  while (performance.now() < until) Math.random()
  await new Promise((resolve) => setTimeout(resolve, 50))
  return watch.stop()
}

const page = { create, open, sign, keys, blocked }
window.page = page

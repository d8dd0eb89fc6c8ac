// What if a device went on before its share was on disk? A store that says so too early.
import type { DeviceStorage } from '@tercet/client'

/** Passes everything on, and writes what it said to have written when `due` resolves, if ever. A broken variant. */
export function lateStorage(storage: DeviceStorage, due: () => Promise<unknown>): DeviceStorage {
  const changed = new Map<string, Uint8Array | undefined>()
  let written: Promise<unknown> = Promise.resolve()
  const later = (work: () => Promise<void>): void => {
    written = Promise.all([written, due()]).then(work)
  }
  return {
    identity: () => storage.identity(),
    get: async (key) => (changed.has(key) ? changed.get(key)?.slice() : storage.get(key)),
    put: async (records) => {
      for (const [key, bytes] of Object.entries(records)) changed.set(key, bytes.slice())
      later(() => storage.put(records))
    },
    delete: async (keys) => {
      for (const key of keys) changed.set(key, undefined)
      later(() => storage.delete(keys))
    },
    list: async (prefix) => {
      const all = new Set([...(await storage.list(prefix)), ...changed.keys()])
      return [...all]
        .filter((key) => key.startsWith(prefix) && !(changed.has(key) && changed.get(key) === undefined))
        .sort()
    },
    close: async () => {
      await written
      await storage.close()
    },
  }
}

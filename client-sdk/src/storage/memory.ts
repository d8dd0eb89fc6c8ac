// A store that forgets with its process: for tests and for throw-away wallets.

import { generateIdentity, type Identity } from '@tercet/wire/identity'
import { TercetError } from '../errors.js'
import type { DeviceStorage } from './storage.js'

/** A new, empty store in memory. */
export function memoryStorage(): DeviceStorage {
  const records = new Map<string, Uint8Array>()
  let identity: Promise<Identity> | undefined
  let closed = false
  const open = (): void => {
    if (closed) throw new TercetError('closed')
  }
  return {
    async identity() {
      open()
      identity ??= generateIdentity()
      return identity
    },
    async get(key) {
      open()
      return records.get(key)?.slice()
    },
    async put(changes) {
      open()
      for (const [key, bytes] of Object.entries(changes)) records.set(key, bytes.slice())
    },
    async delete(keys) {
      open()
      for (const key of keys) records.delete(key)
    },
    async list(prefix) {
      open()
      return [...records.keys()].filter((key) => key.startsWith(prefix)).sort()
    },
    async close() {
      closed = true
      records.clear()
    },
  }
}

// How does one change of a wallet's shares keep out another, in this program and in other tabs?

import type { DeviceStorage } from './storage/storage.js'
import { Turnstile } from './waiting.js'

const turnstiles = new WeakMap<DeviceStorage, Map<string, Turnstile>>()

/** Runs work on a wallet while no other work of this kind runs on it: here, and in every tab of the same origin. */
export function exclusively<T>(storage: DeviceStorage, walletId: string, work: () => Promise<T>): Promise<T> {
  const ofStorage = turnstiles.get(storage) ?? new Map<string, Turnstile>()
  turnstiles.set(storage, ofStorage)
  const turnstile = ofStorage.get(walletId) ?? new Turnstile()
  ofStorage.set(walletId, turnstile)
  return turnstile.run(() => acrossTabs(walletId, work))
}

/** Tabs share one store. Programs on Node share none: a file has one writer. */
async function acrossTabs<T>(walletId: string, work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  if (locks === undefined) return work()
  return locks.request(`tercet/${walletId}`, work)
}

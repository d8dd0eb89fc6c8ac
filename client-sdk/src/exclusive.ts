// How does one change of a wallet's shares keep out another, in this program and in other tabs?

import { TercetError, throwIfAborted } from './errors.js'
import type { DeviceStorage } from './storage/storage.js'
import { Turnstile } from './waiting.js'

const turnstiles = new WeakMap<DeviceStorage, Map<string, Turnstile>>()

/**
 * Runs work on a wallet while no other work of this kind runs on it: here, and in every tab of the same origin. The
 * signal ends the wait for a turn; once it has begun, the work heeds it itself. @throws TercetError `aborted`
 */
export function exclusively<T>(
  storage: DeviceStorage,
  walletId: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const ofStorage = turnstiles.get(storage) ?? new Map<string, Turnstile>()
  turnstiles.set(storage, ofStorage)
  const turnstile = ofStorage.get(walletId) ?? new Turnstile()
  ofStorage.set(walletId, turnstile)
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new TercetError('aborted', { cause: signal?.reason }))
    if (signal?.aborted) return onAbort()
    signal?.addEventListener('abort', onAbort, { once: true })
    const begin = (): Promise<T> => {
      signal?.removeEventListener('abort', onAbort)
      throwIfAborted(signal)
      return work()
    }
    turnstile.run(() => acrossTabs(walletId, begin)).then(resolve, reject)
  })
}

/** Tabs share one store. Programs on Node share none: a file has one writer. */
async function acrossTabs<T>(walletId: string, work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks
  if (locks === undefined) return work()
  return locks.request(`tercet/${walletId}`, work)
}

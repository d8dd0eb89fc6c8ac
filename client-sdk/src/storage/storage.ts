// What must a device's store be able to do? (security.md 5; the conformance suite is storage.test.ts)

import type { Identity } from '@tercet/wire/identity'

/**
 * Durable records of one device, by key, and the device's identity. Every write is durable before its promise
 * resolves. A store that has failed to write says so (`storage`) and writes nothing more.
 */
export interface DeviceStorage {
  /** The device's identity: made and stored durably at the first call, the same ever after. */
  identity(): Promise<Identity>
  /** A copy of the record, or undefined. */
  get(key: string): Promise<Uint8Array | undefined>
  /** Writes all records or none. */
  put(records: Readonly<Record<string, Uint8Array>>): Promise<void>
  /** Deletes all records or none; absent keys are no error. */
  delete(keys: readonly string[]): Promise<void>
  /** The keys that begin with the prefix, sorted. */
  list(prefix: string): Promise<string[]>
  /** Releases what the store holds; later calls fail with `closed`. */
  close(): Promise<void>
}

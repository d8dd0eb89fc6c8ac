// What does a finished base OT leave behind, and which gadget vector belongs to it? (SPEC 2.3, 2.4)

import { bytesToHex } from '@noble/hashes/utils.js'
import { encodeScalar, SCALAR_BYTES } from '../curve.js'
import { Misuse } from '../errors.js'
import { Secret } from '../secret.js'
import { HS, u32be } from '../transcript.js'
import { DELTA_BYTES, HASH_BYTES, KEYS_BYTES, XI } from './parameters.js'

/** The choice string and one key per base OT, 32 bytes each, in order. */
export interface SenderKeys {
  readonly delta: Uint8Array
  readonly keys: Uint8Array
}

/** Both keys of every base OT, 32 bytes each, in order. */
export interface ReceiverKeys {
  readonly keys0: Uint8Array
  readonly keys1: Uint8Array
}

/** The half of a setup that sends in the OT extension; long-lived, prints as its name. */
export interface ExtensionSender {
  readonly id: Uint8Array
  readonly secret: Secret<'ExtensionSender', SenderKeys>
}

/** The half of a setup that receives in the OT extension; long-lived, prints as its name. */
export interface ExtensionReceiver {
  readonly id: Uint8Array
  readonly secret: Secret<'ExtensionReceiver', ReceiverKeys>
}

function copy(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length !== length) throw new Misuse('OT setup: length')
  return Uint8Array.from(bytes)
}

/** Copies of otSetupId (32 bytes), Delta (16) and the chosen keys (4096). @throws Misuse on another length */
export function extensionSender(id: Uint8Array, delta: Uint8Array, keys: Uint8Array): ExtensionSender {
  const content = { delta: copy(delta, DELTA_BYTES), keys: copy(keys, KEYS_BYTES) }
  return { id: copy(id, HASH_BYTES), secret: new Secret('ExtensionSender', content) }
}

/** Copies of otSetupId (32 bytes) and of both key strings (4096 each). @throws Misuse on another length */
export function extensionReceiver(id: Uint8Array, keys0: Uint8Array, keys1: Uint8Array): ExtensionReceiver {
  const content = { keys0: copy(keys0, KEYS_BYTES), keys1: copy(keys1, KEYS_BYTES) }
  return { id: copy(id, HASH_BYTES), secret: new Secret('ExtensionReceiver', content) }
}

/** The public vector g of a setup: as numbers, and as 32-byte strings one after the other. */
export interface Gadget {
  readonly values: readonly bigint[]
  readonly bytes: Uint8Array
}

const CACHED_GADGETS = 64
const cache = new Map<string, Gadget>()

/** `g_j = HS("gadget", otSetupId, j)`, j = 0..415; the vectors of the setups used last are kept. */
export function gadget(id: Uint8Array): Gadget {
  const key = bytesToHex(id)
  const found = cache.get(key) ?? makeGadget(id)
  cache.delete(key)
  cache.set(key, found)
  for (const oldest of cache.keys()) {
    if (cache.size <= CACHED_GADGETS) break
    cache.delete(oldest)
  }
  return found
}

function makeGadget(id: Uint8Array): Gadget {
  const values = Array.from({ length: XI }, (_, j) => HS('gadget', id, u32be(j)))
  const bytes = new Uint8Array(XI * SCALAR_BYTES)
  values.forEach((value, j) => {
    bytes.set(encodeScalar(value), j * SCALAR_BYTES)
  })
  return { values, bytes }
}

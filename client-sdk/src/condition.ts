// May this device still sign for a wallet? Not once it was replaced, and not unasked once the key was put together outside.

import { Malformed } from '@tercet/protocol/errors'
import { TercetError } from './errors.js'
import { decodeTexts, encodeTexts, read, reading, write } from './record-format.js'
import type { DeviceStorage } from './storage/storage.js'

export interface Condition {
  /** `shown`: the key was, or may have been, put together from two shares. `acknowledged`: the user knows and goes on. */
  readonly exposed?: 'shown' | 'acknowledged'
  /** The node has told, signed, that another device has this one's place. */
  readonly replaced?: boolean
}

/** @throws TercetError `damaged` */
export async function loadCondition(storage: DeviceStorage, walletId: string): Promise<Condition> {
  const bytes = await read(storage, walletId, 'condition')
  return bytes === undefined ? {} : reading(() => decodeCondition(bytes))
}

/** Marks that the key is about to be put together. Stored before this device's share leaves it. */
export async function markExposed(storage: DeviceStorage, walletId: string): Promise<void> {
  await change(storage, walletId, { exposed: 'shown' })
}

/** The user knows that the key was put together, and signs with it nevertheless: to move what it holds. */
export async function acknowledgeExposure(storage: DeviceStorage, walletId: string): Promise<void> {
  const { exposed } = await loadCondition(storage, walletId)
  if (exposed !== undefined) await change(storage, walletId, { exposed: 'acknowledged' })
}

/** Marks that another device has this one's place. */
export async function markReplaced(storage: DeviceStorage, walletId: string): Promise<void> {
  await change(storage, walletId, { replaced: true })
}

/** For what the node takes part in. @throws TercetError `replaced`, `exposed`, `damaged` */
export async function assertUsable(storage: DeviceStorage, walletId: string): Promise<void> {
  if ((await loadCondition(storage, walletId)).replaced) throw new TercetError('replaced')
  await assertNotExposed(storage, walletId)
}

/**
 * For what is done with the recovery key's holder, who knows whether this device was replaced: a node that lies about it
 * keeps nobody from leaving. @throws TercetError `exposed`, `damaged`
 */
export async function assertNotExposed(storage: DeviceStorage, walletId: string): Promise<void> {
  if ((await loadCondition(storage, walletId)).exposed === 'shown') throw new TercetError('exposed')
}

async function change(storage: DeviceStorage, walletId: string, changes: Condition): Promise<void> {
  const condition = { ...(await loadCondition(storage, walletId)), ...changes }
  await write(storage, walletId, { condition: encodeCondition(condition) })
}

function encodeCondition({ exposed, replaced }: Condition): Uint8Array {
  return encodeTexts({
    version: '1',
    ...(exposed === undefined ? {} : { exposed }),
    ...(replaced === true ? { replaced: 'yes' } : {}),
  })
}

/** @throws Malformed */
function decodeCondition(bytes: Uint8Array): Condition {
  const { version, exposed, replaced } = decodeTexts(bytes, 'condition')
  if (version !== '1') throw new Malformed('condition.version')
  const known = (['shown', 'acknowledged'] as const).find((name) => name === exposed)
  if (exposed !== undefined && known === undefined) throw new Malformed('condition.exposed')
  return {
    ...(known === undefined ? {} : { exposed: known }),
    ...(replaced === undefined ? {} : { replaced: true }),
  }
}

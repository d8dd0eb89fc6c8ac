// How does the recovery machine put the key together, once both sides have agreed that this is what is wanted? (SPEC 5.6)

import { evmAddress } from '@tercet/chains/evm'
import { assemble, open } from '@tercet/protocol/assemble'
import { derive, formatPath, type Path } from '@tercet/protocol/derivation'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import type { Random } from '@tercet/protocol/random'
import type { Conversation } from '@tercet/wire/conversation'
import { decodeGeneration } from '@tercet/wire/exit'
import type { AssembledKey } from './assembled-key.js'
import { type Newest, openedFor } from './generation.js'
import { reasonOf } from './serve.js'

export interface AssembleOptions {
  /** Party 3's. */
  readonly share: KeyShare
  /** Where the device is further than the kit. */
  readonly newest?: Newest
  /** idD of the kit, 34 bytes */
  readonly device: Uint8Array
  /** idV, 34 bytes */
  readonly recovery: Uint8Array
  readonly conversation: Conversation
  readonly random: Random
  /** Of the key that is wanted. */
  readonly path: Path
  /** Puts the key where its owner wants it, durably. */
  readonly keep: (key: AssembledKey) => Promise<void>
}

/**
 * Waits for the device, which agrees in its turn and marks the wallet before its share leaves it. The device is told only
 * once the key is kept. @throws ExitRefused, LinkError, Malformed, ProtocolAbort; the device is told the reason
 */
export async function serveAssembly(options: AssembleOptions): Promise<AssembledKey> {
  const { conversation, newest, device, recovery, random, path, keep } = options
  try {
    const { body } = await conversation.receive('assemble')
    const { share } = await openedFor<{ readonly share: KeyShare }>(decodeGeneration(body), options, newest)
    const { state, send } = open(random)
    const sealed = await conversation.ask('assemble.key', send, 'assemble.share')
    const { session } = conversation
    if (session === undefined) throw new ProtocolAbort('context')
    const { publicKey, tweak } = derive(share, path)
    const privateKey = assemble(state, share, { device, recovery, session }, sealed, tweak)
    const key = { privateKey, path: formatPath(path), address: evmAddress(publicKey) }
    await keep(key)
    // Kept is kept: a device that is gone by now loses nothing but the good news.
    await conversation.send('assemble.done', new Uint8Array(0)).catch(() => undefined)
    return key
  } catch (error) {
    await conversation.stop(reasonOf(error))
    throw error
  }
}

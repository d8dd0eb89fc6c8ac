// How does a device give its share away, once, for a key that is put together outside? (SPEC 5.6)

import { sealShare } from '@tercet/protocol/assemble'
import { Malformed } from '@tercet/protocol/errors'
import { decodeKeyShare } from '@tercet/protocol/key-share'
import type { Random } from '@tercet/protocol/random'
import { type Conversation, LinkError } from '@tercet/wire/conversation'
import { encodeGeneration } from '@tercet/wire/exit'
import type { Identity } from '@tercet/wire/identity'
import { markExposed } from '../condition.js'
import { TercetError } from '../errors.js'
import type { WalletRecords } from '../records.js'
import type { DeviceStorage } from '../storage/storage.js'

/** What the user types to say that it is meant. */
export const ASSEMBLE_SENTENCE = 'put my key together outside'

export interface Giving {
  readonly storage: DeviceStorage
  readonly walletId: string
  readonly records: WalletRecords
  readonly identity: Identity
  /** idV, 34 bytes */
  readonly recovery: Uint8Array
  readonly conversation: Conversation
  readonly random: Random
}

/**
 * Marks the wallet as exposed, durably, and only then sends the share. The mark stays whatever happens afterwards: nobody
 * can know what became of the share. @throws TercetError `denied` without the sentence; LinkError
 */
export async function giveShare(giving: Giving, understood: string): Promise<void> {
  const { storage, walletId, records, identity, recovery, conversation, random } = giving
  if (understood !== ASSEMBLE_SENTENCE)
    throw new TercetError('denied', { message: `Nothing was sent: type "${ASSEMBLE_SENTENCE}" to go on.` })
  const { keyId, epoch, attempt, transcript } = records.kit.record
  const body = encodeGeneration({ keyId, epoch, attempt, transcript })
  const peerKey = await conversation.ask('assemble', body, 'assemble.key')
  if (peerKey.length !== 32) throw new Malformed('assemble.key')
  const { session } = conversation
  if (session === undefined) throw new LinkError('unexpected', 'the session has no name')
  await markExposed(storage, walletId)
  const assembly = { device: identity.publicIdentity, recovery, session }
  const sealed = sealShare(decodeKeyShare(records.share), assembly, peerKey, random)
  await conversation.ask('assemble.share', sealed, 'assemble.done')
}

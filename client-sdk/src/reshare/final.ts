// How does the cosigner learn that the old shares are needed no more, and the device that its own are? (SPEC 5.2: FINAL)

import type { ShareId } from '@tercet/protocol/epochs'
import { encodeMessage } from '@tercet/protocol/messages'
import { markReplaced } from '../condition.js'
import { codeOf, TercetError } from '../errors.js'
import { namesOf } from '../kits.js'
import type { Live } from '../live.js'
import { statusIn } from './answers.js'

/** FINAL of the present epoch: the store has it. Harmless when repeated. @throws TercetError `replaced` and those of the channel */
export async function sendFinal(live: Live, signal?: AbortSignal): Promise<void> {
  const { epoch, attempt } = live.records.kit.record
  const id: ShareId = { epoch, attempt }
  const body = encodeMessage('reshare.req4', id)
  const answer = await live.channel.ask('reshare.final', namesOf(live), body, signal)
  if (statusIn(answer, id)?.status === 'revoked') await endReplaced(live)
}

/** The node has told, signed, that another device has this one's place. @throws TercetError `replaced` */
export async function endReplaced({ storage, walletId }: Live): Promise<never> {
  await markReplaced(storage, walletId)
  throw new TercetError('replaced')
}

/**
 * Asks a node that does not know this device any more why: a device that was replaced is told so, and so is its user.
 * @throws TercetError `replaced`, or the error that was given
 */
export async function explain(live: Live, error: TercetError, signal?: AbortSignal): Promise<never> {
  try {
    await sendFinal(live, signal)
  } catch (reason) {
    if (codeOf(reason) === 'replaced') throw reason
  }
  throw error
}

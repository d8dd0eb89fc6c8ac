// How does the old device end a move, from wherever it stopped? It commits for the new one, and then erases its own share. (SPEC 5.2)

import { device } from '@tercet/protocol/epochs'
import { verifyTagged } from '@tercet/wire/identity'
import { markReplaced } from '../condition.js'
import { dropPending, loadEpochs, loadPending, storeEpochs, storeHandedOver } from '../epoch-records.js'
import { TercetError } from '../errors.js'
import type { Live } from '../live.js'
import { assertEcho, read, statusIn } from '../reshare/answers.js'
import { endReplaced } from '../reshare/final.js'

/**
 * The node's COMMITTED, for the new device; undefined where no move is under way, or where it will never be. This device is
 * marked as replaced before its share goes. @throws TercetError; what is under way then stays, and is repeated
 */
export async function finishMove(live: Live, signal?: AbortSignal): Promise<Uint8Array | undefined> {
  const { storage, walletId, channel, records } = live
  const before = await loadEpochs(storage, walletId, records.kit)
  const { pend } = before
  if (pend?.role !== 'hand-over') return undefined
  const { commit, kit } = await loadPending(storage, walletId)
  const { state } = device.commitSent(before)
  if (!before.commitSent) await storeEpochs(storage, walletId, state)
  const { keyId, epoch } = records.kit.record
  const names = { opType: 'reshare', keyId, epoch, sessionId: commit.sessionId, walletId } as const
  const answer = await channel.session(names, commit.previous).send('reshare.commit', commit.body, signal)
  const status = statusIn(answer, pend.id)
  if (status?.status === 'unknown') {
    await dropPending(storage, walletId, device.unknown(state, pend.id).state)
    return undefined
  }
  if (status?.status === 'revoked') return endReplaced(live)
  if (status !== undefined)
    throw new TercetError('delayed', { message: 'The node does not obey this move yet.' })
  const message = read('reshare.res3', answer)
  assertEcho(message, pend.id)
  const { transcript, sidInputs } = kit.record
  if (!(await verifyTagged(sidInputs.idC, message.active, 'sig/active', keyId, transcript)))
    throw new TercetError('peer-fault', { incident: 'transcript' })
  await markReplaced(storage, walletId)
  const after = device.committed(state, pend.id).state
  await live.pair.replace(() => storeHandedOver(storage, walletId, after))
  live.presigner.close()
  return answer
}

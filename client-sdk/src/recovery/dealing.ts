// What do all reshares have in common that a device deals for others? (SPEC 5.2: attempts and refusals)

import { type Begin, type DeviceEpochs, device, type ShareId } from '@tercet/protocol/epochs'
import { dropPending, loadEpochs, storeEpochs } from '../epoch-records.js'
import { TercetError } from '../errors.js'
import type { Live } from '../live.js'
import { asPeerFault, standing, statusIn } from '../reshare/answers.js'
import { endReplaced } from '../reshare/final.js'

/** Takes the next attempt, durably: it is never used again. @throws TercetError `conflict` while a commit is under way */
export async function nextAttempt(
  { storage, walletId, records }: Live,
  begin?: Begin,
): Promise<{ state: DeviceEpochs; id: ShareId }> {
  const before = await loadEpochs(storage, walletId, records.kit)
  const step = device.prepare(before, begin)
  if (step === null) throw new TercetError('conflict')
  await (step.effects.length > 0 ? dropPending : storeEpochs)(storage, walletId, step.state)
  return step
}

/** A node that prepares nothing ends the attempt; what it says of itself is kept. @throws TercetError `conflict`, `replaced` */
export async function assertPrepared(
  live: Live,
  state: DeviceEpochs,
  id: ShareId,
  answer: Uint8Array,
  message: string,
): Promise<void> {
  const status = statusIn(answer, id)
  if (status === undefined) return
  if (status.status === 'revoked') await endReplaced(live)
  await storeEpochs(live.storage, live.walletId, device.refused(state, { id, ...standing(status) }).state)
  throw new TercetError('conflict', { message })
}

/** Runs a step on what a peer has sent; a check that it fails is its fault. @throws TercetError `peer-fault` */
export async function checked<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw asPeerFault(error)
  }
}

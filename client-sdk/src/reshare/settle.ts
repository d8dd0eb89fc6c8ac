// What becomes of a commit that may have been asked for? It is repeated, byte for byte, until it is answered. (SPEC 5.2)

import { type DeviceEpochs, type DevicePending, device } from '@tercet/protocol/epochs'
import type { Kit } from '@tercet/wire/kit'
import { servedKit } from '@tercet/wire/served'
import {
  dropPending,
  loadEpochs,
  loadPending,
  type Pending,
  storeEpochs,
  storeSwitched,
} from '../epoch-records.js'
import { codeOf, TercetError } from '../errors.js'
import { staleKit } from '../kits.js'
import type { Live } from '../live.js'
import { loadWallet } from '../records.js'
import { newAge } from '../setup-age.js'
import { assertEcho, read, statusIn } from './answers.js'
import { endReplaced } from './final.js'

/** `none`: nothing was under way. `committed`: the new epoch is the one that signs. `unknown`: it will never be. */
export type Settled = 'none' | 'committed' | 'unknown'

/** Ends what is under way, if anything is. @throws TercetError; what is under way then stays, and is repeated */
export async function settle(live: Live, signal?: AbortSignal): Promise<Settled> {
  const { storage, walletId, records } = live
  const state = await loadEpochs(storage, walletId, records.kit)
  if (state.pend === null || state.pend.role !== 'refresh') return 'none'
  const pending = await loadPending(storage, walletId)
  return commit(live, state, state.pend, pending, signal)
}

/**
 * The same where the user says that the node is gone: then nobody will ever answer, and what is under way is given up. The
 * old shares are those that the recovery key deals with. @throws TercetError `storage`, `damaged`, `aborted`
 */
export async function settleOrGiveUp(live: Live, signal?: AbortSignal): Promise<Settled> {
  try {
    return await settle(live, signal)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'storage' || code === 'damaged' || code === 'aborted' || code === 'closed') throw error
  }
  const { storage, walletId, records } = live
  const state = await loadEpochs(storage, walletId, records.kit)
  if (state.pend?.role !== 'refresh') return 'none'
  await dropPending(storage, walletId, device.unknown(state, state.pend.id).state)
  return 'unknown'
}

/** Marks that COMMIT may have been sent, and sends it. */
async function commit(
  live: Live,
  before: DeviceEpochs,
  pend: DevicePending,
  pending: Pending,
  signal: AbortSignal | undefined,
): Promise<Settled> {
  const { storage, walletId, channel, records } = live
  const { state } = device.commitSent(before)
  if (!before.commitSent) await storeEpochs(storage, walletId, state)
  const { sessionId, previous, body } = pending.commit
  const { keyId, epoch } = records.kit.record
  const session = channel.session({ opType: 'reshare', keyId, epoch, sessionId, walletId }, previous)
  const answer = await session.send('reshare.commit', body, signal)
  const status = statusIn(answer, pend.id)
  if (status === undefined) {
    const kit = await completeKit(pending.kit, answer, pend)
    await switchTo(live, device.committed(state, pend.id).state, { ...pending, kit })
    return 'committed'
  }
  switch (status.status) {
    case 'unknown':
      await dropPending(storage, walletId, device.unknown(state, pend.id).state)
      return 'unknown'
    case 'revoked':
      await dropPending(storage, walletId, device.revoked(state).state)
      return endReplaced(live)
    case 'refused':
      throw new TercetError('delayed', { message: 'The node does not obey this commit yet.' })
  }
}

/** The kit with the node's address, once the cosigner has said that the new epoch is served. @throws TercetError `peer-fault` */
async function completeKit(kit: Kit, answer: Uint8Array, pend: DevicePending): Promise<Kit> {
  const message = read('reshare.res3', answer)
  assertEcho(message, pend.id)
  const served = await servedKit(kit, message)
  if (served === undefined) throw new TercetError('peer-fault', { incident: 'transcript' })
  return served
}

/** The new epoch takes the place of the old one: in the store first, then in this process. */
async function switchTo(live: Live, state: DeviceEpochs, { share, otSetup, kit }: Pending): Promise<void> {
  const { storage, walletId } = live
  // Strikes survive; the setup of the new epoch is live, and new.
  const { renew: _, ...kept } = (await loadWallet(storage, walletId)).meta
  const meta = { ...kept, age: newAge(Math.floor(live.channel.options.clock() / 1000)) }
  const records = { meta, share, otSetup, kit }
  await live.pair.replace(() => storeSwitched(storage, walletId, state, records))
  live.adopt(records)
  const stale = await staleKit(live).catch(() => undefined)
  if (stale !== undefined) live.events.emit('kit-changed', stale)
}

// When does a new device use the share that it was handed? Once the cosigner has said that it serves it. (SPEC 5.2)

import { equalBytes } from '@tercet/protocol/bytes'
import { type DeviceEpochs, type DevicePending, device } from '@tercet/protocol/epochs'
import type { Conversation } from '@tercet/wire/conversation'
import { type Identity, verifyTagged } from '@tercet/wire/identity'
import type { Invitation } from '@tercet/wire/join-code'
import { decodeKit, type Kit } from '@tercet/wire/kit'
import { servedKit } from '@tercet/wire/served'
import type { Engine } from '../engine/contract.js'
import { type Pending, storeSwitched } from '../epoch-records.js'
import { codeOf, TercetError, throwIfAborted } from '../errors.js'
import type { Creation } from '../keygen.js'
import type { Live } from '../live.js'
import { finish } from '../opening.js'
import { channelOf, given } from '../options.js'
import type { Report } from '../progress.js'
import type { WalletMeta } from '../records.js'
import { assertEcho, read } from '../reshare/answers.js'
import { pause } from '../waiting.js'
import { type JoinOptions, walletOptions } from './join-options.js'
import type { JoinStage } from './stages.js'

/** What a joining works with. */
export interface Joining {
  readonly options: JoinOptions
  readonly invitation: Invitation
  readonly walletId: string
  readonly identity: Identity
  readonly engine: Engine
  readonly report: Report<JoinStage>
  /** Ends every wait: the caller's signal, or that the joining is over. */
  readonly signal: AbortSignal
}

/** A share that is stored and not committed yet, as far as this device knows. */
export interface HeldShare {
  readonly state: DeviceEpochs
  readonly pend: DevicePending
  readonly pending: Pending
}

const POLL_MILLISECONDS = 2000
const WAIT_MILLISECONDS = 600_000
/** For the node's word once the link is gone: the other machine may be committing, and it may have to be run again. */
const AFTER_LINK_MILLISECONDS = 120_000

/**
 * Waits for the cosigner's word: from whoever handed the share over, or from the node itself, whichever comes first.
 * @throws TercetError `delayed` when it does not come in time: the share stays, and a later call asks again
 */
export async function awaitCommit(
  joining: Joining,
  held: HeldShare,
  conversation: Conversation,
): Promise<Kit> {
  joining.report('commit')
  const gone = new AbortController()
  const heard = overLink(conversation, held).catch((error: unknown) => {
    gone.abort()
    throw error
  })
  return firstOf([heard, askNode(joining, held, gone.signal)])
}

/** The first that succeeds; where none does, what the last one says. */
export async function firstOf<T>(ways: readonly Promise<T>[]): Promise<T> {
  try {
    return await Promise.any(ways)
  } catch (error) {
    throw error instanceof AggregateError ? error.errors.at(-1) : error
  }
}

/** Switches to the share, with the kit that the cosigner serves, and opens the wallet. */
export async function openJoined(joining: Joining, held: HeldShare, kit: Kit): Promise<Live> {
  const { options, invitation, walletId, engine, report } = joining
  const { storage } = options
  // The new epoch has no OT setup yet: it is made with the first signature.
  const meta: WalletMeta = {
    stage: 'test',
    node: options.node ?? kit.node.address,
    cosigner: invitation.cosigner,
    renew: 'mismatch',
  }
  const records = { meta, share: held.pending.share, otSetup: new Uint8Array(0), kit }
  await storeSwitched(storage, walletId, device.committed(held.state, held.pend.id).state, records)
  const creation: Creation = {
    ...given(walletOptions(options)),
    channel: await channelOf(walletOptions(options), meta.node, meta.cosigner),
    engine,
    report: (stage) => {
      if (stage === 'self-test' || stage === 'ready') report(stage)
    },
  }
  return finish(walletOptions(options), creation, walletId, records)
}

/** COMMITTED as the other machine passes it on. @throws TercetError `peer-fault`; LinkError */
async function overLink(conversation: Conversation, { pend, pending }: HeldShare): Promise<Kit> {
  const { body } = await conversation.receive('committed')
  const message = read('reshare.res3', body)
  assertEcho(message, pend.id)
  const served = await servedKit(pending.kit, message)
  if (served === undefined) throw new TercetError('peer-fault', { incident: 'transcript' })
  return served
}

/** The kit that the node serves this device, once it is the new one. @throws TercetError `delayed`, `aborted` */
export async function askNode(
  joining: Joining,
  { pending }: HeldShare,
  linkGone?: AbortSignal,
): Promise<Kit> {
  const { options, invitation, walletId, signal } = joining
  const { kit } = pending
  const { keyId, epoch, transcript, sidInputs } = kit.record
  const node = options.node ?? kit.node.address
  const channel = await channelOf(walletOptions(options), node, invitation.cosigner)
  let deadline = performance.now() + (options.linkTimeoutMilliseconds ?? WAIT_MILLISECONDS)
  linkGone?.addEventListener('abort', () => {
    deadline = Math.min(deadline, performance.now() + AFTER_LINK_MILLISECONDS)
  })
  for (;;) {
    throwIfAborted(signal)
    const theirs = await channel
      .ask('kit', { walletId, keyId, epoch }, undefined, signal)
      .catch((error: unknown) => {
        if (codeOf(error) === 'aborted') throw error
        return undefined
      })
    if (theirs !== undefined) {
      const served = decodeKit(theirs)
      const { address, signature } = served.node
      const addressed = await verifyTagged(sidInputs.idC, signature, 'sig/node', keyId, address)
      if (equalBytes(served.record.transcript, transcript) && addressed) return { ...kit, node: served.node }
    }
    if (performance.now() > deadline) {
      throw new TercetError('delayed', {
        message:
          'The share is stored, but the node does not serve it yet. Run the other machine again, and join again.',
      })
    }
    await pause(POLL_MILLISECONDS, signal)
  }
}

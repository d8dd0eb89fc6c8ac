// How does the program become party 3 for one session: kit checked, share opened in memory, link open?

import { randomBytes } from 'node:crypto'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { Conversation, LinkError } from '@tercet/wire/conversation'
import { type Identity, recoverySigner } from '@tercet/wire/identity'
import { Refused } from '../exit.js'
import { type KeyOptions, openKeyFor } from '../key-source.js'
import { type ConsistentKit, kitAddress } from '../kit-verification.js'
import { openShare } from '../kits.js'
import { openLink } from '../link/open.js'
import { goingOnWith, newestKit } from '../newest-kit.js'
import { NodeClient, NodeError } from '../recover/node-client.js'
import { tell } from '../terminal.js'
import { confirmOneMachine } from './ask.js'
import type { Newest, Opened } from './generation.js'
import { ExitRefused } from './judge.js'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const WAIT_SECONDS = 600
/** A device is waiting meanwhile. */
const NODE_PATIENCE = { tries: 2, milliseconds: 5000 }

/** Party 3 in a session with the device of its kit. */
export interface Party {
  readonly share: KeyShare
  /** Of the kit that the share was opened from. */
  readonly record: KeyRecord
  /** Of the newest kit, for a device that is further than the kit at hand. */
  readonly newest: Newest
  /** idD of the kit, 34 bytes */
  readonly device: Uint8Array
  /** idV, 34 bytes */
  readonly recovery: Uint8Array
  readonly conversation: Conversation
  /** Of the recovery key; signs, and leaves this process never. */
  readonly kappa: bigint
}

export interface PartyOptions extends KeyOptions {
  readonly link: string
  /** The wallet's address, where the user gives it. */
  readonly address?: string
  /** For one message of the device, seconds. */
  readonly wait?: number
  /** Confirms beforehand that two shares come together on this machine. */
  readonly oneMachine?: boolean
}

/** The kit is that of the address, where one was given. @throws Refused `failed` */
export function assertAddress({ kit }: ConsistentKit, address: string | undefined): void {
  const found = kitAddress(kit)
  if (address !== undefined && found.toLowerCase() !== address.toLowerCase())
    throw new Refused('failed', `this kit is of another wallet: ${found}`, { reason: 'other-wallet' })
}

/** Opens share and link for the work, and closes the link after it. @throws Refused, with the session's end in plain words */
export async function asParty<T>(
  found: ConsistentKit,
  options: PartyOptions,
  work: (party: Party) => Promise<T>,
): Promise<T> {
  assertAddress(found, options.address)
  await confirmOneMachine(options.link, options.oneMachine)
  const { sidInputs } = found.kit.record
  tell('opening the recovery key')
  const { kappa } = await openKeyFor(sidInputs.recoveryKey, options)
  const share = openShare(found, kappa)
  const { record } = found.kit
  const identity = recoverySigner(kappa)
  const link = await openLink(options.link)
  const conversation = new Conversation({
    link,
    identity,
    peer: sidInputs.idD,
    timeoutMilliseconds: (options.wait ?? WAIT_SECONDS) * 1000,
  })
  try {
    return await work({
      share,
      record,
      newest: () => openNewest(found, kappa, identity),
      device: sidInputs.idD,
      recovery: identity.publicIdentity,
      conversation,
      kappa,
    })
  } catch (error) {
    throw asRefused(error)
  } finally {
    await link.close()
  }
}

/** The node may be gone: that is no failure. A device other than that of the kit at hand is not the one that is spoken with. */
async function openNewest(
  atHand: ConsistentKit,
  kappa: bigint,
  identity: Identity,
): Promise<Opened | undefined> {
  const { walletId, node: url, epoch, kit } = atHand
  const { keyId, sidInputs } = kit.record
  tell('the device is further than this kit: asking the node for its kit')
  const wallet = { walletId, keyId, epoch, cosigner: sidInputs.idC }
  const client = new NodeClient({ url, identity, ...wallet, patience: NODE_PATIENCE })
  try {
    const { found, changed } = await newestKit(atHand, client)
    if (found === atHand || changed.length > 0) return undefined
    tell(goingOnWith(atHand, found))
    return { share: openShare(found, kappa), record: found.kit.record }
  } catch (error) {
    if (!(error instanceof NodeError)) throw error
    tell(`no kit from the node: ${error.message}`)
    return undefined
  }
}

export function asRefused(error: unknown): unknown {
  if (error instanceof ExitRefused) return new Refused('failed', error.message, { reason: error.code })
  if (error instanceof LinkError)
    return new Refused('failed', error.message, { reason: error.reason ?? error.code })
  if (error instanceof Malformed) {
    const details = { reason: 'malformed', field: error.field }
    return new Refused('failed', `the other side sent something malformed: ${error.field}`, details)
  }
  if (error instanceof ProtocolAbort)
    return new Refused('failed', `the other side failed a check of the protocol: ${error.reason}`, {
      reason: error.reason,
    })
  return error
}

/** Reads `--wait`. */
export function parseSeconds(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Refused('usage', `--wait: not a number of seconds: ${text}`)
  return Number(text)
}

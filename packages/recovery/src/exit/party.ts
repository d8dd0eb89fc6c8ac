// How does the program become party 3 for one session: kit checked, share opened in memory, link open?

import { randomBytes } from 'node:crypto'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import { Conversation, LinkError } from '@tercet/wire/conversation'
import { recoverySigner } from '@tercet/wire/identity'
import { Refused } from '../exit.js'
import { type KeyOptions, openKeyFor } from '../key-source.js'
import { type ConsistentKit, kitAddress } from '../kit-verification.js'
import { openShare } from '../kits.js'
import { openLink } from '../link/open.js'
import { tell } from '../terminal.js'
import { confirmOneMachine } from './ask.js'
import { ExitRefused } from './judge.js'

export const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
export const WAIT_SECONDS = 600

/** Party 3 in a session with the device of its kit. */
export interface Party {
  readonly share: KeyShare
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

export function asRefused(error: unknown): unknown {
  if (error instanceof ExitRefused) return new Refused('failed', error.message, { reason: error.reason })
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

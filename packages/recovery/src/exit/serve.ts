// How does the recovery machine sign with the device, without the node? It answers, and a person confirms. (SPEC 4; product, Leaving)

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import type { Random } from '@tercet/protocol/random'
import { type Conversation, LinkError } from '@tercet/wire/conversation'
import { decodeExitRequest } from '@tercet/wire/exit'
import type { StopReason } from '@tercet/wire/link'
import { type Newest, openedFor } from './generation.js'
import { assertInTime, ExitRefused, type Judged, judge } from './judge.js'
import { Responder } from './responder.js'

export interface ExitOptions {
  /** Party 3's share, opened from the kit. */
  readonly share: KeyShare
  /** Where the device is further than the kit. */
  readonly newest?: Newest
  /** idD of the kit, 34 bytes */
  readonly device: Uint8Array
  /** idV, 34 bytes */
  readonly recovery: Uint8Array
  readonly conversation: Conversation
  readonly random: Random
  readonly rawDigest: boolean
  /** Unix seconds. */
  readonly now: () => number
  /** Shows what is asked for; whether a person agrees. */
  readonly confirm: (judged: Judged) => Promise<boolean>
  readonly onSigned: (judged: Judged) => void
}

/**
 * Answers the device until it is done. Every signature was shown and confirmed before anything was computed for it.
 * @throws ExitRefused, LinkError, Malformed, ProtocolAbort; the device is told the reason
 */
export async function serveExit(options: ExitOptions): Promise<void> {
  const { conversation } = options
  try {
    await answerAll(options)
  } catch (error) {
    await conversation.stop(reasonOf(error))
    throw error
  }
}

async function answerAll(options: ExitOptions): Promise<void> {
  const { conversation, newest, now, onSigned } = options
  let party: { readonly share: KeyShare } = options
  let responder = new Responder(options)
  let agreed: Judged | undefined
  for (;;) {
    const heard = await nextUnlessDone(conversation)
    if (heard === undefined) return
    if (heard.type === 'request') {
      const { request, message, ...generation } = decodeExitRequest(heard.body)
      party = await openedFor(generation, party, newest)
      responder = new Responder({ ...options, share: party.share })
      agreed = await confirmed(options, request)
      const opened = await conversation.ask('ot.res1', responder.answerSetup(message), 'ot.req2')
      await conversation.send('ot.res2', responder.confirmSetup(opened))
      continue
    }
    const request = responder.requestOf(heard.body)
    // The request that came with the setup is confirmed already; every other one is new.
    const isAgreed = agreed !== undefined && equalBytes(agreed.input.request, request)
    const judged: Judged = isAgreed && agreed !== undefined ? agreed : await confirmed(options, request)
    agreed = undefined
    const answer = responder.answerFresh(heard.body, judged.input)
    const opening = await conversation.ask('fresh.res1', answer, 'fresh.req2')
    assertInTime(judged, now())
    await conversation.send('fresh.res2', responder.release(opening))
    onSigned(judged)
  }
}

async function confirmed(options: ExitOptions, request: Uint8Array): Promise<Judged> {
  const { share, rawDigest, now, confirm } = options
  const judged = judge(request, share, { now: now(), rawDigest })
  if (!(await confirm(judged))) throw new ExitRefused('refused', 'not confirmed: nothing was signed')
  assertInTime(judged, now())
  return judged
}

/** What the device asks next; nothing when it says that it is done. */
async function nextUnlessDone(conversation: Conversation) {
  try {
    return await conversation.receive('request', 'fresh.req1')
  } catch (error) {
    if (error instanceof LinkError && error.code === 'stopped' && error.reason === 'done') return undefined
    throw error
  }
}

/** What the device is told of an error. */
export function reasonOf(error: unknown): StopReason {
  if (error instanceof ExitRefused) return error.reason
  if (error instanceof Malformed) return 'malformed'
  if (error instanceof LinkError) return 'aborted'
  return 'fault'
}

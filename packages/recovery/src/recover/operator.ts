// How does the recovery party deal in the place of a node that is gone? For the device, over a link, to a new node that its user named. (SPEC 5.1, 5.3)

import { equalBytes } from '@tercet/protocol/bytes'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import { answerReplace, dealReplace } from '@tercet/protocol/reshare'
import type { Conversation } from '@tercet/wire/conversation'
import { type Identity, signTagged } from '@tercet/wire/identity'
import { verifyOffer } from '@tercet/wire/offer'
import { type Newest, type Opened, openedFor } from '../exit/generation.js'
import { ExitRefused } from '../exit/judge.js'
import { reasonOf } from '../exit/serve.js'

export interface OperatorOptions extends Opened {
  /** Where the device is further than the kit. */
  readonly newest?: Newest
  /** idV: signs with kappa. */
  readonly identity: Identity
  /** idC' as the user has it from the new node's operator, and from nobody on the way: 34 bytes. */
  readonly newNode: Uint8Array
  readonly conversation: Conversation
  readonly random: Random
}

/**
 * Answers the device once. What it deals is sealed to the new node's key, which that node has signed: a device that names a
 * key of its own gets nothing. @throws ExitRefused, LinkError, Malformed, ProtocolAbort; the device is told the reason
 */
export async function serveOperatorChange(options: OperatorOptions): Promise<{ epoch: number }> {
  const { identity, newNode, conversation, random } = options
  try {
    const { body } = await conversation.receive('replace.req1')
    const message = decodeMessage('replace.req1', body)
    const { keyId: asked, baseEpoch, baseAttempt } = message
    const base = { keyId: asked, epoch: baseEpoch, attempt: baseAttempt }
    const { share, record } = await openedFor<Opened>(base, options, options.newest)
    await assertAsked(newNode, share, message)
    const newcomer = { party: COSIGNER, identity: newNode } as const
    const first = answerReplace({ share, record, initiator: DEVICE, newcomer }, message, random)
    const opened = await conversation.ask('replace.res1', first.send, 'replace.req2')
    const dealt = dealReplace(first.state, decodeMessage('replace.req2', opened), random)
    const { keyId, transcript, epoch } = dealt.record
    const signature = await signTagged(identity, 'sig/tr', 'recovery', keyId, transcript)
    await conversation.send('replace.res2', encodeMessage('replace.res2', { ...dealt.send, signature }))
    return { epoch }
  } catch (error) {
    await conversation.stop(reasonOf(error))
    throw error
  }
}

/** The new node is the one that the user meant. @throws ExitRefused, ProtocolAbort */
async function assertAsked(
  newNode: Uint8Array,
  { keyId, transcript }: KeyShare,
  message: MessageOf<'replace.req1'>,
): Promise<void> {
  const { epoch, attempt, newcomerIdentity, newcomerSealKey: sealKey, newcomerSignature } = message
  const terms = { keyId, transcriptBase: transcript, epoch, attempt, party: COSIGNER, sealKey } as const
  const signed = await verifyOffer(newNode, terms, newcomerSignature)
  if (message.newcomer !== 'cosigner' || !equalBytes(newcomerIdentity, newNode))
    throw new ExitRefused('refused', 'the device asks for another node than the one that was given here')
  if (!signed) throw new ProtocolAbort('newcomer')
}

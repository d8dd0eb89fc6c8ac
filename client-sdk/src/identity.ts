// Which node is this? Asked once, at keygen; pinned from then on. (SPEC 0.4, 1.1)

import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '@tercet/protocol/bytes'
import type { Random } from '@tercet/protocol/random'
import { CONTEXT_HEADER, type Context, encodeContext } from '@tercet/wire/context'
import { decodeIdentityDocument } from '@tercet/wire/control'
import { ENDPOINTS } from '@tercet/wire/endpoints'
import { verifyResponse } from '@tercet/wire/http-signature'
import { DEFAULT_POLICY, policyHash } from '@tercet/wire/policy'
import { urlOf } from './channel.js'
import { TercetError } from './errors.js'
import type { HttpResponse, Transport } from './transport.js'
import { pause, within } from './waiting.js'

const TRIES = 3
const MAX_DOCUMENT_BYTES = 4096
const ZERO32 = new Uint8Array(32)

export interface IdentityQuestion {
  readonly node: string
  readonly transport: Transport
  readonly timeoutMilliseconds: number
  readonly random: Random
  /** idD, 34 bytes: whom the answer is for. */
  readonly device: Uint8Array
  readonly signal?: AbortSignal
}

/**
 * idC, 34 bytes, from an answer to this very question that idC has signed. Whether it is the right one is for whoever
 * knows it from elsewhere. @throws TercetError `network`, `timeout`; `untrusted-node` when its policy is not ours
 */
export async function fetchNodeIdentity(question: IdentityQuestion): Promise<Uint8Array> {
  const { node, transport, timeoutMilliseconds, random, device, signal } = question
  for (let tried = 1; ; tried++) {
    try {
      // The node echoes what is claimed here: an answer that someone has kept names another session.
      const asked: Context = {
        version: 1,
        idFrom: device,
        idTo: device,
        keyId: ZERO32,
        epoch: 0,
        opType: 'control',
        sessionId: random(32),
        step: ENDPOINTS.identity.step,
        prevMsgHash: ZERO32,
      }
      const response = await within(timeoutMilliseconds, signal, (limit) =>
        transport({
          method: 'GET',
          url: urlOf(node, ENDPOINTS.identity.path),
          headers: { accept: 'application/json', [CONTEXT_HEADER]: encodeContext(asked) },
          signal: limit,
          maxResponseBytes: MAX_DOCUMENT_BYTES,
        }),
      )
      return await identityIn(response, asked)
    } catch (error) {
      if (error instanceof TercetError && (error.code === 'aborted' || error.code === 'untrusted-node'))
        throw error
      if (tried >= TRIES)
        throw error instanceof TercetError ? error : new TercetError('network', { cause: error })
      await pause(200 * tried, signal)
    }
  }
}

async function identityIn(response: HttpResponse, asked: Context): Promise<Uint8Array> {
  if (response.status !== 200) throw new Error(`status ${response.status}`)
  const document = decodeIdentityDocument(response.body)
  const { identity, context } = await verifyResponse(response)
  const answers =
    equalBytes(identity, document.identity) &&
    equalBytes(context.idTo, asked.idFrom) &&
    equalBytes(context.sessionId, asked.sessionId) &&
    context.opType === asked.opType &&
    context.step === asked.step + 1 &&
    equalBytes(context.prevMsgHash, sha256(new Uint8Array(0)))
  if (!answers) throw new Error('an answer to something else')
  if (!equalBytes(document.policyHash, policyHash(DEFAULT_POLICY)))
    throw new TercetError('untrusted-node', {
      field: 'policyHash',
      message: 'The node begins wallets under another policy than this version of the SDK; nothing was sent.',
    })
  return identity
}

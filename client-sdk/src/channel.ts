// How does a device speak with its node so that nobody else can? Every message signed, both ways. (SPEC 0.4, 0.5)

import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '@tercet/protocol/bytes'
import type { Random } from '@tercet/protocol/random'
import { sessionId } from '@tercet/protocol/session'
import { CODES } from '@tercet/wire/codes'
import { type Context, NOTICE_HEADER } from '@tercet/wire/context'
import {
  DOCUMENT_CONTENT_TYPE,
  ENDPOINTS,
  type EndpointName,
  endpointPath,
  MESSAGE_CONTENT_TYPE,
} from '@tercet/wire/endpoints'
import { signRequest, verifyResponse } from '@tercet/wire/http-signature'
import type { Identity } from '@tercet/wire/identity'
import { type Problem, parseProblem } from '@tercet/wire/problem'
import { AT_THE_GATE, isAnswerTo, mayBeUntied, problemError, repeats } from './believed.js'
import { TercetError, throwIfAborted } from './errors.js'
import type { HttpResponse, Transport } from './transport.js'
import { pause, within } from './waiting.js'

export interface ChannelOptions {
  /** The node's address: `https://node.example`, a path prefix allowed. */
  readonly node: string
  readonly identity: Identity
  /** idC, pinned. */
  readonly cosigner: Uint8Array
  readonly transport: Transport
  /** Unix milliseconds. */
  readonly clock: () => number
  readonly random: Random
  /** For one answer. */
  readonly timeoutMilliseconds: number
}

/** What stays the same through a session. */
export interface SessionNames {
  readonly opType: Context['opType']
  /** 32 bytes; zero bytes in keygen. */
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly sessionId: Uint8Array
  /** Stands in the path of a wallet's routes. */
  readonly walletId?: string
}

/** Which wallet, and its state as this device knows it, a document is about. */
export interface WalletNames {
  readonly walletId: string
  /** 32 bytes */
  readonly keyId: Uint8Array
  readonly epoch: number
  /** base64url, in the path of a claim's routes */
  readonly claimHash?: string
}

/** Tries of one message, the first included, while nobody who can be believed answers. */
const TRIES = 5
const FIRST_PAUSE_MILLISECONDS = 150
const MAX_PAUSE_MILLISECONDS = 5_000
/** Above the longest answer of any route. Each has its exact length, which is checked where it is read. */
export const MAX_RESPONSE_BYTES = 1_048_576
export class Channel {
  readonly options: ChannelOptions
  /** Called when an answer carries the notice of a claim. Nobody has signed the notice: it only says that to ask is due. */
  onNotice: () => void = () => undefined
  /** Added to the clock: the node's signed time, taken once. */
  #clockOffset = 0

  constructor(options: ChannelOptions) {
    this.options = options
  }

  /** Begins a session; `previous` continues one, with the hash of the last message received. */
  session(names: SessionNames, previous: Uint8Array = new Uint8Array(32)): Session {
    return new Session(this, names, previous)
  }

  /**
   * Sends a message until an authenticated answer to it comes, always the same bytes under a new signature.
   * @returns the body of a 200
   * @throws TercetError with the code of a signed problem, or `network`, `timeout`, `aborted`, after which nobody knows
   * whether the node has seen the message
   */
  send(
    name: EndpointName,
    context: Context,
    walletId: string | undefined,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    return this.#repeat(name, () => context, endpointPath(name, walletId), body, signal)
  }

  /** One message about a wallet that belongs to no session: it is named by the nonce of its signature. */
  ask(
    name: EndpointName,
    { walletId, keyId, epoch, claimHash }: WalletNames,
    body: Uint8Array = new Uint8Array(0),
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const idFrom = this.options.identity.publicIdentity
    const idTo = this.options.cosigner
    const { opType, step } = ENDPOINTS[name]
    const contextFor = (nonce: Uint8Array): Context => ({
      version: 1,
      idFrom,
      idTo,
      keyId,
      epoch,
      opType,
      sessionId: sessionId(opType, nonce, idFrom, idTo),
      step,
      prevMsgHash: new Uint8Array(32),
    })
    return this.#repeat(name, contextFor, endpointPath(name, walletId, claimHash), body, signal)
  }

  async #repeat(
    name: EndpointName,
    contextFor: (nonce: Uint8Array) => Context,
    path: string,
    body: Uint8Array,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    let corrected = false
    let wait = FIRST_PAUSE_MILLISECONDS
    for (let tried = 1; ; tried++) {
      const nonce = this.options.random(32)
      const outcome = await this.#once(name, contextFor(nonce), nonce, path, body, signal)
      if (outcome.kind === 'answer') return outcome.body
      if (outcome.kind === 'problem') {
        const { problem } = outcome
        if (problem.code === 'clock' && problem.time !== undefined && !corrected) {
          corrected = true
          this.#clockOffset = problem.time * 1000 - this.options.clock()
          continue
        }
        if (!repeats(name, problem) || tried >= TRIES) throw problemError(problem)
        if (problem.retryAfterSeconds !== undefined) wait = Math.max(wait, problem.retryAfterSeconds * 1000)
      } else if (tried >= TRIES) throw outcome.error
      await pause(wait, signal)
      wait = Math.min(wait * 2, MAX_PAUSE_MILLISECONDS)
    }
  }

  async #once(
    name: EndpointName,
    context: Context,
    nonce: Uint8Array,
    path: string,
    body: Uint8Array,
    signal: AbortSignal | undefined,
  ): Promise<Outcome> {
    const { identity, cosigner, clock, transport, timeoutMilliseconds } = this.options
    const { method } = ENDPOINTS[name]
    const created = Math.floor((clock() + this.#clockOffset) / 1000)
    const signed = await signRequest(identity, {
      method,
      path,
      query: '',
      body,
      context,
      created,
      nonce,
    })
    const headers = {
      ...signed,
      accept: accepted(name),
      ...(method === 'GET' ? {} : { 'content-type': contentType('request', name) }),
    }
    let response: HttpResponse
    try {
      response = await within(timeoutMilliseconds, signal, (limit) =>
        transport({
          method,
          url: urlOf(this.options.node, path),
          headers,
          signal: limit,
          maxResponseBytes: MAX_RESPONSE_BYTES,
          ...(method === 'GET' ? {} : { body }),
        }),
      )
    } catch (error) {
      throwIfAborted(signal)
      return {
        kind: 'silence',
        error: error instanceof TercetError ? error : new TercetError('network', { cause: error }),
      }
    }
    if (response.headers.get(NOTICE_HEADER) !== null) this.onNotice()
    try {
      const authenticated = await verifyResponse(response)
      if (!isAnswerTo(authenticated, context, cosigner, identity, body))
        throw new Error('an answer to something else')
      if (response.status === 200) return { kind: 'answer', body: response.body }
      const problem = parseProblem(response.body)
      if (CODES[problem.code].status !== response.status) throw new Error('status and problem differ')
      if (equalBytes(authenticated.nonce, nonce) || mayBeUntied(problem)) return { kind: 'problem', problem }
      // The node's word, yet anyone who has seen the message can have provoked it: only if it stays is it told.
      if (AT_THE_GATE.has(problem.code)) return { kind: 'silence', error: problemError(problem) }
      throw problemError(problem)
    } catch (error) {
      // Whoever sent this is not the node: a proxy, or an attacker. It changes nothing.
      return { kind: 'silence', error: new TercetError('network', { cause: error }) }
    }
  }
}

type Outcome =
  | { readonly kind: 'answer'; readonly body: Uint8Array }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'silence'; readonly error: TercetError }

/** One session: each message names the hash of the answer before it. */
export class Session {
  readonly #channel: Channel
  readonly #names: SessionNames
  #previous: Uint8Array

  constructor(channel: Channel, names: SessionNames, previous: Uint8Array) {
    this.#channel = channel
    this.#names = names
    this.#previous = previous
  }

  /** SHA-256 of the last answer; 32 zero bytes before the first. */
  get previous(): Uint8Array {
    return this.#previous
  }

  /** Sends the next message and returns the body of its answer. @throws as {@link Channel.send} */
  async send(name: EndpointName, body: Uint8Array, signal?: AbortSignal): Promise<Uint8Array> {
    const { keyId, epoch, opType, sessionId, walletId } = this.#names
    const { identity, cosigner } = this.#channel.options
    const context: Context = {
      version: 1,
      idFrom: identity.publicIdentity,
      idTo: cosigner,
      keyId,
      epoch,
      opType,
      sessionId,
      step: ENDPOINTS[name].step,
      prevMsgHash: this.#previous,
    }
    const answer = await this.#channel.send(name, context, walletId, body, signal)
    this.#previous = sha256(answer)
    return answer
  }
}

function accepted(name: EndpointName): string {
  return `${contentType('response', name)}, application/problem+json`
}

function contentType(direction: 'request' | 'response', name: EndpointName): string {
  return direction in ENDPOINTS[name] ? MESSAGE_CONTENT_TYPE : DOCUMENT_CONTENT_TYPE
}

/** The node's address with a route's path behind it. */
export function urlOf(node: string, path: string): string {
  return node.replace(/\/+$/, '') + path
}

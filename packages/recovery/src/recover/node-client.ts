// How does the recovery machine speak with the node? Every message signed, both ways; idV signs with kappa. (SPEC 0.4, 5.1)

import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { equalBytes } from '@tercet/protocol/bytes'
import { sessionId } from '@tercet/protocol/session'
import type { Code } from '@tercet/wire/codes'
import type { Context } from '@tercet/wire/context'
import {
  DOCUMENT_CONTENT_TYPE,
  ENDPOINTS,
  type EndpointName,
  endpointPath,
  MESSAGE_CONTENT_TYPE,
  responseCap,
} from '@tercet/wire/endpoints'
import { type Authenticated, signRequest, verifyResponse } from '@tercet/wire/http-signature'
import type { Identity } from '@tercet/wire/identity'
import { type Problem, parseProblem } from '@tercet/wire/problem'

/** The node said no, or nothing that it has signed came back. */
export class NodeError extends Error {
  override readonly name = 'NodeError'
  readonly code: Code | 'network'
  readonly field: string | undefined
  constructor(code: Code | 'network', message: string, field?: string) {
    super(message)
    this.code = code
    this.field = field
  }
}

export interface NodeClientOptions {
  /** `https://node.example`, a path prefix allowed. */
  readonly url: string
  readonly identity: Identity
  /** idC, 34 bytes: answers of anybody else are none. */
  readonly cosigner: Uint8Array
  readonly walletId: string
  /** 32 bytes */
  readonly keyId: Uint8Array
  /** Of the kit. */
  readonly epoch: number
  /** How often, and how long each time, where the node does not answer. */
  readonly patience?: { readonly tries: number; readonly milliseconds: number }
}

/** A session of the protocol, or one document without a session. */
interface Names {
  readonly name: EndpointName
  readonly path: string
  readonly previous: Uint8Array
  readonly sessionFor: (nonce: Uint8Array) => Uint8Array
}

const FIRST_PAUSE_MILLISECONDS = 200
const MAX_PAUSE_MILLISECONDS = 5000
const PATIENCE = { tries: 5, milliseconds: 60_000 }
const MAX_PROBLEM_BYTES = 4096
/** The node has not acted on the bytes: they are sent again, under another signature. */
const REPEATED: ReadonlySet<string> = new Set(['busy', 'storage', 'replayed', 'rate-limited'])
const NOTHING = new Uint8Array(32)

export class NodeClient {
  readonly #options: NodeClientOptions
  #clockOffsetSeconds = 0

  constructor(options: NodeClientOptions) {
    this.#options = options
  }

  /** idC, 34 bytes: nobody else's answers are taken. */
  get cosigner(): Uint8Array {
    return this.#options.cosigner
  }

  /** One document: claims, the kit. @throws NodeError */
  ask(name: EndpointName, body: Uint8Array = new Uint8Array(0), claimHash?: string): Promise<Uint8Array> {
    const { identity, cosigner, walletId } = this.#options
    const { opType } = ENDPOINTS[name]
    return this.#send(
      {
        name,
        path: endpointPath(name, walletId, claimHash),
        previous: NOTHING,
        sessionFor: (nonce) => sessionId(opType, nonce, identity.publicIdentity, cosigner),
      },
      body,
    )
  }

  /** Begins a session of the protocol, or continues one behind the hash of its last answer. */
  session(id: Uint8Array, previous: Uint8Array = NOTHING): NodeSession {
    return new NodeSession(
      (name, body, before) =>
        this.#send(
          {
            name,
            path: endpointPath(name, this.#options.walletId),
            previous: before,
            sessionFor: () => id,
          },
          body,
        ),
      previous,
    )
  }

  async #send(names: Names, body: Uint8Array): Promise<Uint8Array> {
    const { tries } = this.#options.patience ?? PATIENCE
    let wait = FIRST_PAUSE_MILLISECONDS
    let corrected = false
    for (let tried = 1; ; tried++) {
      const outcome = await this.#once(names, body)
      if (outcome instanceof Uint8Array) return outcome
      if ('code' in outcome) {
        if (outcome.code === 'clock' && outcome.time !== undefined && !corrected) {
          corrected = true
          this.#clockOffsetSeconds = outcome.time - Date.now() / 1000
          continue
        }
        const asked = outcome.retryAfterSeconds ?? 0
        if (!REPEATED.has(outcome.code) || tried >= tries || asked > 30)
          throw new NodeError(outcome.code, wordsOf(outcome.code, outcome.field), outcome.field)
        wait = Math.max(wait, asked * 1000)
      } else if (tried >= tries) {
        throw new NodeError('network', `no answer that the node has signed: ${outcome.reason}`)
      }
      await sleep(wait)
      wait = Math.min(wait * 2, MAX_PAUSE_MILLISECONDS)
    }
  }

  /** The body of a 200, a signed problem, or why there was no answer. */
  async #once(
    { name, path, previous, sessionFor }: Names,
    body: Uint8Array,
  ): Promise<Uint8Array | Problem | { readonly reason: string }> {
    const { url, identity, cosigner, keyId, epoch, patience = PATIENCE } = this.#options
    const { method, opType, step } = ENDPOINTS[name]
    const nonce = new Uint8Array(randomBytes(32))
    const context: Context = {
      version: 1,
      idFrom: identity.publicIdentity,
      idTo: cosigner,
      keyId,
      epoch,
      opType,
      sessionId: sessionFor(nonce),
      step,
      prevMsgHash: previous,
    }
    const created = Math.floor(Date.now() / 1000 + this.#clockOffsetSeconds)
    const signed = await signRequest(identity, { method, path, query: '', body, context, created, nonce })
    const isMessage = 'request' in ENDPOINTS[name]
    try {
      const response = await fetch(url.replace(/\/+$/, '') + path, {
        method,
        headers: {
          ...signed,
          accept: `${isMessage ? MESSAGE_CONTENT_TYPE : DOCUMENT_CONTENT_TYPE}, application/problem+json`,
          ...(method === 'GET'
            ? {}
            : { 'content-type': isMessage ? MESSAGE_CONTENT_TYPE : DOCUMENT_CONTENT_TYPE }),
        },
        signal: AbortSignal.timeout(patience.milliseconds),
        redirect: 'error',
        ...(method === 'GET' ? {} : { body: new Uint8Array(body) }),
      })
      const answer = await readBounded(response, Math.max(responseCap(name), MAX_PROBLEM_BYTES))
      const { status, headers } = response
      const authenticated = await verifyResponse({ status, headers, body: answer })
      if (!answers(authenticated, context, body)) return { reason: 'an answer to something else' }
      return status === 200 ? answer : parseProblem(answer)
    } catch (error) {
      return { reason: error instanceof Error ? error.message : 'unknown' }
    }
  }
}

/** What a refusal means for a person, and what to do. */
function wordsOf(code: Code, field: string | undefined): string {
  const words = WORDS[field === undefined ? code : `${code} ${field}`] ?? WORDS[code]
  return `the node says: ${code}${words === undefined ? '' : `: ${words}`}`
}

const WORDS: Readonly<Record<string, string>> = {
  denied: 'it has no such wallet, or this recovery key is not the one that the wallet has there',
  'denied claim-announced': 'another claim of this wallet comes first; try again when that one is over',
  'denied new-device':
    'this device has or had the wallet; take a code from a new one, or from an empty store',
  'denied released': 'the wallet is on its way to another node; recover there, or ask the operator',
  expired: 'the claim is too old; begin anew with another --state file, and check the clock of this machine',
  'rate-limited': 'too many were made; try again in an hour',
  'not-found': 'it has no such wallet for this recovery key',
  locked: 'the wallet is locked; recover it with the recovery key',
}

/** One session with the node: each message names the hash of the answer before it. */
export class NodeSession {
  readonly #send: (name: EndpointName, body: Uint8Array, previous: Uint8Array) => Promise<Uint8Array>
  #previous: Uint8Array

  constructor(
    send: (name: EndpointName, body: Uint8Array, previous: Uint8Array) => Promise<Uint8Array>,
    previous: Uint8Array,
  ) {
    this.#send = send
    this.#previous = previous
  }

  /** SHA-256 of the last answer; 32 zero bytes before the first. */
  get previous(): Uint8Array {
    return this.#previous.slice()
  }

  /** Sends the next message. @throws NodeError */
  async send(name: EndpointName, body: Uint8Array): Promise<Uint8Array> {
    const answer = await this.#send(name, body, this.#previous)
    this.#previous = new Uint8Array(createHash('sha256').update(answer).digest())
    return answer
  }
}

function answers({ identity, context }: Authenticated, sent: Context, body: Uint8Array): boolean {
  return (
    equalBytes(identity, sent.idTo) &&
    equalBytes(context.idTo, sent.idFrom) &&
    equalBytes(context.keyId, sent.keyId) &&
    context.epoch === sent.epoch &&
    context.opType === sent.opType &&
    equalBytes(context.sessionId, sent.sessionId) &&
    context.step === sent.step + 1 &&
    equalBytes(context.prevMsgHash, new Uint8Array(createHash('sha256').update(body).digest()))
  )
}

async function readBounded(response: Response, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > most) throw new Error('the answer is longer than it may be')
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

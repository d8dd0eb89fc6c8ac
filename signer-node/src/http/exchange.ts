// How is a request taken in and its answer signed, errors too? (SPEC 0.4; product, Authentication)

import { sha256 } from '@noble/hashes/sha2.js'
import { CONTEXT_HEADER, type Context, decodeContext, NOTICE_HEADER } from '@tercet/wire/context'
import { bodyCap, ENDPOINTS, type EndpointName, isBodyLength } from '@tercet/wire/endpoints'
import { type Authenticated, signResponse } from '@tercet/wire/http-signature'
import { parseProblem } from '@tercet/wire/problem'
import { LIMITS } from '../config.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import type { Incoming } from '../steps.js'
import type { Gate } from './auth.js'
import { declaredLength, readBody } from './body.js'
import { problemReply, tell } from './problems.js'

const NOTHING = new Uint8Array(0)
const ZERO32 = new Uint8Array(32)

/** What an endpoint does with a message. */
export interface Handler {
  /**
   * What is refused before the body is read, its sender being known. Returns the session's batch size where the length of
   * the body depends on it.
   */
  admit?(sender: Authenticated): Promise<number | undefined>
  handle(incoming: Incoming): Promise<Reply>
}

export interface Exchange {
  /** Reads, authenticates, handles and signs; every failure becomes a signed problem. */
  run(name: EndpointName, request: Request, source: string, handler: Handler): Promise<Response>
  /** A signed answer to a request that needs no authentication or matches no route. */
  answer(route: string, request: Request, handle: () => Promise<Reply>): Promise<Response>
}

/** @param isNoticed whether this device is to be told, with every answer, that a claim on its wallet is announced */
export function createExchange(
  node: Node,
  gate: Gate,
  isNoticed: (identity: Uint8Array) => boolean = () => false,
): Exchange {
  function problem(error: unknown): Reply {
    return problemReply(tell(node, error))
  }

  async function respond(
    request: Request,
    reply: Reply,
    body: Uint8Array | undefined,
    auth: Authenticated | undefined,
  ): Promise<Response> {
    const headers = await signResponse(node.identity, {
      status: reply.status,
      body: reply.body,
      context: contextOf(node, auth?.context ?? claimed(request), hashOf(request, body)),
      created: node.clock.now(),
      // The request's own nonce once its sender is known, which its headers suffice for; anyone may have provoked what is
      // answered before.
      nonce: auth?.nonce ?? node.random(32),
    })
    return new Response(new Uint8Array(reply.body), {
      status: reply.status,
      headers: {
        ...headers,
        'content-type': reply.contentType,
        'cache-control': 'no-store',
        ...retryAfter(reply),
        ...(auth !== undefined && isNoticed(auth.identity) ? { [NOTICE_HEADER]: 'claim' } : {}),
        ...(node.notReady === 'draining' ? { connection: 'close' } : {}),
      },
    })
  }

  /** Bytes of bodies that are being read or worked on: slow senders share this much and no more. */
  let bodyBytes = 0

  return {
    async run(name, request, source, { admit, handle }) {
      const begun = node.clock.monotonic()
      const endpoint = ENDPOINTS[name]
      const { pathname, search } = new URL(request.url)
      let body: Uint8Array | undefined
      let auth: Authenticated | undefined
      let reply: Reply
      let reserved = 0
      const reserve = (length: number): void => {
        if (bodyBytes + length > LIMITS.bodyBytes) throw new Refusal('busy', { retryAfterSeconds: 2 })
        bodyBytes += length
        reserved += length
      }
      try {
        if (node.notReady === 'storage') throw new Refusal('storage', { retryAfterSeconds: 5 })
        const { method, headers } = request
        const head = await gate
          .recognise({ method, path: pathname, query: search, headers })
          .catch((error) => {
            // Unsigned and too large is too large: no sender of such a thing need be known.
            lengthOf(name, request)
            throw error
          })
        auth = head
        gate.examine(head, endpoint)
        const length = lengthOf(name, request, await admit?.(head))
        body = length === 0 ? NOTHING : await readBody(request, length, reserve)
        reply = await handle({ auth: await gate.admit(head, body), body, source })
      } catch (error) {
        reply = problem(error)
      } finally {
        bodyBytes -= reserved
      }
      record(node, name, reply, begun)
      return respond(request, reply, body, auth)
    },
    async answer(route, request, handle) {
      const begun = node.clock.monotonic()
      const reply = await handle().catch(problem)
      record(node, route, reply, begun)
      return respond(request, reply, undefined, undefined)
    },
  }
}

/** The declared length of a body that can be one of this endpoint's. @throws Refusal `too-large`; Malformed */
function lengthOf(name: EndpointName, request: Request, batch?: number): number {
  if (ENDPOINTS[name].method === 'GET') return 0
  const isPossible = (length: number) => isBodyLength(name, length, batch)
  return declaredLength(request, { most: bodyCap(name, batch), isPossible })
}

function record(node: Node, route: string, reply: Reply, begun: number): void {
  const code = reply.status === 200 ? 'ok' : parseProblem(reply.body).code
  const durationMs = Math.round(node.clock.monotonic() - begun)
  node.metrics.requests.inc({ route, code })
  node.metrics.duration.observe({ route }, durationMs / 1000)
  node.log.info({ event: 'request', route, status: reply.status, code, durationMs })
}

function retryAfter(reply: Reply): Record<string, string> {
  if (reply.status !== 429 && reply.status !== 503) return {}
  return { 'retry-after': String(parseProblem(reply.body).retryAfterSeconds ?? 1) }
}

/** What the sender claims about its message, where it did not prove it: only echoed, never acted on. */
function claimed(request: Request): Context | undefined {
  const header = request.headers.get(CONTEXT_HEADER)
  if (header === null) return undefined
  try {
    return decodeContext(header)
  } catch {
    return undefined
  }
}

/**
 * What ties the answer to its message. A body that was refused unread is named by the digest that its sender declares:
 * the sender alone knows whether that is true, and an answer to another body is silence to it.
 */
function hashOf(request: Request, body: Uint8Array | undefined): Uint8Array {
  if (body !== undefined) return sha256(body)
  const declared = /^sha-256=:([A-Za-z0-9+/]{43}=):$/.exec(request.headers.get('content-digest') ?? '')?.[1]
  return declared === undefined ? sha256(NOTHING) : new Uint8Array(Buffer.from(declared, 'base64'))
}

function contextOf(node: Node, asked: Context | undefined, prevMsgHash: Uint8Array): Context {
  const own = node.identity.publicIdentity
  return {
    version: 1,
    idFrom: own,
    // An answer to nobody in particular is addressed to the node itself.
    idTo: asked?.idFrom ?? own,
    keyId: asked?.keyId ?? ZERO32,
    epoch: asked?.epoch ?? 0,
    opType: asked?.opType ?? 'control',
    sessionId: asked?.sessionId ?? ZERO32,
    step: Math.min((asked?.step ?? 1) + 1, 255),
    prevMsgHash,
  }
}

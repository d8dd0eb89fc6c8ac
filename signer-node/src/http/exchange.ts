// How is a request taken in and its answer signed, errors too? (SPEC 0.4; product, Authentication)

import { sha256 } from '@noble/hashes/sha2.js'
import { CONTEXT_HEADER, type Context, decodeContext } from '@tercet/wire/context'
import { bodyCap, ENDPOINTS, type EndpointName } from '@tercet/wire/endpoints'
import { type Authenticated, signResponse } from '@tercet/wire/http-signature'
import { parseProblem } from '@tercet/wire/problem'
import { LIMITS } from '../config.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import type { Incoming } from '../steps.js'
import type { Authenticate } from './auth.js'
import { readBody } from './body.js'
import { problemReply, tell } from './problems.js'

const NOTHING = new Uint8Array(0)
const ZERO32 = new Uint8Array(32)

/** What an endpoint does with an authenticated message. */
export type Handle = (incoming: Incoming) => Promise<Reply>

export interface Exchange {
  /** Reads, authenticates, handles and signs; every failure becomes a signed problem. */
  run(name: EndpointName, request: Request, handle: Handle): Promise<Response>
  /** A signed answer to a request that needs no authentication or matches no route. */
  answer(route: string, request: Request, handle: () => Promise<Reply>): Promise<Response>
}

export function createExchange(node: Node, authenticate: Authenticate): Exchange {
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
      // The request's own nonce once its sender is known; anyone may have provoked what is answered before.
      nonce: auth?.nonce ?? node.random(32),
    })
    return new Response(new Uint8Array(reply.body), {
      status: reply.status,
      headers: {
        ...headers,
        'content-type': reply.contentType,
        'cache-control': 'no-store',
        ...retryAfter(reply),
        ...(node.notReady === 'draining' ? { connection: 'close' } : {}),
      },
    })
  }

  /** Bytes of bodies that are being read or worked on: slow senders share this much and no more. */
  let bodyBytes = 0

  return {
    async run(name, request, handle) {
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
        body = endpoint.method === 'POST' ? await readBody(request, bodyCap(name), reserve) : NOTHING
        const parts = {
          method: request.method,
          path: pathname,
          query: search,
          headers: request.headers,
          body,
        }
        auth = await authenticate(parts, endpoint)
        reply = await handle({ auth, body })
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

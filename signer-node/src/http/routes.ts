// Which route leads to which operation? (wire's endpoint table; product, HTTP)

import { equalBytes } from '@tercet/protocol/bytes'
import { fromBase64url } from '@tercet/wire/base64url'
import { NOTICE_HEADER } from '@tercet/wire/context'
import { encodeHealth, encodeIdentityDocument } from '@tercet/wire/control'
import {
  bodyCap,
  DOCUMENT_CONTENT_TYPE,
  ENDPOINTS,
  type Endpoint,
  type EndpointName,
  MESSAGE_CONTENT_TYPE,
} from '@tercet/wire/endpoints'
import type { Authenticated } from '@tercet/wire/http-signature'
import { PROBLEM_CONTENT_TYPE } from '@tercet/wire/problem'
import { Hono } from 'hono'
import { cors } from 'hono/cors'
import { describeRoute, openAPIRouteHandler } from 'hono-openapi'
import type { Config } from '../config.js'
import type { createKeygen } from '../keys.js'
import type { Node } from '../node.js'
import type { createOtSetups } from '../ot-setups.js'
import type { RecoveryRoutes } from '../recovery/recovery.js'
import { Refusal } from '../refusal.js'
import type { createReshare } from '../reshare/reshare.js'
import type { Reply } from '../sessions.js'
import type { createSigning } from '../signing.js'
import type { Incoming } from '../steps.js'
import { findWallet, type Wallet } from '../store/wallets.js'
import type { Exchange, Handler } from './exchange.js'
import { sourceOf } from './source.js'

export interface Operations {
  readonly keygen: ReturnType<typeof createKeygen>
  readonly otSetups: ReturnType<typeof createOtSetups>
  readonly signing: ReturnType<typeof createSigning>
  readonly reshare: ReturnType<typeof createReshare>
  readonly recovery: RecoveryRoutes
}

type ForWallet = (incoming: Incoming, wallet: Wallet) => Promise<Reply>

/** Messages so large that their session must be known before they are read; it knows how large they are. */
const OF_A_SESSION: ReadonlySet<EndpointName> = new Set(['presign.open', 'fresh.open'])

export function createRoutes(
  node: Node,
  exchange: Exchange,
  { keygen, otSetups, signing, reshare, recovery }: Operations,
  { origins, trustProxy }: Pick<Config, 'origins' | 'trustProxy'>,
): Hono {
  const app = new Hono()

  app.use(
    '*',
    cors({
      origin: [...origins],
      allowMethods: ['GET', 'POST'],
      allowHeaders: ['content-type', 'content-digest', 'tercet-context', 'signature-input', 'signature'],
      exposeHeaders: [
        'content-digest',
        'tercet-context',
        'signature-input',
        'signature',
        'retry-after',
        NOTICE_HEADER,
      ],
      maxAge: 600,
    }),
  )

  const device = {
    'keygen.start': keygen.start,
    'keygen.open': keygen.open,
    'keygen.confirm': keygen.confirm,
  } as const satisfies Partial<Record<EndpointName, (incoming: Incoming) => Promise<Reply>>>

  const wallet = {
    'ot.start': otSetups.start,
    'ot.finish': otSetups.finish,
    'presign.start': signing.presignStart,
    'presign.open': signing.presignOpen,
    sign: signing.sign,
    'fresh.start': signing.freshStart,
    'fresh.open': signing.freshOpen,
  } as const satisfies Partial<Record<EndpointName, ForWallet>>

  /** Somebody else's wallet and none at all look the same; only its own device learns of a mismatch. (invariant I18) */
  async function walletOf(id: string, { context, identity }: Authenticated): Promise<Wallet> {
    const found = await findWallet(node.store, walletIdOf(id), identity, context.epoch)
    if (!equalBytes(context.keyId, found.keyId)) throw new Refusal('mismatch', { field: 'context.key-id' })
    if (context.epoch !== found.epoch) throw new Refusal('mismatch', { field: 'context.epoch' })
    return found
  }

  /** The wallet is looked for before the body is read, and again after it: much may happen while a body arrives. */
  function forWallet(name: EndpointName, id: string, handle: ForWallet): Handler {
    return {
      admit: async (sender) => {
        const wallet = await walletOf(id, sender)
        return OF_A_SESSION.has(name) ? signing.batchOf(sender, wallet) : undefined
      },
      handle: async (incoming) => handle(incoming, await walletOf(id, incoming.auth)),
    }
  }

  for (const [name, handle] of entries(device)) {
    const { path } = ENDPOINTS[name]
    app.post(path, describe(name), (c) =>
      exchange.run(name, c.req.raw, sourceOf(c, trustProxy), {
        handle: (incoming) => asDevice(incoming, handle),
      }),
    )
  }
  for (const [name, handle] of entries(wallet)) {
    const { method, path } = ENDPOINTS[name]
    app.on(method, path.replace('{id}', ':id'), describe(name), (c) =>
      exchange.run(
        name,
        c.req.raw,
        sourceOf(c, trustProxy),
        forWallet(name, c.req.param('id') ?? '', handle),
      ),
    )
  }

  for (const [name, handle] of entries(reshare.routes)) {
    app.post(ENDPOINTS[name].path.replace('{id}', ':id'), describe(name), (c) => {
      const find = (sender: Authenticated) => reshare.find(walletIdOf(c.req.param('id') ?? ''), sender)
      return exchange.run(name, c.req.raw, sourceOf(c, trustProxy), {
        admit: async (sender) => {
          await find(sender)
          return undefined
        },
        handle: async (incoming) => handle(incoming, await find(incoming.auth)),
      })
    })
  }

  for (const [name, handle] of entries(recovery)) {
    const { method, path } = ENDPOINTS[name]
    app.on(method, path.replace('{id}', ':id').replace('{hash}', ':hash'), describe(name), (c) =>
      exchange.run(name, c.req.raw, sourceOf(c, trustProxy), {
        handle: (incoming) => handle(incoming, c.req.param('id') ?? '', c.req.param('hash') ?? ''),
      }),
    )
  }

  app.get(ENDPOINTS.identity.path, describe('identity'), (c) =>
    exchange.answer('identity', c.req.raw, async () =>
      document(
        encodeIdentityDocument({
          version: 1,
          suite: 'secp256k1',
          protocolVersion: 1,
          identity: node.identity.publicIdentity,
          address: node.address,
          policyHash: node.policyHash,
          time: node.clock.now(),
        }),
      ),
    ),
  )
  // Both are unsigned and cheap: a load balancer asks often, and learns nothing.
  app.get('/health', describeState('Whether the process lives'), () => state('ok'))
  app.get('/ready', describeState('Whether the node takes work'), () => {
    if (node.notReady === undefined) return state('ok')
    return state(node.notReady === 'draining' ? 'draining' : 'unavailable')
  })
  app.get('/openapi.json', openAPIRouteHandler(app, { documentation: ABOUT }))
  app.notFound((c) =>
    exchange.answer('none', c.req.raw, async () => {
      throw new Refusal('not-found')
    }),
  )
  // Whatever escapes is told and logged like any other failure, never printed.
  app.onError((error, c) => exchange.answer('none', c.req.raw, () => Promise.reject(error)))
  return app
}

/** Every keygen message names the zero key and epoch 0: there is no key yet. */
async function asDevice(incoming: Incoming, handle: (incoming: Incoming) => Promise<Reply>): Promise<Reply> {
  const { keyId, epoch } = incoming.auth.context
  if (!equalBytes(keyId, new Uint8Array(32))) throw new Refusal('mismatch', { field: 'context.key-id' })
  if (epoch !== 0) throw new Refusal('mismatch', { field: 'context.epoch' })
  return handle(incoming)
}

function walletIdOf(id: string): Uint8Array {
  try {
    return fromBase64url(id, 'walletId', 32)
  } catch {
    throw new Refusal('not-found')
  }
}

function document(body: Uint8Array): Reply {
  return { status: 200, contentType: DOCUMENT_CONTENT_TYPE, body }
}

function state(status: 'ok' | 'draining' | 'unavailable'): Response {
  const body = new Uint8Array(encodeHealth({ status }))
  const headers = { 'content-type': DOCUMENT_CONTENT_TYPE, 'cache-control': 'no-store' }
  return new Response(body, { status: status === 'ok' ? 200 : 503, headers })
}

const ABOUT = {
  info: {
    title: 'Tercet node',
    version: '1',
    description:
      'The cosigner of 2-of-3 threshold ECDSA wallets. Bodies of the protocol have a fixed binary layout; every request and every answer carries one RFC 9421 signature over its digest and its Tercet-Context.',
  },
}

const PROBLEM = { description: 'A problem (RFC 9457) with a code', content: { [PROBLEM_CONTENT_TYPE]: {} } }

function describe(name: EndpointName) {
  const endpoint: Endpoint = ENDPOINTS[name]
  const type = endpoint.response === undefined ? DOCUMENT_CONTENT_TYPE : MESSAGE_CONTENT_TYPE
  const body = { type: 'string', format: 'binary', maxLength: bodyCap(name) } as const
  return describeRoute({
    operationId: name,
    tags: [endpoint.opType],
    summary: `${name}: step ${endpoint.step} of ${endpoint.opType}`,
    ...(endpoint.request === undefined && endpoint.document === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            description: endpoint.request ?? name,
            content: { [endpoint.request ? MESSAGE_CONTENT_TYPE : DOCUMENT_CONTENT_TYPE]: { schema: body } },
          },
        }),
    responses: {
      200: { description: endpoint.response ?? name, content: { [type]: {} } },
      default: PROBLEM,
    },
  })
}

function describeState(summary: string) {
  const content = { [DOCUMENT_CONTENT_TYPE]: {} }
  return describeRoute({
    summary,
    responses: { 200: { description: 'Yes', content }, 503: { description: 'No', content } },
  })
}

function entries<K extends string, V>(table: Readonly<Record<K, V>>): [K, V][] {
  return Object.entries(table) as [K, V][]
}

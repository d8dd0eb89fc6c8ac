// Which routes exist, which message does each carry, and how large may it be? (product, HTTP; SPEC 0.4)

import {
  type FieldSpec,
  MAX_BATCH,
  MESSAGES,
  type MessageName,
  messageLength,
} from '@tercet/protocol/messages'
import type { OpType } from '@tercet/protocol/session'

export interface Endpoint {
  readonly method: 'GET' | 'POST'
  /** Path template; `{id}` stands for the walletId, `{hash}` for a claim hash. */
  readonly path: string
  /** Operation and step that the request's context must name; the response's step is one more. */
  readonly opType: OpType | 'control'
  readonly step: number
  /** Messages of the protocol in the bodies; absent for JSON documents. */
  readonly request?: MessageName
  readonly response?: MessageName
  /** The same of the other kind of reshare. */
  readonly otherRequest?: MessageName
  readonly otherResponse?: MessageName
  /** Largest JSON document in the request's body, in bytes. */
  readonly document?: number
}

/** Largest claim, veto or receipt: far above any of them. */
const MAX_CLAIM_BYTES = 8192

/** Every route of version 1. */
export const ENDPOINTS = {
  'keygen.start': post('/v1/keygen/start', 'keygen', 1, 'keygen.req1', 'keygen.res1'),
  'keygen.open': post('/v1/keygen/open', 'keygen', 3, 'keygen.req2', 'keygen.res2'),
  'keygen.confirm': post('/v1/keygen/confirm', 'keygen', 5, 'keygen.req3', 'keygen.res3'),
  'ot.start': post('/v1/wallets/{id}/ot/start', 'ot', 1, 'ot.req1', 'ot.res1'),
  'ot.finish': post('/v1/wallets/{id}/ot/finish', 'ot', 3, 'ot.req2', 'ot.res2'),
  'presign.start': post('/v1/wallets/{id}/presign/start', 'presign', 1, 'presign.req1', 'presign.res1'),
  'presign.open': post('/v1/wallets/{id}/presign/open', 'presign', 3, 'presign.req2', 'presign.res2'),
  sign: post('/v1/wallets/{id}/sign', 'sign', 1, 'sign.req1', 'sign.res1'),
  'fresh.start': post('/v1/wallets/{id}/sign/start', 'fresh', 1, 'fresh.req1', 'fresh.res1'),
  'fresh.open': post('/v1/wallets/{id}/sign/open', 'fresh', 3, 'fresh.req2', 'fresh.res2'),
  'reshare.start': {
    ...post('/v1/wallets/{id}/reshare/start', 'reshare', 1, 'refresh.req1', 'refresh.res1'),
    otherRequest: 'replace.req1',
    otherResponse: 'replace.res1',
  },
  'reshare.deal': {
    ...post('/v1/wallets/{id}/reshare/deal', 'reshare', 3, 'refresh.req2', 'refresh.res2'),
    otherRequest: 'replace.req2',
    otherResponse: 'replace.res2',
  },
  'reshare.commit': post('/v1/wallets/{id}/reshare/commit', 'reshare', 5, 'reshare.req3', 'reshare.res3'),
  'reshare.final': post('/v1/wallets/{id}/reshare/final', 'reshare', 7, 'reshare.req4', 'reshare.res4'),
  'reshare.retire': post('/v1/wallets/{id}/reshare/retire', 'reshare', 1, 'reshare.retire', 'reshare.status'),
  'reshare.release': post(
    '/v1/wallets/{id}/reshare/release',
    'reshare',
    1,
    'reshare.release',
    'reshare.released',
  ),
  'reshare.withdraw': post(
    '/v1/wallets/{id}/reshare/withdraw',
    'reshare',
    1,
    'reshare.withdraw',
    'reshare.withdrawn',
  ),
  'newcomers.abandon': post('/v1/newcomers/abandon', 'reshare', 1, 'newcomer.abandon', 'newcomer.status'),
  'newcomers.offer': post('/v1/newcomers/offer', 'reshare', 1, 'newcomer.req1', 'newcomer.res1'),
  'newcomers.accept': post('/v1/newcomers/accept', 'reshare', 3, 'newcomer.req2', 'newcomer.res2'),
  'newcomers.commit': post('/v1/newcomers/commit', 'reshare', 5, 'newcomer.req3', 'newcomer.res3'),
  kit: { method: 'GET', path: '/v1/wallets/{id}/kit', opType: 'control', step: 1 },
  'claims.post': documentPost('/v1/wallets/{id}/claims'),
  'claims.list': { method: 'GET', path: '/v1/wallets/{id}/claims', opType: 'control', step: 1 },
  'claims.get': { method: 'GET', path: '/v1/wallets/{id}/claims/{hash}', opType: 'control', step: 1 },
  'claims.veto': documentPost('/v1/wallets/{id}/claims/{hash}/veto'),
  drill: documentPost('/v1/wallets/{id}/drills'),
  identity: { method: 'GET', path: '/v1/identity', opType: 'control', step: 1 },
} as const satisfies Record<string, Endpoint>

export type EndpointName = keyof typeof ENDPOINTS

/** Content type of the protocol's messages; JSON documents are `application/json`. */
export const MESSAGE_CONTENT_TYPE = 'application/octet-stream'
export const DOCUMENT_CONTENT_TYPE = 'application/json'

/** Largest JSON document, in bytes. */
export const MAX_DOCUMENT_BYTES = 65_536

function post<Q extends MessageName, S extends MessageName>(
  path: string,
  opType: OpType,
  step: number,
  request: Q,
  response: S,
) {
  return { method: 'POST', path, opType, step, request, response } as const
}

/** The messages that can stand in a request's body. */
export function requestsOf({ request, otherRequest }: Endpoint): readonly MessageName[] {
  return [request, otherRequest].filter((name) => name !== undefined)
}

/** The messages that can stand in a response's body; in a reshare each may be `reshare.status` instead. */
export function responsesOf({ response, otherResponse }: Endpoint): readonly MessageName[] {
  return [response, otherResponse].filter((name) => name !== undefined)
}

function documentPost<P extends string>(path: P) {
  return { method: 'POST', path, opType: 'control', step: 1, document: MAX_CLAIM_BYTES } as const
}

/** The path of an endpoint for a wallet, and for one of its claims. */
export function endpointPath(name: EndpointName, walletId?: string, claimHash?: string): string {
  const { path } = ENDPOINTS[name]
  const ofWallet = walletId === undefined ? path : path.replace('{id}', walletId)
  return claimHash === undefined ? ofWallet : ofWallet.replace('{hash}', claimHash)
}

/**
 * Largest request body in bytes: the exact length of the message for that batch size, with the largest signing
 * request where it carries one, or the largest document. Without a batch size (before the body is read) the largest batch counts.
 */
export function bodyCap(name: EndpointName, batch: number = MAX_BATCH): number {
  const endpoint: Endpoint = ENDPOINTS[name]
  return largest(requestsOf(endpoint), endpoint.opType, batch) ?? endpoint.document ?? 0
}

/**
 * Whether a body of this endpoint can have this many bytes, decidable before the first of them is read. Messages have
 * one length, or one for every batch size, or (with a signing request inside) a range; a document has any up to its cap.
 */
export function isBodyLength(name: EndpointName, length: number, batch?: number): boolean {
  const endpoint: Endpoint = ENDPOINTS[name]
  const { opType, document } = endpoint
  const messages = requestsOf(endpoint)
  if (messages.length === 0) return document === undefined ? length === 0 : length > 0 && length <= document
  const batches = opType !== 'presign' ? [1] : batch === undefined ? EVERY_BATCH : [batch]
  return messages.some((message) =>
    batches.some((size) => {
      const least = messageLength(message, size)
      return length >= least && length <= least + variableBytes(message)
    }),
  )
}

const EVERY_BATCH = Array.from({ length: MAX_BATCH }, (_, n) => n + 1)

/** The most bytes of the one field whose length is the sender's choice. */
function variableBytes(message: MessageName): number {
  const fields: readonly FieldSpec[] = MESSAGES[message].fields
  return Number(fields.find(({ type }) => type === 'variable')?.length ?? 0)
}

/** Largest body of a successful response in bytes, counted as {@link bodyCap} counts. */
export function responseCap(name: EndpointName, batch: number = MAX_BATCH): number {
  const endpoint: Endpoint = ENDPOINTS[name]
  const instead = endpoint.opType === 'reshare' ? (['reshare.status'] as const) : []
  return largest([...responsesOf(endpoint), ...instead], endpoint.opType, batch) ?? MAX_DOCUMENT_BYTES
}

function largest(
  messages: readonly MessageName[],
  opType: Endpoint['opType'],
  batch: number,
): number | undefined {
  const lengths = messages.map((name) => cap(name, opType, batch))
  return lengths.length === 0 ? undefined : Math.max(...lengths)
}

function cap(message: MessageName, opType: Endpoint['opType'], batch: number): number {
  // A fresh signature is always a batch of one; messages without a batch do not depend on it.
  return messageLength(message, opType === 'presign' ? batch : 1, variableBytes(message))
}

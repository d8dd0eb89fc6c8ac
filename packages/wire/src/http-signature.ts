// Did this very party send this very HTTP message, body and context included? (RFC 9421, RFC 9530; SPEC 0.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { createSignature, type MessageDescriptor, verifySignature } from 'http-message-sig'
import { fromBase64url, toBase64url } from './base64url.js'
import { CONTEXT_HEADER, type Context, decodeContext, encodeContext } from './context.js'
import { type Identity, verifyWithIdentity } from './identity.js'

const LABEL = 'tercet'
const TAG = 'tercet'
/**
 * Named by no parameter, since it follows from the first byte of the keyid. The second is the recovery party's; no registry
 * has a name for it.
 */
const ALGORITHMS = ['ecdsa-p256-sha256', 'ecdsa-secp256k1-sha256'] as const
const NONCE_BYTES = 32

const REQUEST_COMPONENTS = ['@method', '@path', '@query', 'content-digest', CONTEXT_HEADER] as const
const RESPONSE_COMPONENTS = ['@status', 'content-digest', CONTEXT_HEADER] as const

/** Whatever answers with one header's value; Fetch's Headers does. */
export interface HeaderBag {
  get(name: string): string | null
}

/** What is signed of a request and known before its body has arrived. */
export interface RequestHead {
  readonly method: string
  /** As sent, percent-encoding included: `/v1/wallets/...`. */
  readonly path: string
  /** Empty, or everything from the question mark on. */
  readonly query: string
}

/** The parts of a request that are signed. */
export interface RequestParts extends RequestHead {
  /** The exact bytes of the body; empty where there is none. */
  readonly body: Uint8Array
}

export interface ResponseParts {
  readonly status: number
  readonly body: Uint8Array
}

export interface SigningParts {
  readonly context: Context
  /** Unix seconds. */
  readonly created: number
  /** 32 fresh random bytes. */
  readonly nonce: Uint8Array
}

/** Headers to set on the message. */
export interface SignatureHeaders {
  readonly 'content-digest': string
  readonly 'tercet-context': string
  readonly 'signature-input': string
  readonly signature: string
}

/** What a verified message says about its sender. Freshness, replay and the receiver's identity are the caller's checks. */
export interface Authenticated {
  /** The sender, 34 bytes; equal to `context.idFrom`. */
  readonly identity: Uint8Array
  readonly nonce: Uint8Array
  /** Unix seconds by the sender's clock. */
  readonly created: number
  readonly context: Context
}

/** A sender that is known before its body has arrived; {@link complete} takes the body. */
export interface AuthenticatedHead extends Authenticated {
  /** The Content-Digest that the signature covers. */
  readonly digest: string
}

/** The message is not signed as it must be. The reason is for logs, not for the peer. */
export class SignatureInvalid extends Error {
  override readonly name = 'SignatureInvalid'
  readonly code = 'unauthenticated'
  readonly reason: SignatureFault
  constructor(reason: SignatureFault) {
    super(`signature invalid: ${reason}`)
    this.reason = reason
  }
}

export type SignatureFault = 'missing' | 'digest' | 'context' | 'form' | 'sender' | 'signature'

/** Signs a request; the four headers returned must all be set on it. */
export function signRequest(
  identity: Identity,
  request: RequestParts & SigningParts,
): Promise<SignatureHeaders> {
  return sign(identity, request, REQUEST_COMPONENTS, (fields) => requestDescriptor(request, fields))
}

/** Signs a response; the four headers returned must all be set on it. */
export function signResponse(
  identity: Identity,
  response: ResponseParts & SigningParts,
): Promise<SignatureHeaders> {
  return sign(identity, response, RESPONSE_COMPONENTS, (fields) => responseDescriptor(response, fields))
}

/**
 * Verifies a request: one signature, exactly the components and parameters of the specification in their
 * order, the body's digest, and a context whose sender is the signer. Throws SignatureInvalid.
 */
export async function verifyRequest(
  request: RequestParts & { readonly headers: HeaderBag },
): Promise<Authenticated> {
  return complete(await verifyRequestHead(request), request.body)
}

/**
 * Verifies everything of a request but its body, which the signature covers through its digest: who sends, and which
 * body may follow. Throws SignatureInvalid.
 */
export function verifyRequestHead(
  request: RequestHead & { readonly headers: HeaderBag },
): Promise<AuthenticatedHead> {
  return verify(request, REQUEST_COMPONENTS, (fields) => requestDescriptor(request, fields))
}

/** The sender of a body: the one that was signed, byte for byte. Throws SignatureInvalid. */
export async function complete(
  { digest, ...sender }: AuthenticatedHead,
  body: Uint8Array,
): Promise<Authenticated> {
  if (digest !== (await contentDigest(body))) throw new SignatureInvalid('digest')
  return sender
}

/** Verifies a response as {@link verifyRequest} does a request. Throws SignatureInvalid. */
export async function verifyResponse(
  response: ResponseParts & { readonly headers: HeaderBag },
): Promise<Authenticated> {
  const head = await verify(response, RESPONSE_COMPONENTS, (fields) => responseDescriptor(response, fields))
  return complete(head, response.body)
}

type Fields = readonly { readonly name: string; readonly value: string }[]

function requestDescriptor(request: RequestHead, fields: Fields): MessageDescriptor {
  // Path and query have one border: neither may reach into the other.
  if (!/^\/[^?#]*$/.test(request.path) || !/^(\?[^#]*)?$/.test(request.query))
    throw new SignatureInvalid('form')
  // Only path and query are signed, so the authority (which a proxy may change) is a placeholder.
  const targetUri = `http://node${request.path}${request.query}`
  return { kind: 'request', method: request.method, targetUri, fields }
}

function responseDescriptor(response: ResponseParts, fields: Fields): MessageDescriptor {
  return { kind: 'response', status: response.status, fields }
}

async function sign(
  identity: Identity,
  parts: SigningParts & { readonly body: Uint8Array },
  components: readonly string[],
  describe: (fields: Fields) => MessageDescriptor,
): Promise<SignatureHeaders> {
  const digest = await contentDigest(parts.body)
  const context = encodeContext(parts.context)
  const fields = [
    { name: 'content-digest', value: digest },
    { name: CONTEXT_HEADER, value: context },
  ]
  const made = await createSignature(describe(fields), {
    label: LABEL,
    components,
    parameters: {
      created: parts.created,
      nonce: toBase64url(parts.nonce),
      keyid: toBase64url(identity.publicIdentity),
      tag: TAG,
    },
    signer: { algorithm: algorithmOf(identity.publicIdentity), sign: (data) => identity.sign(data) },
  })
  return {
    'content-digest': digest,
    'tercet-context': context,
    'signature-input': made.signatureInput,
    signature: made.signature,
  }
}

async function verify(
  message: { readonly headers: HeaderBag },
  components: readonly string[],
  describe: (fields: Fields) => MessageDescriptor,
): Promise<AuthenticatedHead> {
  const header = (name: string): string => {
    const value = message.headers.get(name)
    if (value === null) throw new SignatureInvalid('missing')
    return value
  }
  const input = header('signature-input')
  const signature = header('signature')
  const digest = header('content-digest')
  const contextText = header(CONTEXT_HEADER)

  const { created, nonce, identity } = parseInput(input, components)
  if (!/^tercet=:[A-Za-z0-9+/]{86}==:$/.test(signature)) throw new SignatureInvalid('form')
  const context = attempt(() => decodeContext(contextText), 'context')
  if (!equalBytes(context.idFrom, identity)) throw new SignatureInvalid('sender')

  const fields = [
    { name: 'signature-input', value: input },
    { name: 'signature', value: signature },
    { name: 'content-digest', value: digest },
    { name: CONTEXT_HEADER, value: contextText },
  ]
  const descriptor = describe(fields)
  try {
    await verifySignature(descriptor, {
      label: LABEL,
      policy: {
        algorithms: [algorithmOf(identity)],
        requiredComponents: components,
        requiredParameters: ['created', 'nonce', 'keyid', 'tag'],
        // Freshness is the caller's: it alone knows its clock, its start and the nonces it has seen.
        now: created,
      },
      resolveVerifier: () => ({
        algorithm: algorithmOf(identity),
        verify: (data, bytes) => verifyWithIdentity(identity, data, bytes),
      }),
    })
  } catch {
    throw new SignatureInvalid('signature')
  }
  return { identity, nonce, created, context, digest }
}

function algorithmOf(identity: Uint8Array): string {
  const algorithm = ALGORITHMS[(identity[0] as number) - 1]
  if (algorithm === undefined) throw new SignatureInvalid('form')
  return algorithm
}

/** Accepts the one spelling that {@link sign} writes: one label, fixed components, four parameters in order. */
function parseInput(
  input: string,
  components: readonly string[],
): { created: number; nonce: Uint8Array; identity: Uint8Array } {
  const prefix = `${LABEL}=(${components.map((name) => `"${name}"`).join(' ')})`
  const suffix = `;tag="${TAG}"`
  if (!input.startsWith(prefix) || !input.endsWith(suffix)) throw new SignatureInvalid('form')
  const parameters = input.slice(prefix.length, -suffix.length)
  const match =
    /^;created=(0|[1-9][0-9]{0,11});nonce="([A-Za-z0-9_-]{43})";keyid="([A-Za-z0-9_-]{46})"$/.exec(parameters)
  if (match === null) throw new SignatureInvalid('form')
  const [, created = '', nonce = '', keyid = ''] = match
  return attempt(
    () => ({
      created: Number(created),
      nonce: fromBase64url(nonce, 'nonce', NONCE_BYTES),
      identity: fromBase64url(keyid, 'keyid', 34),
    }),
    'form',
  )
}

function attempt<T>(read: () => T, fault: SignatureFault): T {
  try {
    return read()
  } catch {
    throw new SignatureInvalid(fault)
  }
}

/** `sha-256=:...:` of the body (RFC 9530). */
async function contentDigest(body: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(body)))
  return `sha-256=:${btoa(String.fromCharCode(...digest))}:`
}

import { createHash, createPublicKey, verify as opensslVerify } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { beforeAll, describe, expect, test } from 'vitest'
import type { Context } from './context.js'
import { encodeContext } from './context.js'
import {
  type HeaderBag,
  type SignatureHeaders,
  SignatureInvalid,
  signRequest,
  signResponse,
  verifyRequest,
  verifyResponse,
} from './http-signature.js'
import { decodeIdentity, generateIdentity, type Identity, recoverySigner } from './identity.js'

const nonce = new Uint8Array(32).fill(9)
const created = 1_800_000_000
const body = Uint8Array.of(1, 2, 3)
const bag = (headers: Partial<SignatureHeaders>): HeaderBag => new Headers(headers as Record<string, string>)

let device: Identity
let node: Identity
let context: Context
let headers: SignatureHeaders
let reply: SignatureHeaders
const request = { method: 'POST', path: '/v1/keygen/start', query: '', body }
const response = { status: 200, body }

beforeAll(async () => {
  device = await generateIdentity()
  node = await generateIdentity()
  context = {
    version: 1,
    idFrom: device.publicIdentity,
    idTo: node.publicIdentity,
    keyId: new Uint8Array(32),
    epoch: 0,
    opType: 'keygen',
    sessionId: new Uint8Array(32).fill(5),
    step: 1,
    prevMsgHash: new Uint8Array(32),
  }
  headers = await signRequest(device, { ...request, context, created, nonce })
  const answer: Context = { ...context, idFrom: node.publicIdentity, idTo: device.publicIdentity, step: 2 }
  reply = await signResponse(node, { ...response, context: answer, created, nonce })
})

/** RFC 9421 2.5, written out by hand. */
function base(components: [string, string][], input: string): string {
  const lines = components.map(([name, value]) => `"${name}": ${value}`)
  return [...lines, `"@signature-params": ${input.slice('tercet='.length)}`].join('\n')
}

function opensslAccepts(identity: Identity, text: string, signature: string): boolean {
  const raw = Buffer.from(decodeIdentity(identity.publicIdentity, 'x'))
  const [x, y] = [raw.subarray(1, 33), raw.subarray(33)].map((part) => part.toString('base64url'))
  const key = createPublicKey({
    key: { kty: 'EC', crv: 'P-256', x: x as string, y: y as string },
    format: 'jwk',
  })
  const bytes = Buffer.from(signature.slice('tercet=:'.length, -1), 'base64')
  return opensslVerify('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }, bytes)
}

describe('what is signed', () => {
  const digest = `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

  test('a request, by the letter of RFC 9421', () => {
    expect(headers['content-digest']).toBe(digest)
    const id = Buffer.from(device.publicIdentity).toString('base64url')
    expect(headers['signature-input']).toBe(
      `tercet=("@method" "@path" "@query" "content-digest" "tercet-context");created=${created};` +
        `nonce="${Buffer.from(nonce).toString('base64url')}";keyid="${id}";tag="tercet"`,
    )
    const text = base(
      [
        ['@method', 'POST'],
        ['@path', '/v1/keygen/start'],
        ['@query', '?'],
        ['content-digest', digest],
        ['tercet-context', encodeContext(context)],
      ],
      headers['signature-input'],
    )
    expect(opensslAccepts(device, text, headers.signature)).toBe(true)
    expect(opensslAccepts(device, text.replace('POST', 'GET'), headers.signature)).toBe(false)
  })

  test('a response, by the letter of RFC 9421', () => {
    const text = base(
      [
        ['@status', '200'],
        ['content-digest', digest],
        ['tercet-context', reply['tercet-context']],
      ],
      reply['signature-input'],
    )
    expect(opensslAccepts(node, text, reply.signature)).toBe(true)
  })
})

describe('verify', () => {
  test('returns who, when, which nonce and which context', async () => {
    expect(await verifyRequest({ ...request, headers: bag(headers) })).toEqual({
      identity: device.publicIdentity,
      nonce,
      created,
      context,
    })
    const answer = await verifyResponse({ ...response, headers: bag(reply) })
    expect(answer.identity).toEqual(node.publicIdentity)
    expect(answer.context.step).toBe(2)
  })

  test('an empty body and a query', async () => {
    const other = { method: 'GET', path: '/v1/wallets/abc/kit', query: '?a=1&b=%20', body: new Uint8Array() }
    const signed = await signRequest(device, { ...other, context, created, nonce })
    await verifyRequest({ ...other, headers: bag(signed) })
    await expect(verifyRequest({ ...other, query: '?a=1', headers: bag(signed) })).rejects.toThrow(
      SignatureInvalid,
    )
  })

  test('works on what Fetch hands out', async () => {
    const sent = new Request('http://127.0.0.1:1/v1/keygen/start', {
      method: 'POST',
      body,
      headers: { ...headers },
    })
    const url = new URL(sent.url)
    const received = new Uint8Array(await sent.arrayBuffer())
    await verifyRequest({
      method: sent.method,
      path: url.pathname,
      query: url.search,
      headers: sent.headers,
      body: received,
    })
  })

  test.each([
    ['method', { method: 'PUT' }],
    ['path', { path: '/v1/keygen/open' }],
    ['path spelling', { path: '/v1/keygen/%73tart' }],
    ['path dots', { path: '/v1/keygen/x/../start' }],
    ['query', { query: '?x' }],
    ['border of path and query', { path: '/v1/keygen', query: '/start' }],
    ['path that holds a query', { path: '/v1/keygen/start?' }],
    ['body', { body: Uint8Array.of(1, 2, 4) }],
    ['longer body', { body: Uint8Array.of(1, 2, 3, 0) }],
    ['empty body', { body: new Uint8Array() }],
  ])('refuses a request with another %s', async (_, change) => {
    await expect(verifyRequest({ ...request, ...change, headers: bag(headers) })).rejects.toThrow(
      SignatureInvalid,
    )
  })

  test.each([
    ['status', { status: 201 }],
    ['body', { body: new Uint8Array() }],
  ])('refuses a response with another %s', async (_, change) => {
    await expect(verifyResponse({ ...response, ...change, headers: bag(reply) })).rejects.toThrow(
      SignatureInvalid,
    )
  })

  test.each(['content-digest', 'tercet-context', 'signature-input', 'signature'] as const)(
    'refuses without %s, with it twice, and with any byte of it changed',
    async (name) => {
      const { [name]: value, ...rest } = headers
      const verify = (bagged: HeaderBag) => verifyRequest({ ...request, headers: bagged })
      await expect(verify(bag(rest))).rejects.toThrow(SignatureInvalid)
      const twice = new Headers({ ...headers })
      twice.append(name, value)
      await expect(verify(twice)).rejects.toThrow(SignatureInvalid)
      for (let i = 0; i < value.length; i++) {
        const changed = String.fromCharCode(value.charCodeAt(i) ^ 1)
        const mutated = value.slice(0, i) + changed + value.slice(i + 1)
        const headerBag = {
          get: (key: string) => (key === name ? mutated : headers[key as keyof SignatureHeaders]),
        }
        await expect(verify(headerBag)).rejects.toThrow(SignatureInvalid)
      }
    },
  )

  const input = () => headers['signature-input']
  test.each([
    [
      'a second signature',
      () => ({ 'signature-input': `${input()}, b=()`, signature: `${headers.signature}, b=:AA==:` }),
    ],
    ['another label', () => ({ 'signature-input': input().replace('tercet=', 'sig=') })],
    ['a component less', () => ({ 'signature-input': input().replace(' "@query"', '') })],
    [
      'a component more',
      () => ({ 'signature-input': input().replace('"@method"', '"@method" "@authority"') }),
    ],
    [
      'another order',
      () => ({ 'signature-input': input().replace('"@method" "@path"', '"@path" "@method"') }),
    ],
    ['another algorithm', () => ({ 'signature-input': `${input()};alg="hmac-sha256"` })],
    ['an expiry', () => ({ 'signature-input': input().replace(';nonce', ';expires=1;nonce') })],
    ['no nonce', () => ({ 'signature-input': input().replace(/;nonce="[^"]*"/, '') })],
    ['another tag', () => ({ 'signature-input': input().replace('tag="tercet"', 'tag="other"') })],
    ['a short signature', () => ({ signature: 'tercet=:AAAA:' })],
    [
      'another digest algorithm',
      () => ({ 'content-digest': headers['content-digest'].replace('256', '512') }),
    ],
  ])('refuses %s', async (_, change) => {
    await expect(verifyRequest({ ...request, headers: bag({ ...headers, ...change() }) })).rejects.toThrow(
      SignatureInvalid,
    )
  })

  test('the sender of the context is the signer', async () => {
    const forged = await signRequest(node, { ...request, context, created, nonce })
    const error = await verifyRequest({ ...request, headers: bag(forged) }).catch((e: unknown) => e)
    expect(error).toMatchObject({ code: 'unauthenticated', reason: 'sender' })
  })

  test('a response is no request and a request no response', async () => {
    await expect(verifyRequest({ ...request, headers: bag(reply) })).rejects.toThrow(SignatureInvalid)
    await expect(verifyResponse({ ...response, headers: bag(headers) })).rejects.toThrow(SignatureInvalid)
  })
})

describe('the recovery party', () => {
  const { kappa } = recoveryKeyFromSeed(new Uint8Array(32).fill(3))
  const signer = recoverySigner(kappa)
  const withKappa = () => {
    const ofRecovery = { ...context, idFrom: signer.publicIdentity, opType: 'reshare' as const }
    return signRequest(signer, { ...request, context: ofRecovery, created, nonce })
  }

  test('signs a request with kappa: its keyid alone says that the curve is another', async () => {
    const made = await withKappa()
    expect(made['signature-input']).not.toContain('alg')
    const found = await verifyRequest({ ...request, headers: bag(made) })
    expect(found.identity).toEqual(signer.publicIdentity)
    const text = base(
      [
        ['@method', 'POST'],
        ['@path', '/v1/keygen/start'],
        ['@query', '?'],
        ['content-digest', made['content-digest']],
        ['tercet-context', made['tercet-context']],
      ],
      made['signature-input'],
    )
    const bytes = Uint8Array.from(Buffer.from(made.signature.slice('tercet=:'.length, -1), 'base64'))
    const publicKey = signer.publicIdentity.slice(1)
    expect(secp256k1.verify(bytes, Buffer.from(text), publicKey, { prehash: true })).toBe(true)
  })

  test('is not a P-256 identity with the same 33 bytes, nor any other algorithm', async () => {
    const made = await withKappa()
    for (const algorithm of [0, 1, 3]) {
      const keyid = Buffer.from(signer.publicIdentity.with(0, algorithm)).toString('base64url')
      const input = made['signature-input'].replace(/keyid="[^"]*"/, `keyid="${keyid}"`)
      const headers = bag({ ...made, 'signature-input': input })
      await expect(verifyRequest({ ...request, headers })).rejects.toThrow(SignatureInvalid)
    }
    const other = await signRequest(recoverySigner(kappa + 1n), {
      ...request,
      context: { ...context, idFrom: signer.publicIdentity },
      created,
      nonce,
    })
    await expect(verifyRequest({ ...request, headers: bag(other) })).rejects.toThrow(SignatureInvalid)
  })
})

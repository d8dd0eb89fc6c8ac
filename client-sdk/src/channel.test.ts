// Does the channel believe the pinned cosigner alone, and only its answer to this very message?

import { sha256 } from '@noble/hashes/sha2.js'
import { CODES } from '@tercet/wire/codes'
import type { Context } from '@tercet/wire/context'
import { ENDPOINTS, type EndpointName, responseCap } from '@tercet/wire/endpoints'
import { signResponse, verifyRequest } from '@tercet/wire/http-signature'
import { generateIdentity, type Identity } from '@tercet/wire/identity'
import { encodeProblem, problem } from '@tercet/wire/problem'
import { beforeAll, describe, expect, it } from 'vitest'
import { Channel, MAX_RESPONSE_BYTES } from './channel.js'
import type { HttpRequest, HttpResponse, Transport } from './transport.js'

const random = (length: number): Uint8Array => crypto.getRandomValues(new Uint8Array(length))
const message = Uint8Array.of(1, 2, 3)
const good = Uint8Array.of(4, 5, 6)

let device: Identity
let cosigner: Identity
let stranger: Identity
beforeAll(async () => {
  ;[device, cosigner, stranger] = await Promise.all([
    generateIdentity(),
    generateIdentity(),
    generateIdentity(),
  ])
})

interface Answer {
  readonly signer?: Identity
  readonly status?: number
  readonly body?: Uint8Array
  readonly context?: Partial<Context>
  /** Signed under a nonce of the node's own, as everything is that was refused before its sender was known. */
  readonly untied?: boolean
  readonly corrupt?: (response: HttpResponse) => HttpResponse
}

async function answerTo(request: HttpRequest, answer: Answer): Promise<HttpResponse> {
  const body = request.body ?? new Uint8Array(0)
  const { context, nonce } = await verifyRequest({
    method: request.method,
    // A proxy in front takes its prefix away.
    path: new URL(request.url).pathname.replace('/prefix', ''),
    query: '',
    headers: { get: (name) => request.headers[name] ?? null },
    body,
  })
  const { signer = cosigner, status = 200, body: said = good, corrupt = (same) => same } = answer
  const headers = await signResponse(signer, {
    status,
    body: said,
    created: 1,
    nonce: answer.untied === true ? random(32) : nonce,
    context: {
      ...context,
      idFrom: signer.publicIdentity,
      idTo: device.publicIdentity,
      step: context.step + 1,
      prevMsgHash: sha256(body),
      ...answer.context,
    },
  })
  return corrupt({ status, headers: new Headers({ ...headers }), body: said })
}

/** A session whose node gives these answers in turn, the last one for ever. */
function sessionWith(...answers: readonly (Answer | 'lost')[]) {
  const seen: HttpRequest[] = []
  const transport: Transport = async (request) => {
    seen.push(request)
    const answer = answers[Math.min(seen.length, answers.length) - 1]
    if (answer === 'lost' || answer === undefined) throw new Error('connection reset')
    return answerTo(request, answer)
  }
  const channel = new Channel({
    node: 'https://node.example/prefix/',
    identity: device,
    cosigner: cosigner.publicIdentity,
    transport,
    clock: () => 1_000_000,
    random,
    timeoutMilliseconds: 1000,
  })
  const names = {
    opType: 'presign',
    keyId: random(32),
    epoch: 0,
    sessionId: random(32),
    walletId: 'A'.repeat(43),
  } as const
  return { session: channel.session(names), seen }
}

describe('a session', () => {
  it('has room for the longest answer of every route', () => {
    for (const name of Object.keys(ENDPOINTS) as EndpointName[])
      expect(responseCap(name), name).toBeLessThanOrEqual(MAX_RESPONSE_BYTES)
  })

  it('chains the hashes of the answers, under the node’s path', async () => {
    const { session, seen } = sessionWith({})
    expect(session.previous).toEqual(new Uint8Array(32))
    expect(await session.send('presign.start', message)).toEqual(good)
    expect(session.previous).toEqual(sha256(good))
    await session.send('presign.open', message)
    expect(seen[0]?.url).toBe(`https://node.example/prefix/v1/wallets/${'A'.repeat(43)}/presign/start`)
  })

  const forged: readonly (readonly [string, () => Answer])[] = [
    ['another identity', () => ({ signer: stranger })],
    ['another session', () => ({ context: { sessionId: random(32) } })],
    ['another key', () => ({ context: { keyId: random(32) } })],
    ['another epoch', () => ({ context: { epoch: 1 } })],
    ['another operation', () => ({ context: { opType: 'sign' } })],
    ['another step', () => ({ context: { step: 4 } })],
    ['an answer to another message', () => ({ context: { prevMsgHash: random(32) } })],
    ['an answer to another device', () => ({ context: { idTo: stranger.publicIdentity } })],
    ['a changed body', () => ({ corrupt: (r) => ({ ...r, body: Uint8Array.of(9) }) })],
    [
      'a changed status',
      () => ({
        status: 404,
        body: encodeProblem(problem('not-found')),
        corrupt: (r) => ({ ...r, status: 200 }),
      }),
    ],
    ['no signature', () => ({ corrupt: (r) => ({ ...r, headers: new Headers() }) })],
    [
      'an unsigned refusal',
      () => ({
        corrupt: () => ({ status: 403, headers: new Headers(), body: encodeProblem(problem('denied')) }),
      }),
    ],
  ]
  it.each(forged)('does not believe %s, and takes the right answer after it', async (_, answer) => {
    const { session, seen } = sessionWith(answer(), {})
    expect(await session.send('presign.start', message)).toEqual(good)
    expect(seen.length).toBe(2)
  })

  const provoked = [
    'unauthenticated',
    'malformed',
    'not-found',
    'unknown-session',
    'peer-fault',
    'denied',
  ] as const
  it.each(provoked)('a `%s` that anyone can have provoked changes nothing', async (code) => {
    const refusal = { status: CODES[code].status, body: encodeProblem(problem(code)) }
    const { session, seen } = sessionWith({ ...refusal, untied: true }, {})
    expect(await session.send('presign.start', message)).toEqual(good)
    expect(seen.length).toBe(2)
    const tied = sessionWith(refusal, {})
    await expect(tied.session.send('presign.start', message)).rejects.toMatchObject({ code })
  })

  it('a signed refusal that stays, given before its sender was known, is what the caller is told', async () => {
    await Promise.all(
      (['unauthenticated', 'too-large'] as const).map(async (code) => {
        const refusal = { status: CODES[code].status, body: encodeProblem(problem(code)), untied: true }
        const { session, seen } = sessionWith(refusal)
        await expect(session.send('presign.start', message)).rejects.toMatchObject({ code })
        expect(seen.length).toBe(5)
        // One that belongs to another message is no answer at all.
        const elsewhere = sessionWith({ ...refusal, context: { prevMsgHash: random(32) } })
        await expect(elsewhere.session.send('presign.start', message)).rejects.toMatchObject({
          code: 'network',
        })
      }),
    )
  })

  it('any other that nothing ties to the message ends as `network`: only who is known gets that far', async () => {
    await Promise.all(
      (['denied', 'unknown-session', 'burned', 'peer-fault'] as const).map(async (code) => {
        const body = encodeProblem(problem(code))
        const { session } = sessionWith({ status: CODES[code].status, body, untied: true })
        await expect(session.send('presign.start', message)).rejects.toMatchObject({
          code: 'network',
          cause: { code },
        })
      }),
    )
  })

  it('is asked to repeat before its sender is known, and does', async () => {
    const replayed = { status: 401, body: encodeProblem(problem('replayed')), untied: true }
    const clock = { status: 401, body: encodeProblem(problem('clock', { time: 2000 })), untied: true }
    const { session, seen } = sessionWith(replayed, clock, {})
    expect(await session.send('presign.start', message)).toEqual(good)
    expect(seen.length).toBe(3)
  })

  it('repeats the same bytes under new signatures, and ends with `network`', async () => {
    const { session, seen } = sessionWith('lost')
    await expect(session.send('presign.start', message)).rejects.toMatchObject({
      code: 'network',
      retry: 'safe',
    })
    expect(seen.length).toBe(5)
    for (const { body } of seen) expect(body).toEqual(message)
    expect(new Set(seen.map(({ headers }) => headers['signature'])).size).toBe(5)
    expect(session.previous).toEqual(new Uint8Array(32))
  })

  it('waits for a busy node, and gives up on one that asks for long', async () => {
    const busy = (seconds: number) => ({
      status: 503,
      body: encodeProblem(problem('busy', { retryAfterSeconds: seconds })),
    })
    const { session, seen } = sessionWith(busy(0), {})
    expect(await session.send('presign.start', message)).toEqual(good)
    expect(seen.length).toBe(2)
    const long = sessionWith(busy(3600))
    await expect(long.session.send('presign.start', message)).rejects.toMatchObject({
      code: 'busy',
      retry: 'later',
    })
    expect(long.seen.length).toBe(1)
  })

  it('sends a message again when the node could not store it, but never one that asks for a signature', async () => {
    const storage = { status: 503, body: encodeProblem(problem('storage', { retryAfterSeconds: 0 })) }
    const { session } = sessionWith(storage, {})
    expect(await session.send('presign.start', message)).toEqual(good)
    for (const name of ['sign', 'fresh.open'] as const) {
      const last = sessionWith(storage, {})
      await expect(last.session.send(name, message)).rejects.toMatchObject({ code: 'storage' })
      expect(last.seen.length).toBe(1)
    }
  })

  it('passes on a signed refusal with field and incident, at once', async () => {
    const body = encodeProblem(problem('mismatch', { field: 'otSetupA', id: 'x1' }))
    const { session, seen } = sessionWith({ status: 409, body })
    await expect(session.send('presign.start', message)).rejects.toMatchObject({
      code: 'mismatch',
      field: 'otSetupA',
      incident: 'x1',
    })
    expect(seen.length).toBe(1)
  })
})

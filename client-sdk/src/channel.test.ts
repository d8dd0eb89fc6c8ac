// Does the channel believe the pinned cosigner alone, and only its answer to this very message?

import { sha256 } from '@noble/hashes/sha2.js'
import type { Context } from '@tercet/wire/context'
import { signResponse, verifyRequest } from '@tercet/wire/http-signature'
import { generateIdentity, type Identity } from '@tercet/wire/identity'
import { encodeProblem, problem } from '@tercet/wire/problem'
import { beforeAll, describe, expect, it } from 'vitest'
import { Channel } from './channel.js'
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
  readonly corrupt?: (response: HttpResponse) => HttpResponse
}

async function answerTo(request: HttpRequest, answer: Answer): Promise<HttpResponse> {
  const body = request.body ?? new Uint8Array(0)
  const { context } = await verifyRequest({
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
    nonce: random(32),
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

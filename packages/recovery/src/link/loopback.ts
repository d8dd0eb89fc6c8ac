// How do frames travel between two programs of one machine: HTTP on the loopback address, under a one-time code?

import { randomBytes, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Link, LinkError } from '@tercet/wire/conversation'
import { MAX_FRAME_BYTES } from '@tercet/wire/link'

/** How long a question for the next frame is kept open before it is answered with nothing. */
const POLL_MILLISECONDS = 15_000
/** Frames that wait to be looked at: more than one is a device that repeats itself. */
const MAX_WAITING = 8
/** How long the end waits for the device to fetch our last frame. */
const FAREWELL_MILLISECONDS = 3000

const CORS = [
  ['access-control-allow-origin', '*'],
  ['access-control-allow-headers', 'content-type'],
  ['access-control-allow-private-network', 'true'],
] as const

export interface LoopbackLink extends Link {
  /** `http://127.0.0.1:PORT/CODE`: for the device, and for nobody else. */
  readonly url: string
}

/**
 * Listens on a free port of 127.0.0.1. `POST url` hands a frame over; `GET url?from=N` gives our N-th frame, as soon as
 * there is one. Everything without the code is 404. @throws LinkError `carrier`
 */
export async function loopbackLink(): Promise<LoopbackLink> {
  const code = randomBytes(16).toString('base64url')
  const sent: Uint8Array[] = []
  const arrived: Uint8Array[] = []
  const changed = new EventTarget()
  const notify = () => changed.dispatchEvent(new Event('changed'))
  let closed = false
  let fetched = 0

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
    if (!same(pathname, `/${code}`)) return end(response, 404)
    // A device may be a page of some site: the code, not its origin, says that it may.
    for (const [name, value] of CORS) response.setHeader(name, value)
    if (request.method === 'OPTIONS') return end(response, 204)
    if (request.method === 'POST') return take(request, response)
    if (request.method !== 'GET') return end(response, 405)
    const wanted = Number(searchParams.get('from'))
    if (!Number.isInteger(wanted) || wanted < 0) return end(response, 400)
    const deadline = AbortSignal.timeout(POLL_MILLISECONDS)
    while (sent[wanted] === undefined && !closed && !deadline.aborted) await next(deadline)
    const frame = sent[wanted]
    if (frame === undefined) return end(response, closed ? 410 : 204)
    response.once('finish', () => {
      fetched = Math.max(fetched, wanted + 1)
      notify()
    })
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(frame)
  }

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of request) {
      size += chunk.length
      if (size > MAX_FRAME_BYTES) return end(response, 413)
      chunks.push(chunk)
    }
    if (arrived.length >= MAX_WAITING) return end(response, 429)
    arrived.push(new Uint8Array(Buffer.concat(chunks)))
    notify()
    end(response, 204)
  }

  /** The next change, or the end of the wait. */
  function next(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        changed.removeEventListener('changed', done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      changed.addEventListener('changed', done)
      signal?.addEventListener('abort', done)
      if (signal?.aborted) done()
    })
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', () => reject(new LinkError('carrier', 'cannot listen on 127.0.0.1')))
    server.listen(0, '127.0.0.1', () => resolve())
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/${code}`,
    async send(frame) {
      sent.push(frame)
      notify()
    },
    async receive(signal) {
      for (;;) {
        signal?.throwIfAborted()
        const frame = arrived.shift()
        if (frame !== undefined) return frame
        if (closed) throw new LinkError('closed', 'the link is closed')
        await next(signal)
      }
    },
    async close() {
      const deadline = AbortSignal.timeout(FAREWELL_MILLISECONDS)
      while (!closed && fetched < sent.length && !deadline.aborted) await next(deadline)
      closed = true
      notify()
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        setImmediate(() => server.closeAllConnections())
      })
    },
  }
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function end(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'cache-control': 'no-store', connection: 'close' }).end()
}

// How does a request leave the device? Through fetch, or through whatever is put in its place.

import { TercetError } from './errors.js'

export interface HttpRequest {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  /** Absent for GET. */
  readonly body?: Uint8Array
  /** Fires when the answer is no longer wanted. */
  readonly signal: AbortSignal
  /** An answer that is longer may be cut off or refused. */
  readonly maxResponseBytes: number
}

export interface HttpResponse {
  readonly status: number
  readonly headers: { get(name: string): string | null }
  readonly body: Uint8Array
}

/** Sends one request and returns its whole answer, whatever the status; throws when there is none. It never retries. */
export type Transport = (request: HttpRequest) => Promise<HttpResponse>

/** The platform's fetch: no cookies, no cache, no redirects. */
export const fetchTransport: Transport = async (request) => {
  const response = await fetch(request.url, {
    method: request.method,
    headers: request.headers,
    signal: request.signal,
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    ...(request.body === undefined ? {} : { body: new Uint8Array(request.body) }),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: await readBounded(response, request.maxResponseBytes),
  }
}

async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0)
  const reader = response.body.getReader()
  const chunks: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > maxBytes) {
      await reader.cancel()
      throw new TercetError('network', { message: 'The node answered with more than it may.' })
    }
    chunks.push(value)
  }
  const body = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

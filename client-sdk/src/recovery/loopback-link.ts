// How does a device reach a recovery program on its own machine: HTTP on the loopback address, under a one-time code?

import { type Link, LinkError } from '@tercet/wire/conversation'
import { MAX_FRAME_BYTES } from '@tercet/wire/link'

/** Longer than the recovery program keeps a question open. */
const ANSWER_MILLISECONDS = 30_000
const TRIES = 5

/**
 * The device's end of a loopback link, by the URL that the recovery program prints. Nothing but the loopback address is
 * accepted. @throws LinkError `carrier`
 */
export function loopbackLink(address: string): Link {
  const url = parse(address)
  let heard = 0
  const closed = new AbortController()

  /** Asks until there is an answer: both questions may be repeated. */
  async function ask(
    target: URL,
    init: RequestInit,
    signal: AbortSignal | undefined,
  ): Promise<{ status: number; body: Uint8Array }> {
    for (let tried = 1; ; tried++) {
      const limits = [AbortSignal.timeout(ANSWER_MILLISECONDS), closed.signal]
      const limit = AbortSignal.any(signal === undefined ? limits : [...limits, signal])
      try {
        const response = await fetch(target, { ...init, redirect: 'error', signal: limit })
        if (response.status === 404)
          throw new LinkError('carrier', 'the recovery program does not know this code')
        if (response.status === 410) throw new LinkError('closed', 'the recovery program has ended the link')
        const { status } = response
        if (status < 300) return { status, body: new Uint8Array(await response.arrayBuffer()) }
      } catch (error) {
        if (error instanceof LinkError) throw error
        signal?.throwIfAborted()
        if (closed.signal.aborted) throw new LinkError('closed', 'the link is closed')
      }
      if (tried >= TRIES) throw new LinkError('closed', 'the recovery program cannot be reached')
      await new Promise((resolve) => setTimeout(resolve, 100 * tried))
    }
  }

  return {
    async send(frame, signal) {
      const headers = { 'content-type': 'application/json' }
      await ask(url, { method: 'POST', headers, body: new Uint8Array(frame) }, signal)
    },
    async receive(signal) {
      for (;;) {
        const target = new URL(url)
        target.searchParams.set('from', String(heard))
        const { status, body } = await ask(target, { method: 'GET' }, signal)
        if (status !== 200) continue
        if (body.length > MAX_FRAME_BYTES)
          throw new LinkError('carrier', 'the recovery program sent too much')
        heard++
        return body
      }
    },
    async close() {
      closed.abort()
    },
  }
}

function parse(address: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined
  const loopback = url !== undefined && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  if (url?.protocol !== 'http:' || !loopback || url.pathname.length < 20)
    throw new LinkError('carrier', 'not the address of a recovery program on this machine')
  return url
}

// Who is told of claims? A real listener that takes what the node signed, and nothing else.

import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fromBase64url } from '@tercet/wire/base64url'
import { verifyRequest } from '@tercet/wire/http-signature'
import { decodeNotice, type Notice } from '@tercet/wire/notice'

/** Receives notices on a free port of this machine. */
export class Webhook {
  /** What was taken, in order. */
  readonly notices: Notice[] = []
  /** Requests whose signature was not the node's. */
  rejected = 0
  /** While false, everything is answered with 503. */
  takes = true
  /** base64url of the node's identity, once it is known. */
  node = ''
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      void this.#take(request).then((status) => response.writeHead(status).end())
    })
  }

  static async listen(): Promise<Webhook> {
    const hook = new Webhook()
    await new Promise<void>((resolve) => hook.#server.listen(0, '127.0.0.1', resolve))
    return hook
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/claims?for=tercet`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(request: IncomingMessage): Promise<number> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = new Uint8Array(Buffer.concat(chunks))
    const { pathname, search } = new URL(request.url ?? '/', 'http://hook')
    const headers = { get: (name: string) => request.headers[name]?.toString() ?? null }
    const parts = { method: request.method ?? '', path: pathname, query: search, body, headers }
    const sender = await verifyRequest(parts).catch(() => undefined)
    const own = fromBase64url(this.node, 'node', 34)
    if (sender === undefined || Buffer.compare(sender.identity, own) !== 0) {
      this.rejected++
      return 401
    }
    if (!this.takes) return 503
    this.notices.push(decodeNotice(body))
    return 200
  }
}

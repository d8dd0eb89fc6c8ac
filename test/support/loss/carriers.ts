// How do messages that are not a wallet's own get lost? HTTP of another process through a proxy, and the frames of a link. (SPEC 5.2, 5.6)
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type Link, LinkError } from '@tercet/wire/conversation'
import type { Network } from './network.js'

const OF_THE_CONNECTION = ['connection', 'content-length', 'host', 'keep-alive', 'transfer-encoding']

/** The address of a proxy before a node, whose requests and answers are messages of the network. */
export async function cutProxy(node: string, network: Network): Promise<string> {
  const server = createServer((request, response) => {
    forward(request, response).catch(() => request.socket.destroy())
  })
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    network.pass()
    const method = request.method ?? 'GET'
    const answer = await fetch(node + (request.url ?? '/'), {
      method,
      headers: Object.entries(request.headers).flatMap(([name, value]) =>
        typeof value === 'string' && !OF_THE_CONNECTION.includes(name) ? [[name, value]] : [],
      ) as [string, string][],
      ...(method === 'GET' ? {} : { body: new Uint8Array(Buffer.concat(chunks)) }),
    })
    const body = Buffer.from(await answer.arrayBuffer())
    network.pass()
    const headers = [...answer.headers].filter(([name]) => !OF_THE_CONNECTION.includes(name))
    response.writeHead(answer.status, { ...Object.fromEntries(headers), connection: 'close' }).end(body)
  }
  server.listen(0, '127.0.0.1').unref()
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return `http://127.0.0.1:${address.port}`
}

/** A link whose frames, both ways, are messages of the network. */
export function cutLink(link: Link, network: Network): Link {
  const pass = () => {
    try {
      network.pass()
    } catch {
      throw new LinkError('carrier', 'lost on the way')
    }
  }
  return {
    send: async (frame, signal) => {
      pass()
      await link.send(frame, signal)
    },
    receive: async (signal) => {
      const frame = await link.receive(signal)
      pass()
      return frame
    },
    close: () => link.close(),
  }
}

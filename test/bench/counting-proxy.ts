// How many bytes does a call put on the wire? A relay counts them, headers and all.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface CountingProxy {
  readonly address: string
  /** Bytes relayed so far, both directions. */
  readonly bytes: number
  stop(): Promise<void>
}

/** Relays every connection to a server on this machine. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const port = Number(new URL(target).port)
  const sockets = new Set<Socket>()
  let bytes = 0
  const relay = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.on('data', (chunk) => {
      bytes += chunk.length
      to.write(chunk)
    })
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
  }
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1')
    relay(client, upstream)
    relay(upstream, client)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  return {
    address: `http://127.0.0.1:${address.port}`,
    get bytes() {
      return bytes
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

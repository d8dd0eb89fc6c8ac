// What crossed the wire? A TCP proxy that keeps every byte, each connection and direction as one stream.
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import type { Place } from './leak-search.js'

export interface RecordingProxy {
  readonly port: number
  /** Where connections go from now on. */
  retarget(port: number): void
  /** Everything so far: two places a connection. */
  recorded(): Place[]
  /** The number of HTTP requests so far. */
  requests(): number
  close(): Promise<void>
}

interface Stream {
  readonly name: string
  readonly chunks: Buffer[]
}

/** Listens on a free port of the loopback interface. */
export async function startProxy(targetPort: number): Promise<RecordingProxy> {
  let target = targetPort
  const streams: Stream[] = []
  const sockets = new Set<Socket>()
  const record = (name: string, from: Socket, to: Socket) => {
    const stream: Stream = { name, chunks: [] }
    streams.push(stream)
    from.on('data', (chunk: Buffer) => stream.chunks.push(chunk))
    from.pipe(to)
  }
  const server = createServer((device) => {
    const node = connect(target, '127.0.0.1')
    const number = streams.length / 2 + 1
    for (const [socket, other] of [
      [device, node],
      [node, device],
    ] as const) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        sockets.delete(socket)
        other.destroySoon()
      })
    }
    record(`connection ${number}, device to node`, device, node)
    record(`connection ${number}, node to device`, node, device)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port')
  return {
    port: address.port,
    retarget: (port) => {
      target = port
    },
    recorded: () => streams.map(({ name, chunks }) => ({ name, bytes: Buffer.concat(chunks) })),
    requests: () =>
      streams.reduce((sum, { chunks }) => sum + countRequests(Buffer.concat(chunks).toString('latin1')), 0),
    close: async () => {
      for (const socket of sockets) socket.destroy()
      if (!server.listening) return
      server.close()
      await once(server, 'close')
    },
  }
}

function countRequests(stream: string): number {
  return stream.match(/(?:GET|POST|OPTIONS) \/[^ \r\n]{0,300} HTTP\/1\.1\r\n/g)?.length ?? 0
}

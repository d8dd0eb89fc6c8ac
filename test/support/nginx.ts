// What stands in front of a node in production? nginx with TLS and a path of its own, on a free port.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { start } from './processes.js'

export interface Nginx {
  readonly port: number
  /** The certificate that clients are to trust. */
  readonly certificate: string
  stop(): Promise<number | string>
}

/** Starts nginx in front of a node. `locations` are its location blocks; `NODE` in them is the node's address. */
export async function startNginx(folder: string, nodePort: number, locations: string): Promise<Nginx> {
  mkdirSync(folder, { mode: 0o755 })
  const certificate = join(folder, 'certificate.pem')
  const key = join(folder, 'key.pem')
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1']
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
  ]
  const made = spawnSync('openssl', [...kind, ...subject, '-keyout', key, '-out', certificate])
  if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`)
  const port = await freePort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr warn;
events { worker_connections 256; }
http {
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
  access_log off;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ${locations.replaceAll('NODE', `http://127.0.0.1:${nodePort}`)}
  }
}
`,
  )
  const program = start('nginx', 'nginx', ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')])
  await Promise.race([
    reachable(port),
    program.ended().then((end) => Promise.reject(new Error(`nginx ended with ${end}: ${program.stderr()}`))),
  ])
  return { port, certificate, stop: () => program.stop() }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function reachable(port: number): Promise<void> {
  for (let tried = 0; ; tried++) {
    const socket = connect(port, '127.0.0.1')
    try {
      await once(socket, 'connect')
      return
    } catch (error) {
      if (tried >= 100) throw error
      await pause(50)
    } finally {
      socket.destroy()
    }
  }
}

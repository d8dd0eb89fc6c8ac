// Do the signatures outlive an ordinary proxy? nginx ends TLS, has a path of its own, and passes on. (product, Authentication)
import { join } from 'node:path'
import { recoverMessageAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DeviceEvent, eventsOf, startDevice } from '../support/device-process.js'
import { type Nginx, startNginx } from '../support/nginx.js'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const { count } = suite('proxy')
const folder = temporaryFolder('proxy')

/** What operators write, and two proxies that change what was signed: the path, and the body of the answers. */
const LOCATIONS = `
    location /tercet/ { proxy_pass NODE/; }
    location /plain/ { proxy_pass NODE/; proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header Connection ""; proxy_buffering off; gzip on; gzip_types *; gzip_min_length 1; }
    location /query/ { set $args added=1; proxy_pass NODE/; }
    location /body/ { proxy_pass NODE/; add_header content-digest "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:" always; proxy_hide_header content-digest; }
    location /header/ { proxy_pass NODE/; proxy_set_header tercet-context ""; }
`

describe('a node behind nginx', () => {
  let node: NodeProcess
  let nginx: Nginx

  beforeAll(async () => {
    node = await startNode({ dataDir: await newDataDir(folder, 'node') })
    nginx = await startNginx(join(folder, 'nginx'), node.port, LOCATIONS)
  })
  afterAll(async () => {
    await nginx?.stop()
    await node?.stop()
  })

  async function device(path: string): Promise<DeviceEvent[]> {
    const steps = [{ step: 'sign', message: `through ${path}` }] as const
    const task = { node: `https://localhost:${nginx.port}/${path}`, pool: 2, steps }
    const program = startDevice(task, { environment: { NODE_EXTRA_CA_CERTS: nginx.certificate } })
    await program.ended()
    count()
    return eventsOf(program)
  }

  it.each(['tercet', 'plain'])('creates a wallet and signs through /%s', async (path) => {
    const events = await device(path)
    const wallet = events.flatMap((event) => (event.event === 'wallet' ? [event] : []))[0]
    const signed = events.flatMap((event) => (event.event === 'signed' ? [event] : []))[0]
    if (wallet === undefined || signed === undefined) return expect.fail(JSON.stringify(events))
    const { message, serialized: signature } = signed
    return expect(await recoverMessageAddress({ message, signature })).toBe(wallet.address)
  })

  it.each(['query', 'body', 'header'])('refuses what /%s changed (positive control)', async (path) => {
    const events = await device(path)
    expect(events.filter(({ event }) => event === 'wallet')).toEqual([])
    expect(events.at(-1)).toMatchObject({ event: 'failed', step: 'open' })
    process.stdout.write(`proxy: /${path}: ${JSON.stringify(events.at(-1))}\n`)
  })
})

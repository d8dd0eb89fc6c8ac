// Is a message that was captured worth anything later? The same bytes again, before and after a restart. (product, Authentication)

import { join } from 'node:path'
import { fetchTransport, type HttpRequest, type Transport, Wallet } from '@tercet/client'
import { memoryStorage } from '@tercet/client/storage/memory'
import { parseProblem } from '@tercet/wire/problem'
import Database from 'better-sqlite3'
import { beforeAll, describe, expect, it } from 'vitest'
import { type NodeProcess, newDataDir, startNode } from '../support/node-process.js'
import { someRecovery } from '../support/recovery.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const { random, count } = suite('replay')
const folder = temporaryFolder('replay')
/**
 * Messages that change nothing durable and answer with nothing that a signature is made of. A node that has forgotten
 * their nonces with its memory may take those of the near future for new ones: they open a session that leads nowhere,
 * or repeat a confirmation that is repeated for ever.
 */
const HARMLESS = [
  '/v1/keygen/start',
  '/v1/keygen/confirm',
  '/v1/wallets/{id}/sign/start',
  '/v1/wallets/{id}/presign/start',
]

/** A device's clock that runs ahead, within what a node accepts: its messages are younger than the restart. */
const AHEAD_SECONDS = 50

/** How much is in every table but that of the nonces. */
function durable(dataDir: string): Record<string, unknown> {
  const database = new Database(join(dataDir, 'node.sqlite'), { readonly: true })
  const tables = ['audit', 'spends', 'keys', 'shares', 'ot_setups', 'devices', 'strikes']
  const counts = tables.map((table) => [
    table,
    database.prepare(`SELECT count(*) FROM ${table}`).pluck().get(),
  ])
  database.close()
  return Object.fromEntries(counts)
}

describe.each([
  { clock: 'right', ahead: 0 },
  { clock: 'ahead', ahead: AHEAD_SECONDS },
])('messages of a device whose clock is $clock', ({ clock, ahead }) => {
  let node: NodeProcess
  let wallet: Wallet
  const captured: HttpRequest[] = []
  const transport: Transport = (request) => {
    captured.push(request)
    return fetchTransport(request)
  }

  beforeAll(async () => {
    node = await startNode({ dataDir: await newDataDir(folder, clock) })
    wallet = await Wallet.create({
      node: node.url,
      storage: memoryStorage(),
      recovery: someRecovery(random(clock)),
      transport,
      clock: () => Date.now() + ahead * 1000,
      pool: { size: 1 },
    })
    await wallet.ready()
    expect((await wallet.signMessage('pool')).mode).toBe('pool')
  })

  /** Sends every captured message that is signed once more, as it was. The code of every answer. */
  async function replayed(): Promise<Record<string, string>> {
    const codes: Record<string, string> = {}
    for (const { url, ...message } of captured.filter(({ headers }) => headers['signature'] !== undefined)) {
      const { pathname } = new URL(url)
      const to = `${node.url}${pathname}`
      const signal = AbortSignal.timeout(30_000)
      const { status, body } = await fetchTransport({ ...message, url: to, signal })
      codes[pathname.replace(wallet.id, '{id}')] = status === 200 ? 'ANSWERED' : parseProblem(body).code
      count()
    }
    return codes
  }
  const routes = [
    ...['start', 'open', 'confirm'].map((step) => `/v1/keygen/${step}`),
    ...['sign/start', 'sign/open', 'presign/start', 'presign/open', 'sign'].map(
      (step) => `/v1/wallets/{id}/${step}`,
    ),
  ]

  it('are refused while the node runs', async () => {
    const codes = await replayed()
    expect(Object.keys(codes).sort()).toEqual(routes.toSorted())
    expect([...new Set(Object.values(codes))]).toEqual(['replayed'])
  })

  it('change nothing after the node was killed and started again', async () => {
    await node.kill()
    node = await startNode({ dataDir: join(folder, clock), port: node.port })
    const before = durable(join(folder, clock))
    const codes = await replayed()
    process.stdout.write(`replay after restart, clock ${clock}: ${JSON.stringify(codes)}\n`)
    expect(Object.keys(codes).sort()).toEqual(routes.toSorted())
    const answered = Object.keys(codes).filter((route) => codes[route] === 'ANSWERED')
    expect(answered.filter((route) => ahead === 0 || !HARMLESS.includes(route))).toEqual([])
    expect(durable(join(folder, clock))).toEqual(before)
  })

  it('leave the wallet able to sign', async () => {
    expect((await wallet.signMessage('afterwards')).mode).toBe('fresh')
    await wallet.close()
    expect(await node.stop()).toBe(0)
  })
})

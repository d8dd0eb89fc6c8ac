// Does the program start, refuse, report and stop as an operator expects? (security.md 5; stack trap 9)

import { chmodSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { toBase64url } from '@tercet/wire/base64url'
import { decodeIdentityDocument } from '@tercet/wire/control'
import { ENDPOINTS } from '@tercet/wire/endpoints'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  launchNode,
  type NodeProcess,
  newDataDir,
  runNodeProgram,
  startNode,
  VERBOSE,
} from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { RawDevice } from './raw-device.js'

const ORIGIN = 'https://wallet.example'
const folder = temporaryFolder('node-operations')
let node: NodeProcess

beforeAll(async () => {
  node = await startNode({
    dataDir: await newDataDir(folder, 'node'),
    options: [...VERBOSE, '--origin', ORIGIN, '--public-address', 'https://node.example/t/'],
  })
})

afterAll(async () => {
  if (node) await node.stop()
})

describe('a running node', () => {
  test('says where it listens, who it is, and that it is well', async () => {
    expect(node).toMatchObject({
      pid: node.program.child.pid,
      identity: expect.stringMatching(/^[\w-]{46}$/),
    })
    for (const path of ['/health', '/ready']) {
      const response = await fetch(node.url + path)
      expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
    }
    const body = new Uint8Array(await (await fetch(`${node.url}/v1/identity`)).arrayBuffer())
    const identity = decodeIdentityDocument(body)
    expect(toBase64url(identity.identity)).toBe(node.identity)
    expect(identity.address).toBe('https://node.example/t')
  })

  test('warns when nobody but the device would hear of a recovery claim', async () => {
    expect(node.log()).toContain('"event":"no-notice-url"')
  })

  test('describes every route', async () => {
    const document = (await (await fetch(`${node.url}/openapi.json`)).json()) as {
      paths: Record<string, object>
    }
    for (const { path, method } of Object.values(ENDPOINTS)) {
      expect(Object.keys(document.paths[path] ?? {}), path).toContain(method.toLowerCase())
    }
  })

  test('counts on its other port alone', async () => {
    const metrics = await (await fetch(`${node.metricsUrl}/metrics`)).text()
    expect(metrics).toContain('tercet_http_requests_total')
    expect((await fetch(`${node.url}/metrics`)).status).toBe(404)
  })

  test('answers browsers of the allowed origin', async () => {
    const preflight = (origin: string) =>
      fetch(`${node.url}/v1/keygen/start`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': 'POST',
          'access-control-request-headers':
            'content-type,content-digest,tercet-context,signature-input,signature',
        },
      })
    const allowed = await preflight(ORIGIN)
    expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN)
    expect(allowed.headers.get('access-control-allow-headers')).toContain('tercet-context')
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull()
    const answer = await fetch(`${node.url}/v1/identity`, { headers: { origin: ORIGIN } })
    expect(answer.headers.get('access-control-expose-headers')).toContain('signature-input')
  })

  test('is examined in one line of JSON where that is asked for', () => {
    const [audit, doctor] = [['audit', 'verify'], ['doctor']].map((command) => {
      const { status, stdout } = runNodeProgram(...command, '--json', '--data-dir', node.dataDir)
      return { status, ...JSON.parse(stdout) }
    })
    expect(audit).toMatchObject({ status: 0, ok: true, says: expect.stringContaining('entries') })
    expect(doctor).toMatchObject({ status: 0, ok: true })
    expect(doctor.checks).toContainEqual({ check: 'identity', ok: true, says: node.identity })
    const nowhere = runNodeProgram('--json', 'doctor', '--data-dir', join(folder, 'nowhere'))
    expect(nowhere.status).toBe(1)
    expect(JSON.parse(nowhere.stdout)).toMatchObject({ ok: false })
  })

  test('is the only one on its data folder', () => {
    const second = runNodeProgram('start', '--data-dir', node.dataDir, '--port', '0', '--metrics-port', '0')
    expect([second.status, second.stdout]).toEqual([4, ''])
  })

  test('keeps its files to itself', () => {
    for (const file of ['wrapping.key', 'node.sqlite', 'node.sqlite-wal', 'serving.lock']) {
      expect(statSync(join(node.dataDir, file)).mode & 0o077, file).toBe(0)
    }
  })

  test('gives up on a client that never finishes its headers', async () => {
    const socket = connect(node.port, '127.0.0.1')
    socket.on('error', () => undefined)
    const begun = performance.now()
    socket.write('POST /v1/keygen/start HTTP/1.1\r\nhost: node\r\n')
    socket.resume()
    await new Promise((resolve) => socket.once('close', resolve))
    expect(performance.now() - begun).toBeLessThan(16_000)
  })
})

describe('refusals to start', () => {
  const start = (dataDir: string) =>
    runNodeProgram('start', '--data-dir', dataDir, '--port', '0', '--metrics-port', '0')

  test('no data folder', () => {
    const refused = start(join(folder, 'none'))
    expect(refused.status).toBe(3)
    expect(refused.stderr).toContain('tercet-node init')
  })

  test('a second init', () => {
    expect(runNodeProgram('init', '--data-dir', node.dataDir).status).toBe(3)
  })

  test('a wrapping key that others can read', async () => {
    const dataDir = await newDataDir(folder, 'readable')
    chmodSync(join(dataDir, 'wrapping.key'), 0o644)
    expect(start(dataDir)).toMatchObject({ status: 3, stdout: '' })
    expect(runNodeProgram('doctor', '--data-dir', dataDir).status).toBe(1)
  })

  test('an unknown schema version', async () => {
    const dataDir = await newDataDir(folder, 'schema')
    const database = new Database(join(dataDir, 'node.sqlite'))
    database.exec(`UPDATE meta SET value = '99'`)
    database.close()
    const refused = start(dataDir)
    expect(refused.status).toBe(3)
    expect(refused.stderr).toContain('schema version 99')
  })

  test('a database that lost a table, and a file that is none', async () => {
    const dataDir = await newDataDir(folder, 'table')
    const database = new Database(join(dataDir, 'node.sqlite'))
    database.exec('DROP TABLE identity')
    database.close()
    expect(start(dataDir)).toMatchObject({ status: 5, stdout: '' })
    const garbled = await newDataDir(folder, 'garbled')
    writeFileSync(join(garbled, 'node.sqlite'), new Uint8Array(8192).fill(7))
    expect(start(garbled)).toMatchObject({ status: 3, stdout: '' })
  })

  test('a random generator that is stuck', async () => {
    const dataDir = await newDataDir(folder, 'stuck')
    const stuck = fileURLToPath(new URL('../support/stuck-random.mjs', import.meta.url))
    const program = launchNode({ dataDir, nodeOptions: ['--import', stuck] })
    expect(await program.ended()).toBe(1)
    expect(program.stderr()).toContain('random generator')
    expect(program.stdout()).toBe('')
  })

  test('wrong usage', () => {
    for (const args of [
      ['start', '--port', 'x'],
      ['start', '--origin', '*'],
      ['nonsense'],
      ['start', '--nonsense'],
    ]) {
      expect(runNodeProgram(...args).status, args.join(' ')).toBe(2)
    }
    expect(runNodeProgram('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Exit codes'),
    })
  })
})

test('SIGTERM lets a running key generation end, answers not-ready, and leaves with 0', async () => {
  const own = await startNode({ dataDir: await newDataDir(folder, 'stopped') })
  const device = await RawDevice.create(own.url, own.identity)
  await fetch(`${own.url}/health`)
  const session = device.keygen()
  await new Promise((resolve) => setTimeout(resolve, 50))
  const begun = performance.now()
  expect(await own.stop()).toBe(0)
  expect(performance.now() - begun).toBeLessThan(11_000)
  await session.catch(() => undefined)
  const doctor = runNodeProgram('doctor', '--data-dir', own.dataDir)
  expect([doctor.status, doctor.stdout.match(/^FAIL/m)]).toEqual([0, null])
})

test('the first storage error stops the node, which acknowledges nothing more', async () => {
  const own = await startNode({ dataDir: await newDataDir(folder, 'broken') })
  const device = await RawDevice.create(own.url, own.identity)
  const { wallet } = await device.keygen()
  const database = new Database(join(own.dataDir, 'node.sqlite'))
  database.pragma('foreign_keys = OFF')
  database.exec('DROP TABLE devices')
  database.close()
  const answer = await device.kit(wallet)
  expect(answer).toMatchObject({ status: 503, code: 'storage', signed: true })
  expect(await own.program.ended()).toBe(5)
})

// What does a real node refuse, repeat, burn and lock, and does an honest pair sign afterwards? (SPEC 0.5, 3.5, 4.4; abort table)

import { copyFileSync } from 'node:fs'
import { decodeMessage, encodeMessage, messageLength } from '@tercet/protocol/messages'
import * as presign from '@tercet/protocol/presign'
import { request as askFor, finishFresh } from '@tercet/protocol/sign'
import { generateIdentity } from '@tercet/wire/identity'
import { encodeRequest } from '@tercet/wire/request'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, runNodeProgram, startNode, VERBOSE } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { expectOk, inputOf, messageRequest, RawDevice, type RawWallet, random, sha256 } from './raw-device.js'

const folder = temporaryFolder('node-refusals')
let node: NodeProcess
let device: RawDevice
let wallet: RawWallet
let keygen: Awaited<ReturnType<RawDevice['keygen']>>

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node'), options: VERBOSE })
  device = await RawDevice.create(node.url, node.identity)
  keygen = await device.keygen()
  wallet = keygen.wallet
})

afterAll(async () => {
  if (node) await node.stop()
})

/** A pool signature's message, and what it is sent with. */
async function poolMessage(text: string) {
  const [item] = await device.presign(wallet, 1)
  if (item === undefined) throw new Error('no presignature')
  const input = inputOf(wallet, messageRequest(wallet, text))
  const { state, send } = askFor(item.presignature, input)
  return { item, state, send, about: { session: device.session('sign', item.presigId), wallet } }
}

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const changed = bytes.slice()
  changed[at] = (changed[at] ?? 0) ^ 1
  return changed
}

describe('repeats', () => {
  test('the same body under a new signature gets the same bytes', async () => {
    const { send, about } = await poolMessage('twice')
    const first = expectOk(await device.send('sign', about, send))
    expect(expectOk(await device.send('sign', about, send))).toEqual(first)
  })

  test('another request on a used presignature gets 409, in sequence and in parallel', async () => {
    const { item, send, about } = await poolMessage('one')
    const { view } = decodeMessage('sign.req1', send)
    const { request } = inputOf(wallet, messageRequest(wallet, 'two'))
    const other = encodeMessage('sign.req1', { presigId: item.presigId, view, request })
    const both = await Promise.all([device.send('sign', about, send), device.send('sign', about, other)])
    expect(both.map(({ code }) => code)).toEqual(['ok', 'conflict'])
    expect(await device.send('sign', about, other)).toMatchObject({
      status: 409,
      code: 'conflict',
      signed: true,
    })
    expect((await device.send('sign', about, send)).body).toEqual(both[0]?.body)
  })

  test('a changed first message kills the session, and its nonce is never used again', async () => {
    const started = presign.start(device.context(wallet), 1, random)
    const about = { session: device.session('presign', started.nonce), wallet }
    const res1 = expectOk(await device.send('presign.start', about, started.send))
    expect((await device.send('presign.start', about, started.send)).body).toEqual(res1)
    const changed = flip(started.send, started.send.length - 1)
    expect(await device.send('presign.start', about, changed)).toMatchObject({ code: 'conflict' })
    const finished = presign.finish(started.state, decodeMessage('presign.res1', res1, 1), random)
    const next = { ...about, previous: sha256(res1) }
    expect(await device.send('presign.open', next, finished.send)).toMatchObject({ code: 'unknown-session' })
  })

  test('the confirmation of a key is repeated for ever, byte by byte', async () => {
    const { session, previous, body, answer } = keygen.confirm
    expect((await device.send('keygen.confirm', { session, previous }, body)).body).toEqual(answer)
  })
})

describe('authentication', () => {
  test('a nonce is good once, whatever the body', async () => {
    const { send, about } = await poolMessage('nonce')
    const nonce = random(32)
    expect(await device.send('sign', about, send, { nonce })).toMatchObject({ code: 'ok' })
    expect(await device.send('sign', about, send, { nonce })).toMatchObject({ status: 401, code: 'replayed' })
  })

  test('a wrong clock is told the time', async () => {
    const { send, about } = await poolMessage('clock')
    const now = Math.floor(Date.now() / 1000)
    for (const created of [now - 100, now + 100]) {
      expect(await device.send('sign', about, send, { created })).toMatchObject({
        code: 'clock',
        signed: true,
      })
    }
    expect(await device.send('sign', about, send)).toMatchObject({ code: 'ok' })
  })

  test('a body that is not the signed one changes nothing', async () => {
    const { send, about } = await poolMessage('digest')
    const headers = { 'content-digest': 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:' }
    expect(await device.send('sign', about, send, { headers })).toMatchObject({ code: 'unauthenticated' })
    expect(await device.send('sign', about, send)).toMatchObject({ code: 'ok' })
  })

  test('somebody else, an unknown wallet and no wallet look the same', async () => {
    const { send, about } = await poolMessage('stranger')
    const stranger = await generateIdentity()
    const answers = [
      await device.send('sign', about, send, { identity: stranger }),
      await device.send('sign', about, send, { identity: stranger, walletId: 'A'.repeat(43) }),
      await device.send('sign', about, send, { walletId: 'A'.repeat(43) }),
      await device.send('sign', about, send, { walletId: 'nonsense' }),
    ]
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 404, code: 'not-found' })
      expect(answer.body).toEqual(answers[0]?.body)
    }
  })

  test('a context of another step, operation, epoch or key is a mismatch', async () => {
    const { send, about } = await poolMessage('context')
    const bends = [
      { step: 3 },
      { opType: 'fresh' },
      { epoch: 1 },
      { keyId: random(32) },
      { sessionId: random(32) },
      { prevMsgHash: random(32) },
    ] as const
    for (const context of bends) {
      const answer = await device.send('sign', about, send, { context })
      expect(answer, JSON.stringify(context)).toMatchObject({ status: 409, code: 'mismatch' })
    }
    expect(await device.send('sign', about, send)).toMatchObject({ code: 'ok' })
  })
})

describe('sizes', () => {
  test('a body beyond its message is refused unread', async () => {
    const session = device.session('presign', random(32))
    const largest = messageLength('presign.req1', 16)
    const body = new Uint8Array(largest + 1)
    expect(await device.send('presign.start', { session, wallet }, body)).toMatchObject({ code: 'too-large' })
    const short = await device.send('presign.start', { session, wallet }, new Uint8Array(largest))
    expect(short).toMatchObject({ status: 400, code: 'malformed' })
  })

  test("a second message has its session's length, whatever another batch would have", async () => {
    const started = presign.start(device.context(wallet), 2, random)
    const session = device.session('presign', started.nonce)
    const res1 = expectOk(await device.send('presign.start', { session, wallet }, started.send))
    const finished = presign.finish(started.state, decodeMessage('presign.res1', res1, 2), random)
    const about = { session, wallet, previous: sha256(res1) }
    const sized = (batch: number) => new Uint8Array(messageLength('presign.req2', batch))
    expect(await device.send('presign.open', about, sized(3))).toMatchObject({
      code: 'too-large',
      signed: true,
    })
    expect(await device.send('presign.open', about, sized(1))).toMatchObject({
      code: 'malformed',
      signed: true,
    })
    const foreign = { ...about, session: random(32) }
    expect(await device.send('presign.open', foreign, sized(2))).toMatchObject({ code: 'unknown-session' })
    expectOk(await device.send('presign.open', about, finished.send))
  })

  test('a chunked body is refused', async () => {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new Uint8Array(10))
        controller.close()
      },
    })
    const init = { method: 'POST', body, duplex: 'half' } as RequestInit
    expect((await fetch(`${node.url}/v1/keygen/start`, init)).status).toBe(400)
  })
})

describe('policy', () => {
  test('a raw digest is denied, with and without a presignature, and logged', async () => {
    const expiresAt = String(Math.floor(Date.now() / 1000) + 60)
    const { walletId } = wallet
    const payload = 'A'.repeat(43)
    const raw = {
      id: 'raw',
      walletId,
      path: 'm',
      chain: 'none',
      kind: 'raw-digest',
      payload,
      expiresAt,
    } as const
    await expect(device.signFresh(wallet, raw)).rejects.toThrow('denied')
    const [item] = await device.presign(wallet, 1)
    if (item === undefined) throw new Error('no presignature')
    await expect(device.sign(wallet, item, raw)).rejects.toThrow('denied')
    expect(events().slice(-2)).toEqual(['denied', 'denied'])
  })

  test('an expired request is refused', async () => {
    const request = { ...messageRequest(wallet, 'late'), expiresAt: '1000' }
    await expect(device.signFresh(wallet, request)).rejects.toThrow('expired')
  })

  test('a request for another wallet is malformed here', async () => {
    const started = presign.startFresh(
      device.context(wallet),
      encodeRequest({ ...messageRequest(wallet, 'else'), walletId: 'A'.repeat(43) }),
      random,
    )
    const session = device.session('fresh', started.nonce)
    const answer = await device.send('fresh.start', { session, wallet }, started.send)
    expect(answer).toMatchObject({ code: 'malformed', field: 'request.walletId' })
  })

  test('another view is a mismatch that takes nothing', async () => {
    const { item, send, about } = await poolMessage('view')
    const message = decodeMessage('sign.req1', send)
    const skewed = encodeMessage('sign.req1', { ...message, presigId: item.presigId, view: random(32) })
    expect(await device.send('sign', about, skewed)).toMatchObject({ code: 'mismatch', field: 'view' })
    expect(await device.send('sign', about, send)).toMatchObject({ code: 'ok' })
  })
})

test('a restart forgets presignatures and sessions, keeps the key, and an honest pair signs on', async () => {
  const { send, about } = await poolMessage('restart')
  expect(await node.kill()).toBe('SIGKILL')
  node = await node.restart()
  const moved = new RawDevice(node.url, device.node, device.identity)
  device = moved
  // A signature is refused when it was made before the node started.
  await new Promise((resolve) => setTimeout(resolve, 1000))
  expect(await device.send('sign', about, send)).toMatchObject({ code: 'unknown-presignature' })
  const { session, previous, body, answer } = keygen.confirm
  expect((await device.send('keygen.confirm', { session, previous }, body)).body).toEqual(answer)
  await device.signFresh(wallet, messageRequest(wallet, 'after restart'))
})

describe('cheating', () => {
  test('a failed OT check burns the setup; the third strike in 24 h locks', async () => {
    for (const strike of [1, 2, 3]) {
      const kept = await poolMessage(`kept ${strike}`)
      const request = messageRequest(wallet, 'honest until now')
      const input = inputOf(wallet, request)
      const parallel = presign.startFresh(device.context(wallet), input.request, random)
      const about = { session: device.session('fresh', parallel.nonce), wallet }
      const res1 = expectOk(await device.send('fresh.start', about, parallel.send))

      const started = presign.start(device.context(wallet), 1, random)
      const session = device.session('presign', started.nonce)
      const cheat = flip(started.send, started.send.length - 1)
      const fault = await device.send('presign.start', { session, wallet }, cheat)
      expect(fault).toMatchObject({ status: 422, code: 'peer-fault', signed: true })
      expect(fault.field).toBeUndefined()

      const after = strike < 3 ? 'burned' : 'locked'
      // Sessions that ran in parallel end, presignatures are gone, new sessions on the setup are refused.
      const next = finishFresh(parallel.state, decodeMessage('fresh.res1', res1, 1), input, random)
      const open = await device.send('fresh.open', { ...about, previous: sha256(res1) }, next.send)
      expect(open.code).toBe('burned')
      const gone = await device.send('sign', kept.about, kept.send)
      expect(gone.code).toBe(strike < 3 ? 'unknown-presignature' : 'locked')
      const again = presign.start(device.context(wallet), 1, random)
      const fresh = { session: device.session('presign', again.nonce), wallet }
      expect((await device.send('presign.start', fresh, again.send)).code).toBe(after)

      if (strike < 3) {
        await device.renew(wallet, 'burned')
        await device.signFresh(wallet, messageRequest(wallet, `after strike ${strike}`))
      } else {
        await expect(device.renew(wallet, 'burned')).rejects.toThrow('locked')
      }
    }
    expect(events().slice(-2)).toEqual(['strike', 'lock'])
  })

  test('the audit chain of all this verifies', () => {
    const report = runNodeProgram('audit', 'verify', '--data-dir', node.dataDir)
    expect(report.stderr).toBe('')
    expect(report.status).toBe(0)
  })
})

/** The events of the audit log, in order. */
function events(): string[] {
  const database = new Database(`${node.dataDir}/node.sqlite`, { readonly: true })
  try {
    const rows = database.prepare<[], { event: string }>('SELECT event FROM audit ORDER BY seq').all()
    return rows.map(({ event }) => event)
  } finally {
    database.close()
  }
}

test('a restored older database is refused until it is acknowledged; then the pair makes a new setup and signs', async () => {
  const other = await RawDevice.create(node.url, node.identity)
  const { wallet: kept } = await other.keygen()
  const [item] = await other.presign(kept, 1)
  if (item === undefined) throw new Error('no presignature')
  expect(await node.stop()).toBe(0)
  const database = `${node.dataDir}/node.sqlite`
  copyFileSync(database, `${node.dataDir}/snapshot`)

  node = await node.restart()
  await untilSignaturesCount()
  const before = new RawDevice(node.url, other.node, other.identity)
  await before.signFresh(kept, messageRequest(kept, 'spent after the snapshot'))
  expect(await node.stop()).toBe(0)

  copyFileSync(`${node.dataDir}/snapshot`, database)
  const refused = runNodeProgram('start', '--data-dir', node.dataDir, '--port', '0', '--metrics-port', '0')
  expect(refused.status).toBe(3)
  expect(refused.stderr).toContain('acknowledge-restore')
  expect(runNodeProgram('acknowledge-restore', '--data-dir', node.dataDir).status).toBe(0)

  node = await node.restart()
  await untilSignaturesCount()
  const after = new RawDevice(node.url, other.node, other.identity)
  await expect(after.sign(kept, item, messageRequest(kept, 'revived'))).rejects.toThrow(
    'unknown-presignature',
  )
  await expect(after.signFresh(kept, messageRequest(kept, 'old setup'))).rejects.toThrow('burned')
  await after.renew(kept, 'burned')
  await after.signFresh(kept, messageRequest(kept, 'new setup'))
})

/** A signature made before the node's start does not count; `created` has whole seconds. */
function untilSignaturesCount(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000))
}

// What does a device get that bends the protocol over HTTP, and does an honest pair sign afterwards? (SPEC 7; abort table)

import { decodePoint } from '@tercet/protocol/curve'
import * as keygen from '@tercet/protocol/keygen'
import {
  decodeMessage,
  encodeMessage,
  type FieldsOf,
  MESSAGES,
  messageLength,
} from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import * as presign from '@tercet/protocol/presign'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { request as askFor } from '@tercet/protocol/sign'
import { ENDPOINTS, type Endpoint, type EndpointName } from '@tercet/wire/endpoints'
import { signTagged } from '@tercet/wire/identity'
import { DEFAULT_POLICY, policyHash } from '@tercet/wire/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, startNode, VERBOSE } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { TestClock } from '../support/test-clock.js'
import { expectOk, inputOf, messageRequest, RawDevice, type RawWallet, random, sha256 } from './raw-device.js'

const folder = temporaryFolder('node-attacks')
let node: NodeProcess
let device: RawDevice
let wallet: RawWallet

beforeAll(async () => {
  node = await startNode({ dataDir: await newDataDir(folder, 'node'), options: VERBOSE })
  device = await RawDevice.create(node.url, node.identity)
  wallet = (await device.keygen()).wallet
})

afterAll(async () => {
  if (node) await node.stop()
})

/** The base point, doubled: a valid point that is nobody's. */
const OTHER_POINT = decodePoint(
  Uint8Array.from(Buffer.from('02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5', 'hex')),
  'point',
)

describe('the second message of a presign session', () => {
  type Bend = (fields: FieldsOf<'presign.req2'>) => FieldsOf<'presign.req2'>
  const cases: readonly [string, Bend, string, boolean][] = [
    ['a commitment that does not open', (f) => ({ ...f, rho: [random(32)] }), 'malformed', false],
    ['another multiplication check', (f) => ({ ...f, mu: [random(32)] }), 'peer-fault', true],
    ['another input than the nonce', (f) => ({ ...f, gu: [OTHER_POINT] }), 'peer-fault', true],
  ]
  test.each(cases)('%s', async (_, bend, code, burns) => {
    const started = presign.start(device.context(wallet), 1, random)
    const about = { session: device.session('presign', started.nonce), wallet }
    const res1 = expectOk(await device.send('presign.start', about, started.send))
    const finished = presign.finish(started.state, decodeMessage('presign.res1', res1, 1), random)
    const { at, eta, gu, gv, mu, psi, r, rho } = decodeMessage('presign.req2', finished.send, 1)
    const bent = encodeMessage('presign.req2', bend({ at, eta, gu, gv, mu, psi, r, rho }))
    const next = { ...about, previous: sha256(res1) }
    const answer = await device.send('presign.open', next, bent)
    expect(answer.code).toBe(code)
    // The same body gets the same bytes; the true one comes too late.
    expect((await device.send('presign.open', next, bent)).body).toEqual(answer.body)
    expect((await device.send('presign.open', next, finished.send)).code).toBe('conflict')
    const request = messageRequest(wallet, 'afterwards')
    if (burns) {
      await expect(device.signFresh(wallet, request)).rejects.toThrow('burned')
      await device.renew(wallet, 'burned')
    }
    await device.signFresh(wallet, request)
  })
})

test('fifty cheats in parallel on one setup: one check at most is answered, and one strike counted', async () => {
  const other = await RawDevice.create(node.url, node.identity)
  const { wallet: own } = await other.keygen()
  const attempts = Array.from({ length: 50 }, async () => {
    const started = presign.start(other.context(own), 1, random)
    const session = other.session('presign', started.nonce)
    const cheat = started.send.slice()
    cheat[cheat.length - 1] = (cheat[cheat.length - 1] ?? 0) ^ 1
    return (await other.send('presign.start', { session, wallet: own }, cheat)).code
  })
  const codes = await Promise.all(attempts)
  expect(codes.filter((code) => code === 'peer-fault')).toHaveLength(1)
  expect(codes.every((code) => ['peer-fault', 'burned', 'busy'].includes(code))).toBe(true)
  await other.renew(own, 'burned')
  await other.signFresh(own, messageRequest(own, 'afterwards'))
})

test('many requests on one presignature at once: one answer, refusals for the rest', async () => {
  const [item] = await device.presign(wallet, 1)
  if (item === undefined) throw new Error('no presignature')
  const { send } = askFor(item.presignature, inputOf(wallet, messageRequest(wallet, 'first')))
  const { view } = decodeMessage('sign.req1', send)
  const about = { session: device.session('sign', item.presigId), wallet }
  const bodies = Array.from({ length: 200 }, (_, n) => {
    const { request } = inputOf(wallet, messageRequest(wallet, `other ${n}`))
    return n % 2 === 0 ? send : encodeMessage('sign.req1', { presigId: item.presigId, view, request })
  })
  const answers = await Promise.all(bodies.map((body) => device.send('sign', about, body)))
  const good = answers
    .filter(({ code }) => code === 'ok')
    .map(({ body }) => Buffer.from(body).toString('hex'))
  expect(new Set(good).size).toBe(1)
  expect(
    answers.filter((_, n) => n % 2 === 1).every(({ code }) => code === 'conflict' || code === 'mismatch'),
  ).toBe(true)
})

test('a device that reports our fault gets a new setup without a strike', async () => {
  for (let n = 0; n < 3; n++) await device.renew(wallet, 'peer-fault')
  await device.signFresh(wallet, messageRequest(wallet, 'no strike'))
})

describe('key generation', () => {
  /** Plays keygen up to a message; `policyHash` and `owner` may be bent. */
  function begin(other: RawDevice) {
    const { kappa, publicKey } = recoveryKeyFromSeed(random(32))
    const owner = ownerOf(other.identity.publicIdentity)
    const parties = { idDevice: other.identity.publicIdentity, idCosigner: other.node }
    const recoveryProof = proveRecoveryKey(kappa, owner, random)
    return keygen.start(
      { parties, recoveryKey: publicKey, recoveryProof, policyHash: policyHash(DEFAULT_POLICY) },
      random,
    )
  }

  test('a recovery key without its proof, or under another policy, is refused', async () => {
    const started = begin(device)
    const { bytes: _, ...fields } = decodeMessage('keygen.req1', started.send)
    const about = { session: started.sessionId }
    const stolen = encodeMessage('keygen.req1', { ...fields, recoveryKey: OTHER_POINT })
    expect((await device.send('keygen.start', about, stolen)).code).toBe('peer-fault')
    const policy = encodeMessage('keygen.req1', { ...fields, policyHash: random(32) })
    expect(await device.send('keygen.start', about, policy)).toMatchObject({
      code: 'mismatch',
      field: 'policyHash',
    })
  })

  test('an opening that does not fit ends the session; a new one succeeds', async () => {
    const started = begin(device)
    const about = { session: started.sessionId }
    const res1 = expectOk(await device.send('keygen.start', about, started.send))
    const opened = keygen.open(started.state, decodeMessage('keygen.res1', res1), random)
    const bent = opened.send.slice()
    // The commitment covers the chain code contribution: version, type and two points come before it.
    bent[2 + 66] = (bent[2 + 66] ?? 0) ^ 1
    const next = { ...about, previous: sha256(res1) }
    expect((await device.send('keygen.open', next, bent)).code).toBe('peer-fault')
    expect((await device.send('keygen.open', next, opened.send)).code).toBe('conflict')
    await device.keygen()
  })

  test('a confirmation that another device signed makes no key', async () => {
    const started = begin(device)
    const about = { session: started.sessionId }
    const res1 = expectOk(await device.send('keygen.start', about, started.send))
    const opened = keygen.open(started.state, decodeMessage('keygen.res1', res1), random)
    const res2 = expectOk(await device.send('keygen.open', { ...about, previous: sha256(res1) }, opened.send))
    const { key, send } = keygen.finish(opened.state, decodeMessage('keygen.res2', res2), random)
    const stranger = await RawDevice.create(node.url, node.identity)
    const { keyId, transcript } = key.share
    const signature = await signTagged(stranger.identity, 'sig/tr', 'device', keyId, transcript)
    const req3 = encodeMessage('keygen.req3', { ...send, signature })
    expect((await device.send('keygen.confirm', { ...about, previous: sha256(res2) }, req3)).code).toBe(
      'peer-fault',
    )
    const lost = await device.kit({
      ...wallet,
      share: key.share,
      walletId: Buffer.from(keyId).toString('base64url'),
    })
    expect(lost.code).toBe('not-found')
  })
})

test('no bytes and no paths make the node fail: never a bug, always a signed answer', async () => {
  const other = await RawDevice.create(node.url, node.identity)
  const names = Object.keys(ENDPOINTS).filter((name) => name !== 'identity') as EndpointName[]
  for (const name of names) {
    const { request, method } = ENDPOINTS[name] as Endpoint
    const exact = request === undefined ? 0 : messageLength(request, 1, 10)
    const type = request === undefined ? 0 : MESSAGES[request].type
    const bodies =
      method === 'GET' || request === undefined
        ? [new Uint8Array(0)]
        : [
            new Uint8Array(0),
            Uint8Array.of(1, type),
            random(exact),
            new Uint8Array(exact).fill(0xff),
            framed(type, exact),
          ]
    for (const body of bodies) {
      for (const who of [device, other]) {
        const answer = await who.send(name, { session: random(32), wallet }, body)
        expect(answer.code, `${name}, ${body.length} bytes`).not.toBe('bug')
        expect(answer.signed).toBe(true)
        expect(answer.code).not.toBe('ok')
      }
    }
  }
  for (const path of [
    '/',
    '/v1',
    '/v1/wallets/a/sign/',
    '/v1/wallets/%00/kit',
    '/v1/keygen/start?a=1',
    '//health',
  ]) {
    const response = await fetch(node.url + path, { method: 'POST', body: 'x' })
    expect([400, 401, 404]).toContain(response.status)
    expect(response.headers.get('signature')).not.toBeNull()
  }
  expect(node.log()).not.toContain('"event":"bug"')
})

/** Random bytes under a valid version and type. */
function framed(type: number, length: number): Uint8Array {
  const body = random(length)
  body.set([1, type])
  return body
}

test('a clock that jumps ends every open session: what a copied machine still holds is used by nobody', async () => {
  const clock = new TestClock(folder, 'jump')
  const { nodeOptions, under } = clock
  const other = await startNode({ dataDir: await newDataDir(folder, 'jump'), nodeOptions, under })
  try {
    const owner = await RawDevice.create(other.url, other.identity)
    const made = (await owner.keygen()).wallet
    const renewal = ot.start(made.share, { initiator: 1, responder: 2 }, 'rotation', random)
    const opening = { session: owner.session('ot', renewal.nonce), wallet: made }
    const res1 = expectOk(await owner.send('ot.start', opening, renewal.send))
    const opened = ot.open(renewal.state, decodeMessage('ot.res1', res1), random)
    clock.setForward(10)
    const next = { ...opening, previous: sha256(res1) }
    expect((await owner.send('ot.finish', next, opened.send)).code).toBe('unknown-session')
    await owner.renew(made, 'rotation')
    await owner.signFresh(made, messageRequest(made, 'after the jump'))
  } finally {
    await other.stop()
  }
})

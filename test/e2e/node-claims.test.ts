// Does a real node announce, delay, tell and stop a claim, whatever its clocks do and however often it dies? (SPEC 5.4, 5.5; I10, I18, I22)

import { proveDrill } from '@tercet/protocol/drill'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import { toBase64url } from '@tercet/wire/base64url'
import { type Claim, signAsDevice, signClaim } from '@tercet/wire/claim'
import {
  type ClaimStatus,
  decodeClaimList,
  decodeClaimStatus,
  encodeVeto,
  signVeto,
} from '@tercet/wire/claim-status'
import { drillSubjectOf, encodeDrillReceipt, signDrillReceipt } from '@tercet/wire/drill'
import { generateIdentity, type Identity, recoverySigner } from '@tercet/wire/identity'
import { builtInPolicy } from '@tercet/wire/policy'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, runNodeProgram, startNode } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { TestClock } from '../support/test-clock.js'
import { Webhook } from '../support/webhook.js'
import { ask, claimFor, post, recover, type Target } from './raw-claims.js'
import { RawDevice, type RawWallet, random } from './raw-device.js'

const DAY = 86_400
const folder = temporaryFolder('node-claims')
const clock = new TestClock(folder, 'node')
let hook: Webhook
let node: NodeProcess
/** A wallet with the default delay of a day. */
let wallet: RawWallet
/** One without any delay. */
let undelayed: RawWallet
let kappa: Identity
let phone: Identity
let tablet: Identity

const target = (): Target => ({ url: node.url, identity: node.identity, now: clock.now() })

beforeAll(async () => {
  hook = await Webhook.listen()
  const options = ['--notice-url', hook.url]
  const dataDir = await newDataDir(folder, 'data')
  node = await startNode({ dataDir, options, under: clock.under, nodeOptions: clock.nodeOptions })
  hook.node = node.identity
  wallet = await newWallet()
  undelayed = await newWallet(0)
  kappa = recoverySigner(wallet.kappa)
  ;[phone, tablet] = await Promise.all([generateIdentity(), generateIdentity()])
})

afterAll(async () => {
  await node?.stop()
  hook?.close()
})

async function newWallet(delay?: 0): Promise<RawWallet> {
  const device = await RawDevice.create(node.url, node.identity)
  return (await device.keygen(delay === undefined ? undefined : builtInPolicy(delay))).wallet
}

async function killAndRestart(): Promise<void> {
  await node.kill()
  clock.restarted()
  node = await node.restart({ under: clock.under })
}

async function stateOf(claim: ClaimStatus, from: Identity = kappa): Promise<ClaimStatus> {
  const about = { walletId: claim.claim.walletId, claimHash: claim.claimHash }
  const { code, body } = await ask(target(), from, 'claims.get', about)
  if (code !== 'ok') throw new Error(code)
  return decodeClaimStatus(body)
}

async function veto(claim: ClaimStatus) {
  const device = wallet.device.identity
  const about = { walletId: wallet.walletId, claimHash: claim.claimHash }
  return ask(target(), device, 'claims.veto', about, encodeVeto(await signVeto(device, claim.claimHash)))
}

const list = (from: Identity) => ask(target(), from, 'claims.list', { walletId: wallet.walletId })

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 400 && !holds(); i++) await new Promise((resolve) => setTimeout(resolve, 25))
  expect(holds()).toBe(true)
}

describe('a claim', () => {
  test('that is wrong changes nothing, and looks the same for a wallet that does not exist', async () => {
    const claim = claimFor(target(), wallet.walletId, phone)
    const thief = recoverySigner(recoveryKeyFromSeed(random(32)).kappa)
    const wrong = await post(target(), phone, claim, { recovery: await signClaim(thief, claim) })
    const nowhere: Claim = { ...claim, walletId: toBase64url(random(32)) }
    const absent = await post(target(), phone, nowhere, { recovery: await signClaim(kappa, nowhere) })
    expect([wrong.code, wrong.field]).toEqual(['denied', undefined])
    expect(absent.body).toEqual(wrong.body)
    expect((await list(phone)).code).toBe('not-found')
    expect(decodeClaimList((await list(kappa)).body)).toEqual([])
    const metrics = await (await fetch(`${node.metricsUrl}/metrics`)).text()
    expect(metrics).toContain('tercet_claims_wrong_total 2')
    expect(hook.notices).toEqual([])
  })

  test('is announced, told, waits through kills and clocks, and is ready after a day', async () => {
    hook.takes = false
    const device = wallet.device.identity
    expect((await list(device)).notice).toBeNull()
    const claim = claimFor(target(), wallet.walletId, phone)
    const first = await recover(target(), kappa, claim)
    expect(first).toMatchObject({ state: 'waiting', delaySeconds: DAY, remainingSeconds: DAY })

    // The device hears of it with its next call, whatever that is, and reads who it is.
    const told = await ask(target(), device, 'claims.list', { walletId: wallet.walletId })
    expect(told.notice).toBe('claim')
    expect(decodeClaimList(told.body)).toMatchObject([{ claim, state: 'waiting' }])
    expect((await list(kappa)).notice).toBeNull()

    // The webhook was down; the notice is on disk, and arrives after the node died.
    await killAndRestart()
    hook.takes = true
    await until(() => hook.notices.length === 1)
    expect(hook.notices[0]).toMatchObject({ event: 'recovery-claimed', kind: 'device-lost' })
    expect(hook.notices[0]?.claimHash).toEqual(first.claimHash)
    expect(hook.rejected).toBe(0)

    // A clock that is set forward by a week ends nothing.
    clock.setForward(7 * DAY)
    expect(await stateOf(first)).toMatchObject({ state: 'waiting', remainingSeconds: DAY })
    clock.pass(DAY / 2)
    expect((await stateOf(first)).remainingSeconds).toBeLessThanOrEqual(DAY / 2)
    await killAndRestart()
    const half = await stateOf(first)
    expect(half.state).toBe('waiting')
    expect(half.remainingSeconds).toBeGreaterThan(DAY / 2 - 60)
    clock.pass(DAY / 2)
    expect((await stateOf(first)).state).toBe('ready')
    expect((await stateOf(first, phone)).state).toBe('ready')
    // The same claim again says where it is.
    expect((await recover(target(), kappa, claim)).state).toBe('ready')
  })

  test('is vetoed by the device once, and a second time not', async () => {
    const first = await recover(target(), kappa, claimFor(target(), wallet.walletId, tablet))
    const stopped = await veto(first)
    expect(decodeClaimStatus(stopped.body).state).toBe('vetoed')
    await until(() => hook.notices.some(({ event }) => event === 'recovery-vetoed'))
    const second = await recover(target(), kappa, claimFor(target(), wallet.walletId, tablet))
    expect(await veto(second)).toMatchObject({ code: 'denied', field: 'veto-spent' })
    await killAndRestart()
    expect(await veto(second)).toMatchObject({ code: 'denied', field: 'veto-spent' })
    expect((await stateOf(first)).state).toBe('vetoed')
    expect((await stateOf(second)).state).toBe('waiting')
  })

  test('by the live device alone does not get past a recovery', async () => {
    const move = claimFor(target(), wallet.walletId, await generateIdentity(), 'device-moved')
    const device = wallet.device.identity
    const answer = await post(target(), device, move, { device: await signAsDevice(device, move) })
    expect(answer).toMatchObject({ code: 'denied', field: 'claim-announced' })
  })

  test('needs no delay where its wallet was made without one', async () => {
    const claim = claimFor(target(), undelayed.walletId, phone)
    const status = await recover(target(), recoverySigner(undelayed.kappa), claim)
    expect(status).toMatchObject({ state: 'ready', delaySeconds: 0, remainingSeconds: 0 })
  })

  test('that is wrong too often is limited by network, and a right one still gets through', async () => {
    const claim = claimFor(target(), wallet.walletId, await generateIdentity())
    const authorities = { recovery: await signClaim(recoverySigner(7n), claim) }
    const codes: string[] = []
    for (let i = 0; i < 12; i++) codes.push((await post(target(), phone, claim, authorities)).code)
    expect(codes.slice(-2)).toEqual(['rate-limited', 'rate-limited'])
    expect((await recover(target(), kappa, claim)).state).toBe('waiting')
  })
})

test('the kit goes to the device and to who holds kappa, and to nobody else', async () => {
  const about = { walletId: wallet.walletId }
  const own = await ask(target(), wallet.device.identity, 'kit', about)
  const owners = await ask(target(), kappa, 'kit', about)
  expect([own.code, owners.code]).toEqual(['ok', 'ok'])
  expect(owners.body).toEqual(own.body)
  for (const stranger of [phone, recoverySigner(5n)]) {
    expect((await ask(target(), stranger, 'kit', about)).code).toBe('not-found')
  }
})

test('a drill changes nothing but the log', async () => {
  const context = { transcript: wallet.record.transcript, time: clock.now(), nonce: random(32) }
  const share = openRecoveryShare(wallet.record, wallet.kappa)
  const { publicShare: _, ...subject } = drillSubjectOf(wallet.record)
  const proof = proveDrill(share, context, random)
  const receipt = await signDrillReceipt(kappa, { version: 1, ...subject, ...context, proof })
  const about = { walletId: wallet.walletId }
  const before = decodeClaimList((await list(kappa)).body)
  const body = encodeDrillReceipt(receipt)
  const accepted = await ask(target(), wallet.device.identity, 'drill', about, body)
  expect(new TextDecoder().decode(accepted.body)).toBe('{"accepted":true}')
  expect((await ask(target(), kappa, 'drill', about, body)).code).toBe('ok')
  const stale = encodeDrillReceipt({ ...receipt, epoch: 1 })
  expect(await ask(target(), kappa, 'drill', about, stale)).toMatchObject({ code: 'denied', field: 'epoch' })
  const forged = encodeDrillReceipt({ ...receipt, signature: new Uint8Array(64) })
  expect(await ask(target(), kappa, 'drill', about, forged)).toMatchObject({ field: 'signature' })
  expect((await ask(target(), phone, 'drill', { walletId: wallet.walletId }, body)).code).toBe('not-found')
  expect(decodeClaimList((await list(kappa)).body).map(({ state }) => state)).toEqual(
    before.map(({ state }) => state),
  )
})

test('the log names every event once, and its chain holds', async () => {
  await node.stop()
  const verified = runNodeProgram('audit', 'verify', '--data-dir', node.dataDir)
  expect(verified.status).toBe(0)
  expect(runNodeProgram('doctor', '--data-dir', node.dataDir).status).toBe(0)
})

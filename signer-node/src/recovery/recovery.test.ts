import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cosigner } from '@tercet/protocol/epochs'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { sessionId } from '@tercet/protocol/session'
import { toBase64url } from '@tercet/wire/base64url'
import { type JsonObject, parseCanonical } from '@tercet/wire/canonical-json'
import { type Authorities, type Claim, encodeClaimRequest, signAsDevice, signClaim } from '@tercet/wire/claim'
import {
  type ClaimStatus,
  decodeClaimList,
  decodeClaimStatus,
  encodeVeto,
  signVeto,
} from '@tercet/wire/claim-status'
import { generateIdentity, type Identity, recoverySigner } from '@tercet/wire/identity'
import { builtInPolicy, policyHash, type RecoveryDelay } from '@tercet/wire/policy'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

import { createMetrics } from '../metrics.js'
import type { Node } from '../node.js'
import { createPairs } from '../pairs.js'
import { createTagger } from '../seal.js'
import type { Incoming } from '../steps.js'
import { createDatabase, openStore, type Store } from '../store/open.js'
import { insertShare } from '../store/shares.js'
import { insertWallet } from '../store/wallets.js'
import { authorisationOf, complete, entriesOf } from './changes.js'
import { createRecovery, type Recovery } from './recovery.js'

const DAY = 86_400
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const kappa = recoverySigner(recoveryKeyFromSeed(random(32)).kappa)
const wrongKappa = recoverySigner(recoveryKeyFromSeed(random(32)).kappa)
const tagger = createTagger(random(32))
const clock = { wall: 0, up: 0 }
const keyId = random(32)
const wallet = toBase64url(keyId)
let [own, device, phone, tablet]: Identity[] = []
let path: string
let store: Store
let node: Node
let recovery: Recovery

async function boot(): Promise<void> {
  store = openStore(path, tagger, (error) => {
    throw error
  })
  node = {
    identity: own,
    store,
    random,
    metrics: createMetrics(),
    log: { error: () => undefined },
    clock: { now: () => clock.wall, monotonic: () => clock.up * 1000 },
  } as unknown as Node
  recovery = createRecovery(node, { successors: join(path, '..', 'successors') }, createPairs(node))
  await recovery.start()
}

/** A restart: the monotonic clock begins anew, and nothing that was in memory is left. */
async function restart(): Promise<void> {
  await recovery.stop()
  await store.close()
  clock.up = 0
  await boot()
}

async function begin(delay: RecoveryDelay): Promise<void> {
  clock.wall = 1_800_000_000
  clock.up = 100
  ;[own, device, phone, tablet] = await Promise.all([1, 2, 3, 4].map(() => generateIdentity()))
  path = join(mkdtempSync(join(tmpdir(), 'tercet-claims-')), 'node.sqlite')
  createDatabase(path)
  await boot()
  const otSetup = { idA: random(32), idB: random(32), sealed: random(100) }
  await store.write(async (tx) => {
    await insertWallet(store, tx, {
      keyId,
      device: known(device).publicIdentity,
      publicKey: random(33),
      chainCode: random(32),
      recoveryKey: kappa.publicIdentity.slice(1),
      transcript: random(32),
      policyHash: policyHash(builtInPolicy(delay)),
      sealedShare: random(100),
      kit: random(100),
      confirmation: random(100),
      otSetup,
      created: clock.wall,
    })
  })
}

beforeEach(() => begin(86_400))
afterEach(async () => {
  await recovery.stop()
  await store.close()
})

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('not made yet')
  return value
}

function incoming(from: Identity, body: Uint8Array, source = '192.0.2.1'): Incoming {
  const nonce = random(32)
  const [idFrom, idTo] = [from.publicIdentity, known(own).publicIdentity]
  const context = {
    version: 1,
    idFrom,
    idTo,
    keyId,
    epoch: 0,
    opType: 'control',
    sessionId: sessionId('control', nonce, idFrom, idTo),
    step: 1,
    prevMsgHash: new Uint8Array(32),
  } as const
  return { auth: { identity: idFrom, nonce, created: clock.wall, context }, body, source }
}

function claimFor(newDevice: Identity | null, parts: Partial<Claim> = {}): Claim {
  return {
    version: 1,
    walletId: wallet,
    kind: 'device-lost',
    newDevice: newDevice?.publicIdentity ?? null,
    newRecoveryKey: null,
    nonce: random(32),
    createdAt: clock.wall,
    ...parts,
  }
}

async function post(
  claim: Claim,
  authorities: Authorities,
  from: Identity = known(phone),
  source?: string,
): Promise<ClaimStatus> {
  const body = encodeClaimRequest({ claim, authorities })
  return decodeClaimStatus(
    (await recovery.routes['claims.post'](incoming(from, body, source), wallet, '')).body,
  )
}

async function recover(newDevice = known(phone), parts: Partial<Claim> = {}): Promise<ClaimStatus> {
  const claim = claimFor(newDevice, parts)
  return post(claim, { recovery: await signClaim(kappa, claim) }, newDevice)
}

async function get(hash: Uint8Array, from: Identity = kappa): Promise<ClaimStatus> {
  const reply = await recovery.routes['claims.get'](
    incoming(from, new Uint8Array(0)),
    wallet,
    toBase64url(hash),
  )
  return decodeClaimStatus(reply.body)
}

async function list(from: Identity): Promise<ClaimStatus[]> {
  const reply = await recovery.routes['claims.list'](incoming(from, new Uint8Array(0)), wallet, '')
  return decodeClaimList(reply.body)
}

async function veto(hash: Uint8Array, from = known(device), by = from): Promise<ClaimStatus> {
  const body = encodeVeto(await signVeto(by, hash))
  const reply = await recovery.routes['claims.veto'](incoming(from, body), wallet, toBase64url(hash))
  return decodeClaimStatus(reply.body)
}

const events = async (): Promise<unknown[]> => {
  const rows = await store.read((db) => db.selectFrom('audit').select('entry').orderBy('seq').execute())
  return rows.map(({ entry }) => (parseCanonical(entry, 'audit') as JsonObject)['event'])
}

/** Time passes at a node that is up, recorded as it records it. */
async function pass(seconds: number): Promise<void> {
  clock.wall += seconds
  clock.up += seconds
  await recovery.tick()
}

const stateNow = () => store.read((db) => store.states.require(db, keyId))

const authorised = async (hash: Uint8Array) =>
  authorisationOf(await stateNow(), hash, await store.read(recovery.claims.clocksOf))

/** What a reshare does in the transaction of its commit. */
async function commit(hash: Uint8Array): Promise<void> {
  await store.write((tx) =>
    store.states.update(tx, keyId, async (before) => {
      const { state, events } = complete(before, hash)
      await recovery.claims.tell(tx, keyId, events, clock.wall)
      return { state, entries: entriesOf(events, clock.wall), result: undefined }
    }),
  )
  await recovery.claims.refresh(keyId)
}

describe('a claim', () => {
  test('is announced, waits a day of a node that is up, and is then what a reshare may rely on', async () => {
    const claim = claimFor(known(phone), { newRecoveryKey: wrongKappa.publicIdentity.slice(1) })
    const authorities = { recovery: await signClaim(kappa, claim) }
    const first = await post(claim, authorities)
    expect(first).toMatchObject({ state: 'waiting', delaySeconds: DAY, remainingSeconds: DAY })
    expect(first.claim).toEqual(claim)
    await pass(3600)
    // Repeating it changes nothing, not its time either.
    expect(await post(claim, authorities)).toMatchObject({ state: 'waiting', remainingSeconds: DAY - 3600 })
    expect(await events()).toEqual(['keygen', 'recovery-claimed'])
    await pass(DAY - 3601)
    expect(await authorised(first.claimHash)).toBeUndefined()
    await pass(60)
    expect((await get(first.claimHash)).state).toBe('ready')
    expect(await authorised(first.claimHash)).toEqual({
      kind: 'device-lost',
      newDevice: claim.newDevice,
      newRecoveryKey: claim.newRecoveryKey,
    })
    expect(await authorised(random(32))).toBeUndefined()
  })

  test('waits on through restarts, jumps of the wall clock, and time that the node was off', async () => {
    const { claimHash: hash } = await recover()
    await pass(DAY / 2)
    await restart()
    expect(await get(hash)).toMatchObject({ state: 'waiting', remainingSeconds: DAY / 2 })
    clock.wall += 10 * DAY
    await restart()
    expect(await get(hash)).toMatchObject({ state: 'waiting', remainingSeconds: DAY / 2 })
    await pass(DAY / 4)
    clock.wall -= 11 * DAY
    await restart()
    expect((await get(hash)).state).toBe('waiting')
    clock.wall += 11 * DAY
    await pass(DAY / 4 - 60)
    expect(await get(hash)).toMatchObject({ state: 'waiting', remainingSeconds: 60 })
    // What was not recorded before a crash has not passed.
    clock.up += 59
    clock.wall += 59
    await restart()
    expect(await get(hash)).toMatchObject({ state: 'waiting', remainingSeconds: 60 })
    await pass(60)
    expect((await get(hash)).state).toBe('ready')
  })

  test('is ready at once under a policy without a delay', async () => {
    await recovery.stop()
    await store.close()
    await begin(0)
    const { claimHash: hash, ...status } = await recover()
    expect(status).toMatchObject({ state: 'ready', delaySeconds: 0, remainingSeconds: 0 })
    expect(await authorised(hash)).toBeDefined()
  })

  test('with a wrong signature changes nothing, is counted, and is told nothing', async () => {
    const claim = claimFor(known(phone))
    const wrong: [Authorities, Identity][] = [
      [{ recovery: await signClaim(wrongKappa, claim) }, known(phone)],
      [{ device: await signAsDevice(known(device), claim) }, known(phone)],
      [{}, known(phone)],
      // Right, but handed in by somebody it does not concern.
      [{ recovery: await signClaim(kappa, claim) }, known(tablet)],
    ]
    for (const [authorities, from] of wrong) {
      await expect(post(claim, authorities, from)).rejects.toMatchObject({ code: 'denied', extra: {} })
    }
    const elsewhere = { ...claim, walletId: toBase64url(random(32)) }
    const authorities = { recovery: await signClaim(kappa, elsewhere) }
    await expect(post(elsewhere, authorities)).rejects.toMatchObject({ code: 'denied', extra: {} })
    expect(await events()).toEqual(['keygen'])
    expect(await store.read((db) => db.selectFrom('nonces').selectAll().execute())).toEqual([])
    const { values } = await node.metrics.wrongClaims.get()
    expect(values[0]?.value).toBe(5)
  })

  test('wrong ones are limited by network; a right one gets through from there all the same', async () => {
    const claim = claimFor(known(phone))
    const authorities = { recovery: await signClaim(wrongKappa, claim) }
    const codes: string[] = []
    for (let i = 0; i < 12; i++) {
      codes.push(
        await post(claim, authorities).then(
          () => 'ok',
          (error) => error.code,
        ),
      )
    }
    expect(codes).toEqual([...Array(10).fill('denied'), 'rate-limited', 'rate-limited'])
    await expect(post(claim, authorities, known(phone), '198.51.100.7')).rejects.toMatchObject({
      code: 'denied',
    })
    expect((await recover()).state).toBe('waiting')
  })

  test('is seen by the device, by who holds kappa and by the device it names', async () => {
    const { claimHash: first } = await recover()
    const { claimHash: second } = await recover(known(tablet))
    const hashes = async (from: Identity | undefined) => (await list(known(from))).map((s) => s.claimHash)
    expect(await hashes(device)).toEqual([second, first])
    expect(await hashes(kappa)).toEqual([second, first])
    expect(await hashes(phone)).toEqual([first])
    expect((await get(first, phone)).claimHash).toEqual(first)
    await expect(get(second, phone)).rejects.toMatchObject({ code: 'not-found' })
    const stranger = await generateIdentity()
    await expect(list(stranger)).rejects.toMatchObject({ code: 'not-found' })
    await expect(list(wrongKappa)).rejects.toMatchObject({ code: 'not-found' })
    await expect(get(random(32))).rejects.toMatchObject({ code: 'not-found' })
  })

  test('tells the old device with every answer, until it ends', async () => {
    const isNoticed = (identity: Identity | undefined) =>
      recovery.claims.isNoticed(known(identity).publicIdentity)
    expect(isNoticed(device)).toBe(false)
    const { claimHash: hash } = await recover()
    expect([isNoticed(device), isNoticed(phone), isNoticed(kappa)]).toEqual([true, false, false])
    await restart()
    expect(isNoticed(device)).toBe(true)
    await veto(hash)
    expect(isNoticed(device)).toBe(false)
  })
})

describe('competing claims', () => {
  test('two recoveries wait side by side; the one that is committed ends the other', async () => {
    const { claimHash: mine } = await recover()
    const { claimHash: thiefs } = await recover(known(tablet))
    await pass(DAY)
    expect([(await get(mine)).state, (await get(thiefs)).state]).toEqual(['ready', 'ready'])
    const { epochs } = await stateNow()
    const initiator = toBase64url(kappa.publicIdentity)
    expect(epochs.announced).toEqual(
      [phone, tablet].map((holder) => ({
        newHolder: toBase64url(known(holder).publicIdentity),
        initiator,
        vetoable: true,
      })),
    )
    await commit(mine)
    expect([(await get(mine)).state, (await get(thiefs)).state]).toEqual(['done', 'superseded'])
    expect(await authorised(thiefs)).toBeUndefined()
    expect((await events()).slice(-2)).toEqual(['recovery-done', 'recovery-superseded'])
  })

  test('a move that a thief announced gives way to the owner', async () => {
    const move = claimFor(known(tablet), { kind: 'device-moved' })
    const { claimHash: thiefs } = await post(
      move,
      { device: await signAsDevice(known(device), move) },
      known(device),
    )
    await pass(DAY)
    expect((await get(thiefs)).state).toBe('ready')
    await recover()
    expect((await get(thiefs)).state).toBe('superseded')
    const again = claimFor(known(tablet), { kind: 'device-moved' })
    const authorities = { device: await signAsDevice(known(device), again) }
    await expect(post(again, authorities, known(device))).rejects.toMatchObject({
      code: 'denied',
      extra: { field: 'claim-announced' },
    })
  })

  test('a credential that the key has is not named as a new one', async () => {
    await expect(recover(known(device))).rejects.toMatchObject({
      code: 'denied',
      extra: { field: 'new-device' },
    })
  })

  test('a live device alone waits a day for another recovery key, however short the delay of its wallet', async () => {
    for (const [delay, waits] of [
      [0, DAY],
      [3600, DAY],
      [259_200, 259_200],
    ] as const) {
      await recovery.stop()
      await store.close()
      await begin(delay)
      const named = { kind: 'recovery-key', newRecoveryKey: wrongKappa.publicIdentity.slice(1) } as const
      const claim = claimFor(null, named)
      const alone = { device: await signAsDevice(known(device), claim) }
      expect(await post(claim, alone, known(device))).toMatchObject({ state: 'waiting', delaySeconds: waits })
      const agreed = claimFor(null, named)
      const both = {
        device: await signAsDevice(known(device), agreed),
        recovery: await signClaim(kappa, agreed),
      }
      expect(await post(agreed, both, known(device))).toMatchObject({ state: 'ready', delaySeconds: 0 })
    }
  })

  test('the owner changes a stolen recovery key while the thief waits', async () => {
    const { claimHash: thiefs } = await recover(known(tablet))
    const claim = claimFor(null, {
      kind: 'recovery-key',
      newRecoveryKey: wrongKappa.publicIdentity.slice(1),
    })
    const alone = { device: await signAsDevice(known(device), claim) }
    await expect(post(claim, alone, known(device))).rejects.toMatchObject({ code: 'denied' })
    const { claimHash: owners, state } = await post(
      claim,
      { ...alone, recovery: await signClaim(kappa, claim) },
      known(device),
    )
    expect(state).toBe('ready')
    expect((await stateNow()).epochs.announced).toEqual([])
    await expect(recover(known(phone))).rejects.toMatchObject({ extra: { field: 'claim-announced' } })
    await commit(owners)
    expect((await get(owners)).state).toBe('done')
    expect((await get(thiefs)).state).toBe('superseded')
  })
})

describe('a veto', () => {
  test('stops a claim for ever, once in 30 days', async () => {
    const { claimHash: first } = await recover()
    expect((await veto(first)).state).toBe('vetoed')
    expect((await veto(first)).state).toBe('vetoed')
    expect(await events()).toEqual(['keygen', 'recovery-claimed', 'recovery-vetoed'])
    const { claimHash: second } = await recover(known(tablet))
    await expect(veto(second)).rejects.toMatchObject({ code: 'denied', extra: { field: 'veto-spent' } })
    await restart()
    await expect(veto(second)).rejects.toMatchObject({ code: 'denied', extra: { field: 'veto-spent' } })
    await pass(DAY)
    expect((await get(first)).state).toBe('vetoed')
    expect((await get(second)).state).toBe('ready')
  })

  test('stops a claim that is ready, and what was prepared under it', async () => {
    const { claimHash: hash } = await recover()
    await pass(DAY)
    const id = { epoch: 1, attempt: 1 }
    await store.write(async (tx) => {
      await insertShare(tx, { keyId, ...id }, { sealedShare: random(9), kit: random(9) })
      await store.states.update(tx, keyId, async (before) => {
        const asked = {
          kind: 'replace',
          base: before.epochs.act.id,
          id,
          from: toBase64url(kappa.publicIdentity),
          newHolder: toBase64url(known(phone).publicIdentity),
          transcript: toBase64url(random(32)),
        } as const
        const { state: epochs } = cosigner.prepare(before.epochs, asked, { delayOver: true })
        return { state: { ...before, epochs }, entries: [{ event: 'prepared', time: 1 }], result: undefined }
      })
    })
    expect((await stateNow()).epochs.pend?.id).toEqual(id)
    await veto(hash)
    expect(await authorised(hash)).toBeUndefined()
    const { epochs } = await stateNow()
    expect([epochs.pend, epochs.announced, epochs.att]).toEqual([null, [], 1])
    const rows = await store.read((db) => db.selectFrom('shares').select('epoch').execute())
    expect(rows).toEqual([{ epoch: 0 }])
  })

  test('is the old device alone to make', async () => {
    const { claimHash: hash } = await recover()
    await expect(veto(hash, known(phone))).rejects.toMatchObject({ code: 'not-found' })
    await expect(veto(hash, kappa)).rejects.toMatchObject({ code: 'not-found' })
    await expect(veto(hash, known(device), known(phone))).rejects.toMatchObject({ code: 'denied' })
    await expect(veto(random(32))).rejects.toMatchObject({ code: 'not-found' })
    await store.write((tx) =>
      store.states.update(tx, keyId, async (before) => ({
        state: { ...before, devices: before.devices.map((one) => ({ ...one, revoked: clock.wall })) },
        entries: [{ event: 'recovery', time: clock.wall }],
        result: undefined,
      })),
    )
    await expect(veto(hash)).rejects.toMatchObject({ code: 'not-found' })
    expect((await get(hash)).state).toBe('waiting')
  })

  test('after the commit comes too late', async () => {
    const { claimHash: hash } = await recover()
    await pass(DAY)
    await commit(hash)
    expect((await veto(hash)).state).toBe('done')
  })
})

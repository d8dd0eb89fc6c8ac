// Does a wallet go from one operator to another, with the old one and without, and is the old one's share worth nothing then? (SPEC 5.3; I8, I9, I10)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint } from '@tercet/protocol/curve'
import { decodeMessage, encodeMessage, MESSAGES } from '@tercet/protocol/messages'
import { verifyTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit } from '@tercet/wire/kit'
import Database from 'better-sqlite3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NodeProcess, newDataDir, runNodeProgram, startNode } from '../support/node-process.js'
import { temporaryFolder } from '../support/temporary-folder.js'
import { cheat, expected, expectOk, messageRequest, RawDevice, type RawWallet, random } from './raw-device.js'
import {
  abandon,
  askToLeave,
  at,
  commitAt,
  handOver,
  handOverAlone,
  invite,
  joinStatus,
  release,
  retire,
  withdraw,
} from './raw-operator.js'
import { claim, firstSetup, statusIn } from './raw-reshare.js'

const folder = temporaryFolder('node-operator')
const NO_CONSENT = new Uint8Array(64)
let old: NodeProcess
let next: NodeProcess

beforeAll(async () => {
  old = await startNode({ dataDir: await newDataDir(folder, 'old') })
  next = await startNode({ dataDir: await newDataDir(folder, 'next') })
})

afterAll(async () => {
  await Promise.all([old?.stop(), next?.stop()])
})

async function newWallet(): Promise<RawWallet> {
  const device = await RawDevice.create(old.url, old.identity)
  return (await device.keygen()).wallet
}

/** A signature with the present shares verifies under the key that the wallet had from the start. */
async function signs(wallet: RawWallet, first: RawWallet): Promise<void> {
  expect(encodePoint(wallet.share.publicKey)).toEqual(encodePoint(first.share.publicKey))
  const request = messageRequest(wallet, 'signed with who cosigns now')
  const { r, s, recoveryId } = await wallet.device.signFresh(wallet, request)
  const { digest, publicKey } = expected(first, request)
  const compact = new secp256k1.Signature(r, s, recoveryId).toBytes('compact')
  expect(secp256k1.verify(compact, digest, publicKey, { prehash: false, lowS: true })).toBe(true)
}

/** Whether a share of the cosigner stands for the key with the present share of the device, or of the recovery party. */
function fits(cosigner: RawWallet, { share }: RawWallet): boolean[] {
  const [, s2] = cosigner.share.publicShares
  const [s1, , s3] = share.publicShares
  // In the exponent, by the weights of the pairs (1,2) and (2,3).
  const joined = [s1.double().subtract(s2), s2.double().add(s2).subtract(s3.double())]
  return joined.map((key) => key.equals(share.publicKey))
}

function sharesIn(node: NodeProcess, wallet: RawWallet): number {
  const database = new Database(`${node.dataDir}/node.sqlite`, { readonly: true })
  const { n } = database
    .prepare<[Uint8Array], { n: number }>('SELECT count(*) AS n FROM shares WHERE key_id = ?')
    .get(wallet.record.keyId) ?? { n: -1 }
  database.close()
  return n
}

/** A hand-over that decodes and holds nothing: what is refused is the base. */
function emptyHandOver({ share }: RawWallet, baseKit: Uint8Array): Uint8Array {
  const fields = MESSAGES['newcomer.req2'].fields.map(({ name, type, length }) => {
    if (type === 'point') return [name, share.publicKey] as const
    if (type === 'choice') return [name, 'device-cosigner'] as const
    return [name, name === 'baseKit' ? baseKit : random(Number(length))] as const
  })
  return encodeMessage('newcomer.req2', Object.fromEntries(fields) as never)
}

function deviceInvitation({ record }: RawWallet, id: { epoch: number; attempt: number }): Uint8Array {
  const { keyId, transcript: transcriptBase } = record
  return encodeMessage('newcomer.req1', { nonce: random(32), keyId, party: 'device', transcriptBase, ...id })
}

/** The operator's word reaches the running node within seconds. */
async function nameSuccessor(): Promise<void> {
  const named = runNodeProgram('successor', next.identity, '--data-dir', old.dataDir)
  expect([named.status, named.stderr]).toEqual([0, ''])
  await new Promise((resolve) => setTimeout(resolve, 6_000))
}

describe('with the old node', () => {
  let wallet: RawWallet

  test('nobody but its operator names the next one', async () => {
    wallet = await newWallet()
    const { answer } = await askToLeave(wallet, next, 1)
    expect(statusIn(answer)?.status).toBe('refused')
    expect(runNodeProgram('successor', 'nobody', '--data-dir', old.dataDir).status).toBe(2)
    await nameSuccessor()
  })

  test('a hand-over is refused to who is not the device of its base, and of a base that nobody signed', async () => {
    const device = await RawDevice.create(old.url, old.identity)
    const thief = { ...wallet, device }
    const id = { epoch: 1, attempt: 1 }
    const { device: atNext, session, previous } = await invite(thief, next, id)
    const kit = decodeKit(expectOk(await wallet.device.kit(wallet)))
    const forged = { ...kit, signatures: { ...kit.signatures, cosigner: kit.signatures.device } }
    const give = (about: typeof session, from: RawDevice, before: Uint8Array, baseKit: Uint8Array) =>
      from.send(
        'newcomers.accept',
        { session: about, previous: before, wallet },
        emptyHandOver(wallet, baseKit),
      )
    expect(await give(session, atNext, previous, encodeKit(kit))).toMatchObject({
      code: 'mismatch',
      field: 'baseKit.idD',
    })
    const own = await invite(wallet, next, id)
    expect((await give(own.session, own.device, own.previous, encodeKit(forged))).code).toBe('peer-fault')
    const party = await own.device.send('newcomers.offer', own, deviceInvitation(wallet, id))
    expect(party.code).toBe('mismatch')
  })

  test('an attempt that is given up leaves the old node serving', async () => {
    const handed = await handOver(wallet, next)
    const { release: consent } = decodeMessage('reshare.released', expectOk(await release(wallet, handed)))
    // Nobody else speaks of it, at either node, and a recovery goes to the next one.
    const stranger = { ...wallet, device: await RawDevice.create(old.url, old.identity) }
    expect((await release(stranger, handed)).code).toBe('not-found')
    const elsewhere = { ...handed.next, device: at(stranger, next) }
    const strangers = { ...handed, next: elsewhere }
    expect((await abandon(stranger, strangers)).code).toBe('not-found')
    expect((await commitAt(stranger, strangers, consent)).code).toBe('not-found')
    const refused = claim(wallet, 'device-lost', stranger.device.identity.publicIdentity, ['recovery'])
    await expect(refused).rejects.toThrow('released')
    // Released: the old node signs nothing any more.
    await expect(signs(wallet, wallet)).rejects.toThrow()
    // Nothing less than the next node's word takes that back.
    expect(statusIn(await withdraw(wallet, handed, NO_CONSENT))?.status).toBe('refused')
    const { status, signature: never } = joinStatus(await abandon(wallet, handed))
    expect(status).toBe('never')
    expect(joinStatus(await commitAt(wallet, handed, consent)).status).toBe('never')
    decodeMessage('reshare.withdrawn', expectOk(await withdraw(wallet, handed, never)))
    await signs(wallet, wallet)
  })

  test('the wallet moves, through kills of both nodes, and the old one is retired', async () => {
    const earlier = await handOver(wallet, next, 2)
    const handed = await handOver(wallet, next, 3)
    // A later hand-over takes the place of an earlier one, which is never committed then.
    expect(joinStatus(await commitAt(wallet, earlier, NO_CONSENT)).status).toBe('never')
    // Without the old node's word nothing begins.
    expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
    await next.kill()
    next = await next.restart()
    expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
    await release(wallet, handed)
    await old.kill()
    old = await old.restart()
    const { release: consent } = decodeMessage('reshare.released', expectOk(await release(wallet, handed)))

    const committed = expectOk(await commitAt(wallet, handed, consent))
    const { active } = decodeMessage('newcomer.res3', committed)
    const { keyId, transcript } = handed.next.record
    expect(await verifyTagged(handed.next.device.node, active, 'sig/active', keyId, transcript)).toBe(true)
    await next.kill()
    next = await next.restart()
    expect(expectOk(await commitAt(wallet, handed, consent))).toEqual(committed)
    expect(joinStatus(await abandon(wallet, handed)).status).toBe('committed')

    await firstSetup(handed.next)
    await signs(handed.next, wallet)
    const { record } = decodeKit(expectOk(await handed.next.device.kit(handed.next)))
    expect(record.transcript).toEqual(transcript)

    expect(sharesIn(old, wallet)).toBe(1)
    expect(statusIn(await retire(wallet, handed, NO_CONSENT))?.status).toBe('refused')
    expect(statusIn(await retire(wallet, handed, active))?.status).toBe('revoked')
    expect(statusIn(await retire(wallet, handed, active))?.status).toBe('revoked')
    expect(sharesIn(old, wallet)).toBe(0)
    expect((await wallet.device.kit(wallet)).code).not.toBe('ok')
    await expect(signs(wallet, wallet)).rejects.toThrow()
    await signs(handed.next, wallet)
    expect(fits(handed.next, handed.next)).toEqual([true, true])
    expect(fits(wallet, handed.next)).toEqual([false, false])
  })
})

test('a pair that was locked since is not let go: only the recovery share lifts the lock', async () => {
  const wallet = await newWallet()
  const handed = await handOver(wallet, next)
  for (let strikes = 0; strikes < 3; strikes++) {
    expect((await cheat(wallet)).code).toBe('peer-fault')
    if (strikes < 2) await wallet.device.renew(wallet, 'burned')
  }
  expect((await release(wallet, handed)).code).toBe('locked')
  expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
})

test('without the old node: device and recovery share hand the wallet over', async () => {
  const wallet = await newWallet()
  const kit = expectOk(await wallet.device.kit(wallet))
  await old.stop()
  const handed = await handOverAlone(wallet, next, kit)
  expect(joinStatus(await commitAt(wallet, handed, NO_CONSENT)).status).toBe('not-yet')
  const committed = await commitAt(wallet, handed, handed.dealerSignature ?? NO_CONSENT)
  decodeMessage('newcomer.res3', expectOk(committed))
  await firstSetup(handed.next)
  await signs(handed.next, wallet)
  // The old node was not asked and has its share for ever: it fits no share that is left.
  expect(fits(handed.next, handed.next)).toEqual([true, true])
  expect(fits(wallet, handed.next)).toEqual([false, false])
  const whole = decodeKit(expectOk(await handed.next.device.kit(handed.next)))
  expect(whole.signatures.recovery).toEqual(handed.dealerSignature)
})

test('both logs hold', async () => {
  await Promise.all([old.stop(), next.stop()])
  for (const { dataDir } of [old, next]) {
    expect(runNodeProgram('audit', 'verify', '--data-dir', dataDir).status).toBe(0)
    expect(runNodeProgram('doctor', '--data-dir', dataDir).status).toBe(0)
  }
})

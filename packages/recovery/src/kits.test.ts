// Do verify, inspect and drill say yes to a right kit, and the right no to every other? One real key generation.
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePoint, encodePoint } from '@tercet/protocol/curve'
import { completeRecord } from '@tercet/protocol/key-record'
import { answer, confirm, deal, finish, open, start } from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { decodeDrillReceipt, drillFault } from '@tercet/wire/drill'
import { generateIdentity, type Identity, signTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { KitRefused, verifyKit } from './kit-verification.js'
import { drill, inspect, verify } from './kits.js'
import { register } from './new-key.js'
import { seedToPhrase } from './phrase.js'
import { encodeKeyFile } from './recovery-key-file.js'
import { LIGHT, random, seed, withSecret } from './testing/secrets.js'

const PASSPHRASE = 'correct horse'
let folder = ''
let kappaSeed = new Uint8Array()
let device: Identity
let cosigner: Identity
let kit: Kit
const file = (name: string) => join(folder, name)
const text = (report: { document: Readonly<Record<string, unknown>> }, name: string) =>
  String(report.document[name])

async function makeKit(publicKey: string, proof: string): Promise<Kit> {
  const parties = { idDevice: device.publicIdentity, idCosigner: cosigner.publicIdentity }
  const policyHash = random(32)
  const recovery = {
    recoveryKey: decodePoint(fromBase64url(publicKey, 'K'), 'K'),
    recoveryProof: fromBase64url(proof, 'proof'),
  }
  const d1 = start({ parties, ...recovery, policyHash }, random)
  const c1 = answer({ parties, policyHash }, decodeMessage('keygen.req1', d1.send), random)
  const d2 = open(d1.state, decodeMessage('keygen.res1', c1.send), random)
  const c2 = deal(c1.state, decodeMessage('keygen.req2', d2.send), random)
  const byCosigner = await signTagged(cosigner, 'sig/tr', 'cosigner', c2.keyId, c2.transcript)
  const res2 = encodeMessage('keygen.res2', { ...c2.send, signature: byCosigner })
  const d3 = finish(d2.state, decodeMessage('keygen.res2', res2), random)
  const byDevice = await signTagged(device, 'sig/tr', 'device', c2.keyId, c2.transcript)
  confirm(
    c2.state,
    decodeMessage('keygen.req3', encodeMessage('keygen.req3', { ...d3.send, signature: byDevice })),
  )
  const address = 'https://node.example'
  return {
    record: d3.key.record,
    signatures: { device: byDevice, cosigner: byCosigner },
    node: { address, signature: await signTagged(cosigner, 'sig/node', c2.keyId, address) },
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tercet-recovery-'))
  device = await generateIdentity()
  cosigner = await generateIdentity()
  kappaSeed = random(32)
  writeFileSync(file('recovery.key'), await encodeKeyFile(kappaSeed, PASSPHRASE, random, LIGHT))
  const idD = toBase64url(device.publicIdentity)
  const registration = await withSecret(PASSPHRASE, (passphraseFd) =>
    register(idD, { key: file('recovery.key'), passphraseFd }),
  )
  kit = await makeKit(text(registration, 'publicKey'), text(registration, 'proof'))
  writeFileSync(file('kit.json'), encodeKit(kit))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe(`a right kit (seed ${seed})`, () => {
  it('verify: consistent alone, valid with the address, and names what was not compared', async () => {
    const alone = await verify(file('kit.json'), {})
    expect(alone.document).toMatchObject({
      verdict: 'consistent',
      notCompared: ['address', 'recoveryKey', 'device', 'cosigner'],
    })
    const address = text(alone, 'address')
    const parties = {
      key: file('recovery.key'),
      device: toBase64url(device.publicIdentity),
      node: toBase64url(cosigner.publicIdentity),
    }
    expect((await verify(file('kit.json'), { address })).document).toMatchObject({
      verdict: 'valid for this wallet',
      notCompared: ['recoveryKey', 'device', 'cosigner'],
    })
    expect((await verify(file('kit.json'), parties)).document['verdict']).toBe('consistent')
    // The public key says nothing of the chain code, and so of no address.
    const publicKey = text(await inspect(file('kit.json'), {}), 'publicKey')
    expect((await verify(file('kit.json'), { publicKey })).document).toMatchObject({
      verdict: 'consistent',
      same: ['publicKey'],
    })
    const all = { address, ...parties, epoch: 0, wallet: text(alone, 'walletId') }
    expect((await verify(file('kit.json'), all)).document).toMatchObject({
      verdict: 'valid for this wallet',
      notCompared: [],
    })
    const brief = { address, fingerprint: text(alone, 'fingerprint') }
    expect((await verify(file('kit.json'), brief)).document['notCompared']).toEqual([])
  })

  it.each([
    ['another node', { node: 'device' }, ['cosigner']],
    ['another epoch', { epoch: 1 }, ['epoch']],
    ['another address', { address: `0x${'1'.repeat(40)}` }, ['address']],
  ] as const)('verify: %s is a no', async (_, change, different) => {
    const options = 'node' in change ? { node: toBase64url(device.publicIdentity) } : change
    await expect(verify(file('kit.json'), options)).rejects.toMatchObject({
      exit: 'failed',
      details: { verdict: 'not the kit of this wallet', different },
    })
  })

  it('inspect prints what the kit says', async () => {
    const said = await inspect(file('kit.json'), {})
    expect(said.document).toMatchObject({
      epoch: 0,
      dealers: 'device, cosigner',
      recoveryKey: toBase64url(kit.record.sidInputs.recoveryKey),
      sha256: createHash('sha256').update(encodeKit(kit)).digest('base64url'),
    })
  })
})

describe(`a drill (seed ${seed})`, () => {
  const drilled = (options: Parameters<typeof drill>[1]) => drill(file('kit.json'), options)
  it('passes with the key file, the phrase or the bytes, and gives a receipt that verifies', async () => {
    const passed = await withSecret(PASSPHRASE, (passphraseFd) =>
      drilled({ key: file('recovery.key'), passphraseFd, receipt: file('receipt.json') }),
    )
    expect(passed.document['drill']).toBe('passed')
    const receipt = decodeDrillReceipt(readFileSync(file('receipt.json')))
    const { record } = kit
    const subject = {
      walletId: toBase64url(record.keyId),
      epoch: 0,
      attempt: 0,
      transcript: record.transcript,
      recoveryKey: record.sidInputs.recoveryKey,
      publicShare: encodePoint(completeRecord(record).polynomial.publicShares[2]),
    }
    expect(await drillFault(receipt, subject)).toBeUndefined()
    expect(await drillFault({ ...receipt, time: receipt.time + 1 }, subject)).toBe('signature')
    expect(await drillFault(receipt, { ...subject, epoch: 1 })).toBe('epoch')
    await withSecret(seedToPhrase(kappaSeed), (phraseFd) => drilled({ phraseFd }))
    await withSecret(toBase64url(kappaSeed), (bytesFd) => drilled({ bytesFd }))
  })

  it('has a message of its own for a wrong phrase, another wallet, a stale epoch and a damaged kit', async () => {
    const wrong = () => withSecret(seedToPhrase(random(32)), (phraseFd) => drilled({ phraseFd }))
    const noPhrase = () => withSecret('zoo zoo zoo', (phraseFd) => drilled({ phraseFd }))
    const wallet = () => drilled({ phraseFd: 99, wallet: toBase64url(random(32)) })
    const stale = () => drilled({ phraseFd: 99, epoch: 2 })
    writeFileSync(file('damaged.json'), encodeKit(kit).subarray(1))
    const damaged = () => drill(file('damaged.json'), { phraseFd: 99 })
    const messages = new Set<string>()
    for (const [failure, exit, reason] of [
      [wrong, 'failed', 'other-recovery-key'],
      [noPhrase, 'passphrase', 'not-a-phrase'],
      [wallet, 'failed', 'other-wallet'],
      [stale, 'failed', 'stale-epoch'],
      [damaged, 'failed', 'malformed'],
    ] as const) {
      const refused = await failure().then(
        () => undefined,
        (error: unknown) => error,
      )
      expect(refused).toMatchObject({ exit, details: { reason } })
      messages.add((refused as Error).message)
    }
    expect(messages.size).toBe(5)
  })
})

describe(`a kit that was changed (seed ${seed})`, () => {
  const flip = (bytes: Uint8Array, at = 5) => {
    const changed = bytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    return changed
  }
  it.each<[string, (good: Kit) => Kit]>([
    [
      'device-signature',
      (k) => ({ ...k, signatures: { ...k.signatures, device: flip(k.signatures.device) } }),
    ],
    [
      'cosigner-signature',
      (k) => ({ ...k, signatures: { ...k.signatures, cosigner: flip(k.signatures.cosigner) } }),
    ],
    ['address-signature', (k) => ({ ...k, node: { ...k.node, address: 'https://elsewhere.example' } })],
    ['record', (k) => ({ ...k, record: { ...k.record, transcript: flip(k.record.transcript) } })],
    [
      'record',
      (k) => ({
        ...k,
        record: { ...k.record, encryptions: [flip(k.record.encryptions[0], 200), k.record.encryptions[1]] },
      }),
    ],
  ])('is refused: %s', async (reason, change) => {
    await expect(verifyKit(encodeKit(change(kit)))).rejects.toMatchObject({ reason })
  })

  it('is refused whichever byte of the file was flipped', async () => {
    const good = encodeKit(kit)
    expect(decodeKit(good)).toEqual(kit)
    for (let i = 0; i < 40; i++) {
      const at = new DataView(random(4).buffer).getUint32(0) % good.length
      await expect(verifyKit(flip(good, at))).rejects.toThrow(KitRefused)
    }
  })
})

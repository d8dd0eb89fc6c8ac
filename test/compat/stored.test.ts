// Does every encoding that version 1 stores still load, and come out again byte for byte? (SPEC 0.7, 1.6)

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { encodePoint, mulBase } from '@tercet/protocol/curve'
import { Malformed } from '@tercet/protocol/errors'
import { expose } from '@tercet/protocol/internal/secret'
import { decodeKeyShare, encodeKeyShare, type KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import { decodeOtSetup, encodeOtSetup } from '@tercet/protocol/ot-setup'
import { answerFresh, confirmFresh, type SigningContext, startFresh } from '@tercet/protocol/presign'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare, verifyRecord } from '@tercet/protocol/recovery-share'
import { combine, finishFresh, release } from '@tercet/protocol/sign'
import { importIdentity, signTagged, verifyTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit } from '@tercet/wire/kit'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../support/random.js'
import { inputOf } from '../support/signing.js'
import { cast, generate, recorder } from '../vectors/course.js'

const SEED = 'tercet/compat/v1'
const ADDRESS = 'https://cosigner.example'

/** PKCS #8 of a P-256 key, before its 32 secret bytes. */
const PKCS8 = '308141020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'

const path = (name: string): URL => new URL(`./v1/${name}`, import.meta.url)
const fromHex = (name: string): Uint8Array =>
  Uint8Array.from(Buffer.from(readFileSync(path(name), 'utf8').replaceAll('\n', ''), 'hex'))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const lines = (bytes: Uint8Array): string => `${(hex(bytes).match(/.{1,128}/g) ?? []).join('\n')}\n`

if (process.env['TERCET_WRITE_COMPAT'] === 'v1') await write()

async function write(): Promise<void> {
  const identity = (name: string) =>
    importIdentity(Uint8Array.of(...Buffer.from(PKCS8, 'hex'), ...seededRandom(`${SEED}/${name}`)(32)))
  const [device, cosigner] = [await identity('idD'), await identity('idC')]
  const people = cast(SEED, { idDevice: device.publicIdentity, idCosigner: cosigner.publicIdentity })
  const born = generate(people, recorder().passed)
  const { record } = born.device
  const tr = [record.keyId, record.transcript] as const
  const kit = encodeKit({
    record,
    signatures: {
      device: await signTagged(device, 'sig/tr', 'device', ...tr),
      cosigner: await signTagged(cosigner, 'sig/tr', 'cosigner', ...tr),
    },
    node: { address: ADDRESS, signature: await signTagged(cosigner, 'sig/node', record.keyId, ADDRESS) },
  })
  mkdirSync(path('.'), { recursive: true })
  writeFileSync(path('key-share-device.hex'), lines(encodeKeyShare(born.device.share)))
  writeFileSync(path('key-share-cosigner.hex'), lines(encodeKeyShare(born.cosigner.share)))
  writeFileSync(
    path('key-share-recovery.hex'),
    lines(encodeKeyShare(openRecoveryShare(record, people.kappa))),
  )
  writeFileSync(path('ot-setup-device.hex'), lines(encodeOtSetup(born.device.otSetup)))
  writeFileSync(path('ot-setup-cosigner.hex'), lines(encodeOtSetup(born.cosigner.otSetup)))
  writeFileSync(path('kit.canonical'), kit)
}

const parties = ['device', 'cosigner', 'recovery'] as const
const shares = parties.map((name) => [name, fromHex(`key-share-${name}.hex`)] as const)
const setups = (['device', 'cosigner'] as const).map(
  (name) => [name, fromHex(`ot-setup-${name}.hex`)] as const,
)
const kit = Uint8Array.from(readFileSync(path('kit.canonical')))

const withByte = (bytes: Uint8Array, at: number, value: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? value : byte))

describe('version 1, key share', () => {
  it.each(shares)('of the %s loads and comes out again', (name, bytes) => {
    const share = decodeKeyShare(bytes)
    expect(share.party).toBe(parties.indexOf(name) + 1)
    expect(hex(encodeKeyShare(share))).toBe(hex(bytes))
    const own = share.publicShares[share.party - 1]
    expect(own?.equals(mulBase(expose(share.secretShare)))).toBe(true)
  })

  it.each(shares)('of the %s is refused with another version, kind, party or length', (_, bytes) => {
    refuses(decodeKeyShare, bytes)
    for (const party of [0, 4, 255])
      expect(() => decodeKeyShare(withByte(bytes, 2, party))).toThrow(Malformed)
    expect(() => decodeKeyShare(withByte(bytes, 2, (bytes[2] as number) === 1 ? 2 : 1))).toThrow(Malformed)
  })
})

describe('version 1, OT setup', () => {
  it.each(setups)('of the %s loads and comes out again', (name, bytes) => {
    const setup = decodeOtSetup(bytes)
    expect([setup.initiator, setup.responder]).toEqual([1, 2])
    expect(setup.role).toBe(name === 'device' ? 'initiator' : 'responder')
    expect(hex(encodeOtSetup(setup))).toBe(hex(bytes))
  })

  it.each(setups)('of the %s is refused with another version, kind, party, role or length', (_, bytes) => {
    refuses(decodeOtSetup, bytes)
    for (const at of [2, 3])
      for (const party of [0, 4]) expect(() => decodeOtSetup(withByte(bytes, at, party))).toThrow(Malformed)
    expect(() => decodeOtSetup(withByte(bytes, 3, bytes[2] as number))).toThrow(Malformed)
    expect(() => decodeOtSetup(withByte(bytes, 4, 2))).toThrow(Malformed)
  })

  it('is not read as the other kind', () => {
    for (const [, share] of shares) expect(() => decodeOtSetup(share)).toThrow(Malformed)
    for (const [, setup] of setups) expect(() => decodeKeyShare(setup)).toThrow(Malformed)
  })
})

describe('version 1, kit', () => {
  it('loads, comes out again, and is the record of the shares', async () => {
    const { record, signatures, node } = decodeKit(kit)
    expect(hex(encodeKit({ record, signatures, node }))).toBe(hex(kit))
    const share = decodeKeyShare(shares[0]?.[1] as Uint8Array)
    expect(hex(record.transcript)).toBe(hex(share.transcript))
    expect(hex(record.publicKey)).toBe(hex(encodePoint(share.publicKey)))
    const { idD, idC } = record.sidInputs
    const tr = [record.keyId, record.transcript] as const
    expect(await verifyTagged(idD, signatures.device, 'sig/tr', 'device', ...tr)).toBe(true)
    expect(await verifyTagged(idC, signatures.cosigner, 'sig/tr', 'cosigner', ...tr)).toBe(true)
    expect(await verifyTagged(idC, node.signature, 'sig/node', record.keyId, node.address)).toBe(true)
  })

  it('gives the recovery share to its key', () => {
    const { record } = decodeKit(kit)
    verifyRecord(record)
    const { kappa } = recoveryKeyFromSeed(seededRandom(`${SEED}/recovery`)(32))
    expect(hex(encodeKeyShare(openRecoveryShare(record, kappa)))).toBe(hex(shares[2]?.[1] as Uint8Array))
  })

  it('is refused with another version or suite, truncated, extended, or spelled otherwise', () => {
    const text = Buffer.from(kit).toString('utf8')
    const others = [
      text.replace('"version":1', '"version":2'),
      text.replace('"suite":"secp256k1"', '"suite":"ed25519"'),
      text.replace('"dealers":[1,2]', '"dealers":[2,1]'),
      text.replace('"version":1', '"version":1.0'),
      `${text}\n`,
      `${text} `,
      text.slice(0, -1),
      text.slice(0, text.length >> 1),
      '',
    ]
    for (const other of others) {
      expect(other).not.toBe(text)
      expect(() => decodeKit(Buffer.from(other))).toThrow(Malformed)
    }
  })
})

it('version 1 still signs: a fresh signature from the stored material', () => {
  const random = seededRandom(`${SEED}/signing`)
  const context = (party: 0 | 1): SigningContext => ({
    share: decodeKeyShare(shares[party]?.[1] as Uint8Array),
    otSetup: decodeOtSetup(setups[party]?.[1] as Uint8Array),
    idInitiator: decodeKit(kit).record.sidInputs.idD,
    idResponder: decodeKit(kit).record.sidInputs.idC,
  })
  const [I, J] = [context(0), context(1)]
  const input = inputOf(I.share as KeyShare, 'm/0/7', Buffer.from('still here'))
  const started = startFresh(I, input.request, random)
  const answered = answerFresh(J, decodeMessage('fresh.req1', started.send), random)
  const asked = finishFresh(started.state, decodeMessage('fresh.res1', answered.send), input, random)
  const presignature = confirmFresh(answered.state, decodeMessage('fresh.req2', asked.send))
  // combine verifies under the child key.
  expect(combine(asked.state, release(presignature, input, random)).r).toBeGreaterThan(0n)
})

/** Every other version and kind byte that matters, every truncation near the ends, and every kind of extension. */
function refuses(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  for (const version of [0, 2, 3, 255]) expect(() => decode(withByte(bytes, 0, version))).toThrow(Malformed)
  for (const kind of [0, 3, 255, 3 - (bytes[1] as number)])
    expect(() => decode(withByte(bytes, 1, kind))).toThrow(Malformed)
  for (const length of [0, 1, 2, 3, 32, bytes.length >> 1, bytes.length - 32, bytes.length - 1])
    expect(() => decode(bytes.subarray(0, length))).toThrow(Malformed)
  for (const extra of [[0], [1], Array.from({ length: 32 }, () => 0)])
    expect(() => decode(Uint8Array.of(...bytes, ...extra))).toThrow(Malformed)
}

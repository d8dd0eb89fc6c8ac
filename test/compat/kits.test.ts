// Does every kit of version 2, of a refresh and of a replace, still load, verify, open, and come out again byte for byte? (SPEC 1.6, 5.1)

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Malformed } from '@tercet/protocol/errors'
import type { ReshareRecord } from '@tercet/protocol/key-record'
import { encodeKeyShare } from '@tercet/protocol/key-share'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare, verifyRecord } from '@tercet/protocol/recovery-share'
import { TH } from '@tercet/protocol/transcript'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type JsonObject } from '@tercet/wire/canonical-json'
import { verifyTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit, kitFingerprint } from '@tercet/wire/kit'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { seededRandom } from '../support/random.js'
import { firstGeneration, type Generation, reshare, USES } from '../support/reshare.js'
import { recoveryParty, signTranscript } from '../support/reshare-programs.js'

const SEED = 'tercet/compat/v2'
const ADDRESS = 'https://cosigner.example'
const NAMES = ['refresh', 'replace'] as const

const path = (name: string): URL => new URL(`./v2/${name}`, import.meta.url)
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
/** K' of the refresh; the replace that follows keeps it. */
const fresh = recoveryKeyFromSeed(seededRandom(`${SEED}/recovery`)(32))

if (process.env['TERCET_WRITE_COMPAT'] === 'v2') write()

/** A refresh of the stored wallet with a new recovery key, and after it a new device, dealt by cosigner and recovery party. */
function write(): void {
  const random = seededRandom(SEED)
  const change = { kappa: fresh.kappa, recoveryKey: fresh.publicKey }
  const [refresh, lost] = ['refresh', 'device lost'].map((name) => USES.find((use) => use.name === name))
  const second = reshare(refresh as (typeof USES)[number], firstGeneration(), random, change)
  const third = reshare(lost as (typeof USES)[number], second, random)
  mkdirSync(path('.'), { recursive: true })
  for (const [name, generation] of [
    ['refresh', second],
    ['replace', third],
  ] as const) {
    writeFileSync(path(`kit-${name}.canonical`), kitOf(generation))
    const share = openRecoveryShare(generation.record, generation.kappa)
    writeFileSync(path(`key-share-recovery-${name}.hex`), `${hex(encodeKeyShare(share))}\n`)
  }
}

function kitOf({ record, identities: [device, cosigner], kappa }: Generation): Uint8Array {
  return encodeKit({
    record,
    signatures: {
      device: signTranscript(device, 'device', record),
      cosigner: signTranscript(cosigner, 'cosigner', record),
      ...(record.dealers[1] === 3 && { recovery: signTranscript(recoveryParty(kappa), 'recovery', record) }),
    },
    node: { address: ADDRESS, signature: cosigner.sign(TH('sig/node', record.keyId, ADDRESS)) },
  })
}

const kits = NAMES.map((name) => {
  const bytes = Uint8Array.from(readFileSync(path(`kit-${name}.canonical`)))
  const share = readFileSync(path(`key-share-recovery-${name}.hex`), 'utf8').trim()
  return { name, bytes, share }
})

describe.each(kits)('version 2, kit of a $name', ({ name, bytes, share }) => {
  const kit = decodeKit(bytes)
  const record = kit.record as ReshareRecord

  it('loads, and comes out again', () => {
    expect(record.version).toBe(2)
    expect(record.kind).toBe(name)
    expect(hex(encodeKit(kit))).toBe(hex(bytes))
  })

  it('is of the stored wallet: the same key and chain code, and its parties signed', async () => {
    const { record: first } = fixtureWallet()
    expect(hex(record.keyId)).toBe(hex(first.keyId))
    expect(hex(record.publicKey)).toBe(hex(first.publicKey))
    expect(hex(record.chainCode)).toBe(hex(first.chainCode))
    const tr = [record.keyId, record.transcript] as const
    const { idD, idC, idDealerB } = record.sidInputs
    const { device, cosigner, recovery } = kit.signatures
    expect(await verifyTagged(idD, device, 'sig/tr', 'device', ...tr)).toBe(true)
    expect(await verifyTagged(idC, cosigner, 'sig/tr', 'cosigner', ...tr)).toBe(true)
    expect(recovery === undefined).toBe(name === 'refresh')
    if (recovery !== undefined)
      expect(await verifyTagged(idDealerB, recovery, 'sig/tr', 'recovery', ...tr)).toBe(true)
  })

  it('verifies, and opens to the share of party 3', () => {
    verifyRecord(record)
    expect(hex(encodeKeyShare(openRecoveryShare(record, fresh.kappa)))).toBe(share)
  })

  it('is refused as another version or kind, truncated, extended, or spelled otherwise', () => {
    const text = Buffer.from(bytes).toString('utf8')
    const other = name === 'refresh' ? 'replace' : 'refresh'
    const changed = [
      text.replace('"version":2', '"version":1'),
      text.replace('"version":2', '"version":3'),
      text.replace(`"kind":"${name}"`, `"kind":"${other}"`),
      text.replace('"dealers":[', '"dealers":[3,'),
      `${text}\n`,
      text.slice(0, -1),
    ]
    for (const wrong of changed) {
      expect(wrong).not.toBe(text)
      expect(() => decodeKit(Buffer.from(wrong))).toThrow(Malformed)
    }
  })

  it('has no byte that can change, and no other member, length or dealers although the checksum fits', () => {
    for (let i = 0; i < bytes.length; i += 211)
      expect(() => decodeKit(bytes.with(i, (bytes[i] as number) ^ 1))).toThrow(Malformed)
    const { checksum: _, ...document } = JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject
    const again = (change: JsonObject): Uint8Array => {
      const body = { ...document, ...change }
      const checksum = toBase64url(TH('kit/sum', canonicalize(body, 'kit')))
      return canonicalize({ ...body, checksum }, 'kit')
    }
    expect(hex(again({}))).toBe(hex(bytes))
    const inputs = document['sidInputs'] as JsonObject
    const zeros = toBase64url(new Uint8Array(32))
    const changes: readonly (readonly [field: string, change: JsonObject])[] = [
      ['kit.version', { version: 3 }],
      ['kit.kind', { kind: 'renew' }],
      ['kit', { chainCodes: [zeros, zeros] }],
      ['kit.dealers', { dealers: [3, 2] }],
      ['kit.dealers', { dealers: [2, 1] }],
      ['kit.dealers', { dealers: [1, 2, 3] }],
      ['kit.sidInputs', { sidInputs: { ...inputs, rho: zeros } }],
      ['kit.sidInputs.ek1', { sidInputs: { ...inputs, ek1: 'AA' } }],
      ['kit.sidInputs.idDealerB', { sidInputs: { ...inputs, idDealerB: zeros } }],
      ['kit.sid', { sidInputs: { ...inputs, ekJ: zeros } }],
      ['kit.sid', { TrPrev: zeros }],
      ['kit.sid', { walletId: zeros }],
      ['kit.sid', { attempt: '77' }],
      [
        'kit.signatures.recovery',
        { signatures: { ...(document['signatures'] as JsonObject), recovery: 'AA' } },
      ],
    ]
    for (const [field, change] of changes)
      expect(() => decodeKit(again(change)), field).toThrow(new Malformed(field))
  })

  it('says by its fingerprint whether the parties changed', () => {
    const before = kitFingerprint({ ...kit, record: fixtureWallet().record })
    expect(hex(kitFingerprint(kit))).not.toBe(hex(before))
  })
})

describe('version 2, signers', () => {
  it('a dealer 3 has signed, and nobody else as such', () => {
    const [refresh, replace] = kits.map(({ bytes }) => decodeKit(bytes))
    if (refresh === undefined || replace === undefined) throw new Error('two kits are stored')
    const { recovery, ...others } = replace.signatures
    expect(() => encodeKit({ ...replace, signatures: others })).toThrow(new Malformed('kit.signatures'))
    const more = { ...refresh.signatures, recovery }
    expect(() => encodeKit({ ...refresh, signatures: more })).toThrow(new Malformed('kit.signatures'))
  })
})

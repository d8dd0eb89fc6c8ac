import { Malformed } from '@tercet/protocol/errors'
import { sidOf } from '@tercet/protocol/key-record'
import { keyIdOf } from '@tercet/protocol/session'
import { TH } from '@tercet/protocol/transcript'
import { describe, expect, test } from 'vitest'
import { toBase64url } from './base64url.js'
import { canonicalize, type JsonObject } from './canonical-json.js'
import { decodeKit, encodeKit, type Kit, kitFingerprint } from './kit.js'

let next = 0
/** Distinct bytes for every part, so that two swapped parts never look alike. */
function part(length: number): Uint8Array {
  return new Uint8Array(length).fill(++next)
}

const sidInputs = {
  nD: part(32),
  nC: part(32),
  idD: part(34),
  idC: part(34),
  ekD: part(32),
  ekC: part(32),
  recoveryKey: part(33),
  policyHash: part(32),
  commitment: part(32),
}
const kit: Kit = {
  record: {
    version: 1,
    epoch: 0,
    attempt: 0,
    dealers: [1, 2],
    sidInputs,
    chainCodes: [part(32), part(32)],
    commitments: [
      [part(33), part(33)],
      [part(33), part(33)],
    ],
    encryptions: [part(14_480), part(14_480)],
    transcriptPrev: new Uint8Array(32),
    otSetupIds: [part(32), part(32)],
    transcript: part(32),
    keyId: keyIdOf(sidOf(sidInputs)),
    publicKey: part(33),
    chainCode: part(32),
  },
  signatures: { device: part(64), cosigner: part(64) },
  node: { address: 'https://node.example', signature: part(64) },
}
const bytes = encodeKit(kit)
const document: JsonObject = JSON.parse(new TextDecoder().decode(bytes))

/** A kit with changed members and a checksum that fits them. */
function forged(change: JsonObject): Uint8Array {
  const { checksum: _, ...body } = { ...document, ...change }
  const sum = toBase64url(TH('kit/sum', canonicalize(body)))
  return canonicalize({ ...body, checksum: sum })
}

describe('kit', () => {
  test('comes back, every part in its place', () => {
    expect(decodeKit(bytes)).toEqual(kit)
    expect(encodeKit(decodeKit(bytes))).toEqual(bytes)
    expect(bytes.length).toBeLessThan(48_000)
  })

  test('has the members of the design', () => {
    expect(Object.keys(document).toSorted()).toEqual(
      [
        ...[
          'version',
          'suite',
          'walletId',
          'epoch',
          'attempt',
          'dealers',
          'sid',
          'sidInputs',
          'K',
          'policyHash',
        ],
        ...[
          'commitments',
          'X',
          'cc',
          'chainCodes',
          'TrPrev',
          'otSetupIds',
          'Tr',
          'encryptions',
          'idD',
          'idC',
        ],
        ...['signatures', 'node', 'checksum'],
      ].toSorted(),
    )
  })

  test('no byte can change', () => {
    for (let i = 0; i < bytes.length; i += i < 3000 ? 1 : 997) {
      const changed = bytes.slice()
      changed[i] = (changed[i] as number) ^ 1
      expect(() => decodeKit(changed)).toThrow(Malformed)
    }
  })

  test('no truncation, no extension, no other spelling', () => {
    for (let i = 0; i < bytes.length; i += 1009) expect(() => decodeKit(bytes.slice(0, i))).toThrow(Malformed)
    const text = new TextDecoder().decode(bytes)
    for (const other of [`${text}\n`, text.replace(':', ': '), JSON.stringify(document, null, 1)]) {
      expect(() => decodeKit(new TextEncoder().encode(other))).toThrow(Malformed)
    }
  })

  const other32 = toBase64url(new Uint8Array(32).fill(250))
  const inputs = document['sidInputs'] as JsonObject
  test.each<[string, JsonObject]>([
    ['kit.version', { version: 3 }],
    ['kit.kind', { version: 2 }],
    ['kit.suite', { suite: 'ed25519' }],
    ['kit.dealers.0', { dealers: [2, 1] }],
    ['kit.epoch', { epoch: 0 }],
    ['kit.epoch', { epoch: '00' }],
    ['kit.X', { X: other32 }],
    ['kit.sid', { sid: other32 }],
    ['kit.sid', { policyHash: other32 }],
    ['kit.sid', { sidInputs: { ...inputs, nD: other32 } }],
    ['kit.walletId', { walletId: other32 }],
    ['kit.sidInputs.C1', { sidInputs: { ...inputs, C1: 'AA' } }],
    ['kit.sidInputs', { sidInputs: { ...inputs, n: 'AA' } }],
    ['kit.commitments.1', { commitments: [[other32], [other32]] }],
    ['kit.signatures.device', { signatures: { device: '', cosigner: '' } }],
    ['kit', { kappa: other32 }],
  ])('names %s although the checksum fits (%#)', (field, change) => {
    expect(() => decodeKit(forged(change))).toThrow(
      field === 'kit.commitments.1' ? /kit\.commitments/ : new Malformed(field),
    )
  })

  test('the forger of this test writes what encodeKit writes', () => {
    expect(forged({})).toEqual(bytes)
  })

  test('encodeKit refuses a record whose keyId does not follow, and parts of a wrong length', () => {
    const { record } = kit
    expect(() => encodeKit({ ...kit, record: { ...record, keyId: new Uint8Array(32) } })).toThrow(Malformed)
    expect(() => encodeKit({ ...kit, record: { ...record, publicKey: new Uint8Array(32) } })).toThrow(
      Malformed,
    )
  })

  test('the fingerprint names key, recovery key and both identities', () => {
    const { keyId } = kit.record
    const { recoveryKey, idD, idC } = sidInputs
    expect(kitFingerprint(kit)).toEqual(TH('kit/fp', keyId, recoveryKey, idD, idC))
  })
})

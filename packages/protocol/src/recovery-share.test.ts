// Is every part of a record checked, and does an honest one open? (SPEC 1.6, attacks 19 and 31)

import { describe, expect, it } from 'vitest'
import { encodePoint, mod, mulBase, ORDER, randomScalar } from './curve.js'
import {
  completeRecord,
  type KeygenRecord,
  type KeyRecord,
  sidOf,
  type UnfinishedKeygen,
} from './key-record.js'
import { decodeKeyShare, encodeKeyShare } from './key-share.js'
import { lagrange } from './math/polynomial.js'
import { encryptVerifiably, pveLabel } from './proofs/verifiable-encryption.js'
import { openRecoveryShare, verifyRecord } from './recovery-share.js'
import { expose } from './secret.js'
import { seededRandom } from './testing/seeded-random.js'

const SEED = 'recovery-share'
const random = seededRandom(SEED)
const kappa = randomScalar(random)
const f1 = [randomScalar(random), randomScalar(random)] as const
const f2 = [randomScalar(random), randomScalar(random)] as const
const honest = recordOf({})
const because = (reason: string) => expect.objectContaining({ code: 'peer-fault', reason })
const malformed = (field: string) => expect.objectContaining({ code: 'malformed', field })

describe(`record of a key (seed ${SEED})`, () => {
  it('verifies', () => {
    expect(() => verifyRecord(honest)).not.toThrow()
  })

  it('opens to the share of party 3', () => {
    const share = openRecoveryShare(honest, kappa)
    const s3 = expose(share.secretShare)
    expect(s3).toBe(mod(at(f1, 3n) + at(f2, 3n)))
    expect(share.party).toBe(3)
    expect([share.epoch, share.attempt]).toEqual([0, 0])
    expect(encodePoint(share.publicKey)).toEqual(honest.publicKey)
    expect(encodePoint(share.recoveryKey)).toEqual(honest.sidInputs.recoveryKey)
    expect([share.keyId, share.chainCode, share.transcript]).toEqual([
      honest.keyId,
      honest.chainCode,
      honest.transcript,
    ])
    const s1 = mod(at(f1, 1n) + at(f2, 1n))
    const key = mod(s1 * lagrange(1, 3) + s3 * lagrange(3, 1))
    expect(key).toBe(mod(f1[0] + f2[0]))
    expect(mulBase(key).equals(share.publicKey)).toBe(true)
    expect(JSON.stringify(share.secretShare)).not.toContain(s3.toString(16))
    expect(expose(decodeKeyShare(encodeKeyShare(share)).secretShare)).toBe(s3)
  })

  it('opens for no other key', () => {
    for (const other of [0n, 1n, mod(kappa + 1n), ORDER - kappa]) {
      expect(() => openRecoveryShare(honest, other)).toThrow(because('verifiable-encryption'))
    }
  })

  it('refuses every changed part', () => {
    const s = honest.sidInputs
    const [[a10, a11], [a20, a21]] = honest.commitments
    const changed: Record<string, KeyRecord> = {
      epoch: { ...honest, epoch: 1 },
      attempt: { ...honest, attempt: 1 },
      nD: { ...honest, sidInputs: { ...s, nD: flip(s.nD) } },
      nC: { ...honest, sidInputs: { ...s, nC: flip(s.nC) } },
      idD: { ...honest, sidInputs: { ...s, idD: flip(s.idD) } },
      idC: { ...honest, sidInputs: { ...s, idC: flip(s.idC) } },
      identities: { ...honest, sidInputs: { ...s, idD: s.idC, idC: s.idD } },
      ekD: { ...honest, sidInputs: { ...s, ekD: flip(s.ekD) } },
      ekC: { ...honest, sidInputs: { ...s, ekC: flip(s.ekC) } },
      K: { ...honest, sidInputs: { ...s, recoveryKey: honest.publicKey } },
      policyHash: { ...honest, sidInputs: { ...s, policyHash: flip(s.policyHash) } },
      commitment: { ...honest, sidInputs: { ...s, commitment: flip(s.commitment) } },
      chainCode1: { ...honest, chainCodes: [flip(honest.chainCodes[0]), honest.chainCodes[1]] },
      chainCode2: { ...honest, chainCodes: [honest.chainCodes[0], flip(honest.chainCodes[1])] },
      dealers: { ...honest, commitments: [honest.commitments[1], honest.commitments[0]] },
      coefficients: {
        ...honest,
        commitments: [
          [a10, a21],
          [a20, a11],
        ],
      },
      encryptions: { ...honest, encryptions: [honest.encryptions[1], honest.encryptions[0]] },
      pve1: { ...honest, encryptions: [flip(honest.encryptions[0]), honest.encryptions[1]] },
      pve2: { ...honest, encryptions: [honest.encryptions[0], flip(honest.encryptions[1])] },
      transcriptPrev: { ...honest, transcriptPrev: flip(honest.transcriptPrev) },
      otSetups: { ...honest, otSetupIds: [honest.otSetupIds[1], honest.otSetupIds[0]] },
      transcript: { ...honest, transcript: flip(honest.transcript) },
      keyId: { ...honest, keyId: flip(honest.keyId) },
      publicKey: { ...honest, publicKey: a10 },
      chainCode: { ...honest, chainCode: flip(honest.chainCode) },
    }
    for (const [name, record] of Object.entries(changed)) {
      expect(() => verifyRecord(record), name).toThrow(because('transcript'))
      expect(() => openRecoveryShare(record, kappa), name).toThrow(because('transcript'))
    }
  })

  it('refuses encryptions that a consistent transcript covers but that do not open', () => {
    const [e1, e2] = honest.encryptions
    const elsewhere = mulBase(randomScalar(random))
    const sid = sidOf(honest.sidInputs)
    const bad: [Uint8Array, Uint8Array][] = [
      [e2, e1],
      [e1, e1],
      [flip(e1), e2],
      [e1, flip(e2)],
      [encryptVerifiably(pveLabel(sid, 1, 3, 0, 0), elsewhere, at(f1, 3n), random), e2],
      [e1, encryptVerifiably(pveLabel(sid, 2, 3, 0, 0), mulBase(kappa), at(f2, 2n), random)],
      [encryptVerifiably(pveLabel(sid, 1, 3, 0, 1), mulBase(kappa), at(f1, 3n), random), e2],
      [encryptVerifiably(pveLabel(random(32), 1, 3, 0, 0), mulBase(kappa), at(f1, 3n), random), e2],
    ]
    for (const [n, encryptions] of bad.entries()) {
      const { record } = completeRecord({ ...unfinished(honest), encryptions })
      expect(() => verifyRecord(record), `case ${n}`).toThrow(because('verifiable-encryption'))
      expect(() => openRecoveryShare(record, kappa), `case ${n}`).toThrow(because('verifiable-encryption'))
    }
  })

  it('refuses a key or a public share that is the identity', () => {
    const identities = [
      [mod(-f1[0]), f2[1]],
      [f2[0], mod(-f1[1])],
      ...[1n, 2n, 3n].map((j) => [mod(-at(f1, j) - j * f2[1]), f2[1]]),
    ] as [bigint, bigint][]
    for (const [n, [b0, b1]] of identities.entries()) {
      const [c20, c21] = [encodePoint(mulBase(b0)), encodePoint(mulBase(b1))]
      const record: KeyRecord = { ...honest, commitments: [honest.commitments[0], [c20, c21]] }
      expect(() => verifyRecord(record), `case ${n}`).toThrow(because('keygen-identity'))
    }
  })

  it('refuses a consistent record of a later epoch, which other formulas describe', () => {
    const later = [{ epoch: 1 }, { attempt: 1 }, { transcriptPrev: random(32) }]
    for (const change of later) {
      const { record } = completeRecord({ ...unfinished(honest), ...change })
      expect(() => verifyRecord(record), Object.keys(change).join()).toThrow(because('transcript'))
    }
  })

  it('names parts that are not encodings', () => {
    const s = honest.sidInputs
    const [[a10, a11], second] = honest.commitments
    const off = new Uint8Array([2, ...new Uint8Array(32).fill(255)])
    const bad: [string, KeyRecord][] = [
      ['recoveryKey', { ...honest, sidInputs: { ...s, recoveryKey: off } }],
      ['recoveryKey', { ...honest, sidInputs: { ...s, recoveryKey: new Uint8Array(33) } }],
      ['commitments', { ...honest, commitments: [[off, a11], second] }],
      ['commitments', { ...honest, commitments: [[a10, new Uint8Array(33)], second] }],
      ['commitments', { ...honest, commitments: [[a10, a11.slice(1)], second] }],
      ['commitments', { ...honest, commitments: [[a10, a11, a11], second] as never }],
      ['encryptions', { ...honest, encryptions: [honest.encryptions[0].slice(1), honest.encryptions[1]] }],
      ['sidInputs', { ...honest, sidInputs: { ...s, nD: new Uint8Array(31) } }],
      ['identities', { ...honest, sidInputs: { ...s, idD: s.idD.slice(1) } }],
      ['otSetupIds', { ...honest, otSetupIds: [new Uint8Array(0), honest.otSetupIds[1]] }],
      ['chainCodes', { ...honest, chainCodes: [honest.chainCodes[0], new Uint8Array(33)] }],
      ['version', { ...honest, version: 3 as never }],
      ['kind', { ...honest, version: 2 as never }],
      ['dealers', { ...honest, dealers: [2, 1] as never }],
    ]
    for (const [field, record] of bad) expect(() => verifyRecord(record), field).toThrow(malformed(field))
  })
})

function at(f: readonly [bigint, bigint], z: bigint): bigint {
  return mod(f[0] + f[1] * z)
}

function unfinished(record: KeygenRecord): UnfinishedKeygen {
  const { epoch, attempt, sidInputs, chainCodes, commitments, encryptions, transcriptPrev, otSetupIds } =
    record
  return { epoch, attempt, sidInputs, chainCodes, commitments, encryptions, transcriptPrev, otSetupIds }
}

function recordOf(change: Partial<UnfinishedKeygen>): KeygenRecord {
  const sidInputs = {
    nD: random(32),
    nC: random(32),
    idD: random(34),
    idC: random(34),
    ekD: random(32),
    ekC: random(32),
    recoveryKey: encodePoint(mulBase(kappa)),
    policyHash: random(32),
    commitment: random(32),
  }
  const sid = sidOf(sidInputs)
  const parts: UnfinishedKeygen = {
    epoch: 0,
    attempt: 0,
    sidInputs,
    chainCodes: [random(32), random(32)],
    commitments: [
      [encodePoint(mulBase(f1[0])), encodePoint(mulBase(f1[1]))],
      [encodePoint(mulBase(f2[0])), encodePoint(mulBase(f2[1]))],
    ],
    encryptions: [
      encryptVerifiably(pveLabel(sid, 1, 3, 0, 0), mulBase(kappa), at(f1, 3n), random),
      encryptVerifiably(pveLabel(sid, 2, 3, 0, 0), mulBase(kappa), at(f2, 3n), random),
    ],
    transcriptPrev: new Uint8Array(32),
    otSetupIds: [random(32), random(32)],
    ...change,
  }
  return completeRecord(parts).record
}

function flip(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte))
}

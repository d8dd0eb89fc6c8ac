// Which records of a later epoch are consistent, and which parties can they not have? (SPEC 1.6, 5.1)

import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import { encodePoint, mulBase } from './curve.js'
import { ProtocolAbort } from './errors.js'
import {
  completeRecord,
  type ReshareRecord,
  rolesOf,
  sidOfRecord,
  type UnfinishedReshare,
} from './key-record.js'
import { PVE_BYTES, pveLabel } from './proofs/verifiable-encryption.js'
import { checkRecord } from './record-check.js'

/** 32 bytes that a name stands for. */
const named = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))
const identity = (name: string): Uint8Array => Uint8Array.of(1, 2, ...named(name))
const encryption = new Uint8Array(PVE_BYTES).fill(7)
const zeros = new Uint8Array(32)
const K = encodePoint(mulBase(5n))
const [D, C, V] = [identity('D'), identity('C'), Uint8Array.of(2, ...K)]

type Inputs = ReshareRecord['sidInputs']

/** A refresh by D and C, with these parts exchanged. */
function record(parts: Partial<UnfinishedReshare>, inputs: Partial<Inputs> = {}): ReshareRecord {
  return completeRecord({
    kind: 'refresh',
    dealers: [1, 2],
    keyId: named('key'),
    epoch: 1,
    attempt: 1,
    transcriptPrev: named('base'),
    commitments: [
      [encodePoint(mulBase(2n)), encodePoint(mulBase(3n))],
      [encodePoint(mulBase(4n)), encodePoint(mulBase(6n))],
    ],
    encryptions: [encryption, encryption],
    otSetupIds: [named('A'), named('B')],
    chainCode: named('cc'),
    ...parts,
    sidInputs: {
      nI: named('nI'),
      nJ: named('nJ'),
      idDealerA: D,
      idDealerB: C,
      idD: D,
      idC: C,
      ekI: named('ekI'),
      ekJ: named('ekJ'),
      ek1: named('ekI'),
      ek2: named('ekJ'),
      recoveryKey: K,
      policyHash: named('policy'),
      commitment: named('C1'),
      ...inputs,
    },
  }).record
}

const replace = { kind: 'replace', otSetupIds: [zeros, zeros] } as const
const comes = named('ek of the newcomer')
const uses: Readonly<Record<string, ReshareRecord>> = {
  refresh: record({}),
  'device moved': record(replace, { idD: identity('D2'), ek1: comes }),
  'operator changed': record(replace, { idC: identity('C2'), ek2: comes }),
  'device lost': record(
    { ...replace, dealers: [2, 3] },
    { idDealerA: C, idDealerB: V, idD: identity('D2'), ek1: comes },
  ),
  'operator lost': record(
    { ...replace, dealers: [1, 3] },
    { idDealerA: D, idDealerB: V, idC: identity('C2'), ek2: comes },
  ),
}

describe('a record of a later epoch', () => {
  it.each(Object.entries(uses))('of a %s is consistent, with the labels of its own dealers', (_, made) => {
    const { statements } = checkRecord(made)
    const sid = sidOfRecord(made)
    const labels = made.dealers.map((dealer) => pveLabel(sid, dealer, 3, made.epoch, made.attempt))
    expect(statements.map(({ label }) => label)).toEqual(labels)
  })

  const [lost, moved] = [{ ...replace, dealers: [2, 3] } as const, replace]
  const misfits: readonly (readonly [what: string, record: ReshareRecord])[] = [
    ['epoch 0', record({ epoch: 0 })],
    ['no base', record({ transcriptPrev: zeros })],
    ['a refresh with a new device', record({}, { idD: identity('D2') })],
    ['a refresh without setups', record({ otSetupIds: [zeros, zeros] })],
    ['a refresh by a dealer 3', record({ dealers: [2, 3] }, { idDealerA: C, idDealerB: V })],
    ['a refresh to another key of a dealer', record({}, { ek1: comes })],
    ['a refresh to the keys of the dealers, exchanged', record({}, { ek1: named('ekJ'), ek2: named('ekI') })],
    ['a replace without a newcomer', record(moved)],
    ['a replace with two newcomers', record(moved, { idD: identity('D2'), idC: identity('C2') })],
    ['a replace with setups', record({ kind: 'replace' }, { idD: identity('D2'), ek1: comes })],
    ['a replace to another key of the dealer that stays', record(moved, { idD: identity('D2'), ek2: comes })],
    [
      'a lost device where the other dealer does not stay',
      record(lost, { idDealerA: C, idDealerB: V, idD: identity('D2'), idC: identity('C2'), ek1: comes }),
    ],
    [
      'a lost device where the cosigner receives under the key of the initiator',
      record(lost, { idDealerA: C, idDealerB: V, idD: identity('D2'), ek1: comes, ek2: named('ekI') }),
    ],
  ]
  it.each(misfits)('is refused: %s', (_, made) => {
    expect(() => checkRecord(made)).toThrow(new ProtocolAbort('transcript'))
  })

  it('is refused with any part exchanged that Tr covers', () => {
    const made = uses['device lost'] as ReshareRecord
    const { sidInputs: s } = made
    const changed: readonly Partial<ReshareRecord>[] = [
      { attempt: 2 },
      { keyId: named('other') },
      { chainCode: named('other') },
      { transcriptPrev: named('other') },
      { publicKey: encodePoint(mulBase(7n)) },
      { commitments: [made.commitments[1], made.commitments[0]] },
      { encryptions: [encryption, new Uint8Array(PVE_BYTES)] },
      ...(['nI', 'nJ', 'ekI', 'ekJ', 'ek1', 'policyHash', 'commitment'] as const).map((name) => ({
        sidInputs: { ...s, [name]: named('other') },
      })),
    ]
    for (const change of changed)
      expect(() => checkRecord({ ...made, ...change }), Object.keys(change).join()).toThrow(
        new ProtocolAbort('transcript'),
      )
  })
})

it('initiator and responder follow from the dealers', () => {
  expect(rolesOf([1, 2])).toEqual({ initiator: 1, responder: 2 })
  expect(rolesOf([1, 3])).toEqual({ initiator: 1, responder: 3 })
  expect(rolesOf([2, 3])).toEqual({ initiator: 3, responder: 2 })
})

// Are the known answers of the specification those of this code, and of the text? (SPEC 11)

import { readFileSync } from 'node:fs'
import { encodePoint, encodeScalar, G, mulBase } from '@tercet/protocol/curve'
import { hashToPoint } from '@tercet/protocol/internal/oblivious/base-ot'
import { multiply } from '@tercet/protocol/internal/oblivious/gf128'
import { expand } from '@tercet/protocol/internal/oblivious/ot-extension'
import { gadget } from '@tercet/protocol/internal/oblivious/setup'
import { reshareCommitment } from '@tercet/protocol/internal/reshare-plan'
import { completeRecord, type KeyRecord } from '@tercet/protocol/key-record'
import { HS, TH } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex')
const scalar = (value: bigint | undefined): string => hex(encodeScalar(value as bigint))
const from = (first: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => first + i)
const zeros = new Uint8Array(32)

const answers: readonly (readonly [what: string, computed: () => string, expected: string])[] = [
  [
    'TH',
    () => hex(TH('test', 'abc', bytes('0102'))),
    '0bb41db7b9bf86df8c512f1a2c56ce912eb64d56d7b3474872badc123d898dfd',
  ],
  [
    'HS',
    () => scalar(HS('test', 'abc', bytes('0102'))),
    '121ebd49a45c0f7ebcf1d3405b2f8addac57a1ee07eb4098f5fd55c92d519028',
  ],
  [
    'GF',
    () => hex(multiply(from(0, 16), bytes('fff8f1eae3dcd5cec7c0b9b2aba49d96'))),
    'ceb5966f647927ac44ecb64e16227329',
  ],
  [
    'PRG',
    () => hex(expand(from(0, 32), from(0x20, 32), 80)),
    'ec75d3fdf27ea9b6d1c054ca1eb31d30018690751ddd0c145b1bb435300698349ce32812d52acf619f37290f7dd55c36ee98615426e0caf622952ef0a4fcef5befd943959a4f78f80a72cbc751e75b92',
  ],
  [
    'Hpt',
    () => hex(encodePoint(hashToPoint(zeros, 3, 1, encodePoint(G)))),
    '02b5be69462a05fe3b243370c84d309d7fd2314b76ecf0125d5d6d54734d684cdc',
  ],
  [
    'g_0',
    () => scalar(gadget(zeros).values[0]),
    '8829cb04643320cf9f467abf706309e15f812ff3db5ebd01fe0f866d9e1f54c9',
  ],
  [
    'g_415',
    () => scalar(gadget(zeros).values[415]),
    'd34405c16879cc82f6107d29f15e872ef87b5ae5a9cee21a190e8c39739f51fb',
  ],
  [
    'C1 of a reshare',
    () => hex(commitmentOfReshare()),
    'e8f58593755d8fc5c88b1f0cc5e6cb0dcf769e6c2ceaacb28235ed969189cc33',
  ],
  [
    'sid of a reshare',
    () => hex(reshared().sid),
    '93a74d2c8a3ed61426b9888e9f10a1677be0159f9e1409ea2963659b1db17479',
  ],
  [
    'Tr of a reshare',
    () => hex(reshared().record.transcript),
    'dc69a7b457f337f4364483cad054fa10dae1ce3bf4b944e0de42925202a888f8',
  ],
]

const multiple = (k: bigint): Uint8Array => encodePoint(mulBase(k))

/** nI = 00.., keyId = 01.., TrBase = 02.., I = 3, K' = 5*G, A'_I0 = G, A'_I1 = 2*G, rho = 03... */
function commitmentOfReshare(): Uint8Array {
  const record = { keyId: from(1, 32), transcript: from(2, 32) } as KeyRecord
  const plan = { initiator: 3, recoveryKey: mulBase(5n), base: { record } } as const
  return reshareCommitment(plan, from(0, 32), { a0: mulBase(1n), a1: mulBase(2n), rho: from(3, 32) })
}

/** A replace by the dealers 2 and 3, whose record is made of counting bytes and small multiples of G. */
function reshared() {
  return completeRecord({
    kind: 'replace',
    dealers: [2, 3],
    keyId: from(1, 32),
    epoch: 7,
    attempt: 9,
    transcriptPrev: from(2, 32),
    sidInputs: {
      nI: from(0, 32),
      nJ: from(4, 32),
      idDealerA: from(10, 34),
      idDealerB: from(11, 34),
      idD: from(12, 34),
      idC: from(13, 34),
      ekI: from(5, 32),
      ekJ: from(6, 32),
      ek1: from(7, 32),
      ek2: from(8, 32),
      recoveryKey: multiple(5n),
      policyHash: from(9, 32),
      commitment: commitmentOfReshare(),
    },
    commitments: [
      [multiple(1n), multiple(2n)],
      [multiple(3n), multiple(4n)],
    ],
    encryptions: [from(15, 14480), from(16, 14480)],
    otSetupIds: [zeros, zeros],
    chainCode: from(14, 32),
  })
}

const specification = readFileSync(
  new URL('../../packages/protocol/SPEC.md', import.meta.url),
  'utf8',
).replaceAll(/\s+/g, ' ')

describe('known answers', () => {
  it.each(answers)('%s', (_, computed, expected) => {
    expect(computed()).toBe(expected)
  })

  it.each(answers)('%s stands in the specification', (_, __, expected) => {
    expect(specification).toContain(expected)
  })

  it('would notice another tag, part or length', () => {
    const [, computed, expected] = answers[0] as (typeof answers)[number]
    expect(computed()).toBe(expected)
    expect(hex(TH('test', 'ab', bytes('630102')))).not.toBe(expected)
    expect(hex(TH('test', 'abc0102'))).not.toBe(expected)
    expect(hex(TH('request', 'abc', bytes('0102')))).not.toBe(expected)
  })
})

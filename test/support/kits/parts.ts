// In how many ways can one part of a kit be wrong, with everything around it right? (SPEC 1.2, 1.5, 1.6)

import { concat } from '@tercet/protocol/bytes'
import { decodePoint, encodePoint, invertPublic, mulPublic } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import type { JsonObject } from '@tercet/wire/canonical-json'
import { below } from '../random.js'
import { type Damage, flipped, pick, place, put, refit, swapped } from './change.js'
import {
  bytePlaces,
  bytesAt,
  has,
  type Path,
  refitted,
  type SignedKit,
  type Signers,
  sealed,
  valueAt,
  withValue,
} from './documents.js'

/** Parts that an encryption is bound to through sid or through the point that it opens to. */
function bound({ document }: SignedKit): Path[] {
  const inputs = Object.keys(document['sidInputs'] as JsonObject).map((name) => `sidInputs.${name}`)
  const later = document['version'] === 2 ? ['walletId', 'TrPrev'] : []
  return [
    ...[...inputs, ...later, 'K', 'policyHash', 'encryptions.0', 'encryptions.1'],
    ...['commitments.0.0', 'commitments.0.1', 'commitments.1.0', 'commitments.1.1'],
  ].map(place)
}

const PAIRS = [
  ['encryptions.0', 'encryptions.1'],
  ['commitments.0', 'commitments.1'],
  ['commitments.0.0', 'commitments.0.1'],
  ['commitments.0.1', 'commitments.1.1'],
  ['idD', 'idC'],
  ['sidInputs.nD', 'sidInputs.nC'],
  ['sidInputs.ekD', 'sidInputs.ekC'],
  ['sidInputs.nI', 'sidInputs.nJ'],
  ['sidInputs.ekI', 'sidInputs.ekJ'],
  ['sidInputs.ek1', 'sidInputs.ek2'],
  ['sidInputs.idDealerA', 'sidInputs.idDealerB'],
] as const

/** Swaps that nothing notices once everything is derived anew. */
const FREE_PAIRS = [
  ['chainCodes.0', 'chainCodes.1'],
  ['otSetupIds.0', 'otSetupIds.1'],
  ['signatures.device', 'signatures.cosigner'],
  ['signatures.device', 'signatures.recovery'],
  ['K', 'X'],
  ['sid', 'walletId'],
] as const

/** Places at which another kit has something else. */
function foreign(kit: SignedKit, other: SignedKit, paths: readonly Path[]): Path[] {
  return paths.filter(
    (path) => has(other.document, path) && valueAt(kit.document, path) !== valueAt(other.document, path),
  )
}

/** One of the pairs that this kit has, and whose parts differ. */
function somePair(random: Random, { document }: SignedKit, pairs: readonly (readonly [string, string])[]) {
  const paths = pairs.map(([p, q]) => [place(p), place(q)] as const)
  const there = paths.filter(
    ([p, q]) => has(document, p) && has(document, q) && valueAt(document, p) !== valueAt(document, q),
  )
  return pick(random, there)
}

const POINTS = ['K', 'X', 'commitments.0.0', 'commitments.0.1', 'commitments.1.0', 'commitments.1.1'].map(
  place,
)
const SIGNATURES = ['signatures.device', 'signatures.cosigner', 'signatures.recovery', 'node.signature'].map(
  place,
)
const IDENTITIES = ['idD', 'idC', 'sidInputs.idDealerA', 'sidInputs.idDealerB'].map(place)

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const zeros = (length: number): Uint8Array => new Uint8Array(length)
const FIELD = hex('fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f')
const P256_ORDER = hex('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551')

/** 33 bytes that are no point: the identity's many spellings, another form, x not reduced, x of no point. */
const NO_POINTS: readonly ((point: Uint8Array) => Uint8Array)[] = [
  () => zeros(33),
  (point) => Uint8Array.of(4, ...point.slice(1)),
  (point) => Uint8Array.of((point[0] as number) + 4, ...point.slice(1)),
  () => Uint8Array.of(2, ...FIELD),
  () => Uint8Array.of(3, ...zeros(31).fill(255), 255),
  () => Uint8Array.of(2, ...zeros(31), 5),
]

const NO_SIGNATURES: readonly ((signature: Uint8Array) => Uint8Array)[] = [
  () => zeros(64),
  (s) => concat(zeros(32), s.slice(32)),
  (s) => concat(s.slice(0, 32), zeros(32)),
  (s) => concat(P256_ORDER, s.slice(32)),
  (s) => concat(s.slice(0, 32), P256_ORDER),
  (s) => concat(s.slice(0, 32), zeros(32).fill(255)),
  (s) => concat(s.slice(32), s.slice(0, 32)),
]

/** The parts of a proof: the challenge, then rows of seed, scalar, point and masked value. */
const ROW = {
  start: 16,
  length: 113,
  seed: [0, 16],
  scalar: [16, 48],
  point: [48, 81],
  masked: [81, 113],
} as const

const inEncryption =
  (change: (random: Random, proof: Uint8Array) => Uint8Array): Damage =>
  (random, kit) => {
    const path: Path = ['encryptions', below(random, 2)]
    return refit(kit, put(kit.document, path, change(random, bytesAt(kit.document, path))))
  }

const inRow = (part: 'seed' | 'scalar' | 'point' | 'masked'): Damage =>
  inEncryption((random, proof) => {
    const row = ROW.start + below(random, 128) * ROW.length
    return flipped(random, proof, row + ROW[part][0], row + ROW[part][1])
  })

export const otherAddress: Damage = (_, kit) =>
  sealed(withValue(kit.document, ['node', 'address'], 'https://thief.example'))

/** A proof with one bit of a seed flipped. */
export const flippedSeed = inRow('seed')

/** Every way, by name. `random` decides the place. */
export const PARTS: Readonly<Record<string, Damage>> = {
  'an address too long': (random, kit) => {
    const length = pick(random, [1025, 70_000])
    return refit(kit, withValue(kit.document, ['node', 'address'], 'x'.repeat(length)))
  },
  'another address': otherAddress,
  'a flipped bit in a field': (random, kit) => {
    const path = pick(random, bytePlaces(kit.document))
    return sealed(put(kit.document, path, flipped(random, bytesAt(kit.document, path))))
  },
  'a flipped bit in a field that is bound, the rest derived anew': (random, kit) => {
    const path = pick(random, bound(kit))
    return refit(kit, put(kit.document, path, flipped(random, bytesAt(kit.document, path))))
  },
  'a flipped bit in a challenge': inEncryption((random, proof) => flipped(random, proof, 0, ROW.start)),
  'a flipped bit in a seed': flippedSeed,
  'a flipped bit in a scalar': inRow('scalar'),
  'a flipped bit in a point': inRow('point'),
  'a flipped bit in a masked value': inRow('masked'),
  'a scalar too large': inEncryption((random, proof) => {
    const row = ROW.start + below(random, 128) * ROW.length
    return proof.map((byte, i) => (i >= row + ROW.scalar[0] && i < row + ROW.scalar[1] ? 255 : byte))
  }),
  'two rows swapped': inEncryption((random, proof) => {
    const [i, j] = [below(random, 64), 64 + below(random, 64)].map((row) => ROW.start + row * ROW.length)
    const at = (row: number) => proof.slice(row, row + ROW.length)
    const out = proof.slice()
    out.set(at(i as number), j)
    out.set(at(j as number), i)
    return out
  }),
  'two parts swapped': (random, kit) => {
    const [p, q] = somePair(random, kit, [...PAIRS, ...FREE_PAIRS])
    return sealed(swapped(kit.document, p, q))
  },
  'two parts swapped, the rest derived anew': (random, kit) => {
    const [p, q] = somePair(random, kit, PAIRS)
    return refit(kit, swapped(kit.document, p, q))
  },
  "another wallet's part": (random, kit, other) => {
    const path = pick(random, foreign(kit, other, bytePlaces(kit.document)))
    return sealed(withValue(kit.document, path, valueAt(other.document, path)))
  },
  "another wallet's part, the rest derived anew": (random, kit, other) => {
    const whole = ['encryptions', 'commitments', 'sidInputs', 'idD', 'idC'].map(place)
    const path = pick(random, foreign(kit, other, [...bound(kit), ...whole]))
    return refit(kit, withValue(kit.document, path, valueAt(other.document, path)))
  },
  "another wallet's signers": (random, kit, other) =>
    sealed(refitted({ document: kit.document, signers: pick(random, signersOf(kit, other)) })),
  'no point': (random, kit) => {
    const path = pick(random, POINTS)
    const to = pick(random, NO_POINTS)(bytesAt(kit.document, path))
    const changed = put(kit.document, path, to)
    return path[0] === 'X' || below(random, 2) === 0 ? sealed(changed) : refit(kit, changed)
  },
  'no identity': (random, kit) => {
    const path = pick(
      random,
      IDENTITIES.filter((at) => has(kit.document, at)),
    )
    const id = bytesAt(kit.document, path)
    const to = pick(random, [
      Uint8Array.of((id[0] as number) ^ 3, ...id.slice(1)),
      Uint8Array.of(0, ...id.slice(1)),
      zeros(34),
      Uint8Array.of(id[0] as number, ...pick(random, NO_POINTS.slice(0, 3))(id.slice(1))),
    ])
    return refit(kit, put(kit.document, path, to))
  },
  'no signature': (random, kit) => {
    const path = pick(
      random,
      SIGNATURES.filter((at) => has(kit.document, at)),
    )
    return sealed(put(kit.document, path, pick(random, NO_SIGNATURES)(bytesAt(kit.document, path))))
  },
  'commitments that cancel out': (random, kit) => {
    const pair = pick(random, [0, 1])
    const point = bytesAt(kit.document, ['commitments', 0, pair])
    const negated = Uint8Array.of((point[0] as number) ^ 1, ...point.slice(1))
    return refit(kit, put(kit.document, ['commitments', 1, pair], negated))
  },
  'a share that is zero': (random, kit) => {
    const party = BigInt(1 + below(random, 3))
    const point = (i: number, j: number) => decodePoint(bytesAt(kit.document, ['commitments', i, j]), 'A')
    const a0 = point(0, 0).add(point(1, 0))
    const rest = mulPublic(a0, invertPublic(party)).add(point(0, 1))
    return refit(kit, put(kit.document, ['commitments', 1, 1], encodePoint(rest.negate())))
  },
}

function signersOf({ signers: a }: SignedKit, { signers: b }: SignedKit): Signers[] {
  return [
    { ...a, device: b.device },
    { ...a, cosigner: b.cosigner },
    { ...a, device: a.cosigner, cosigner: a.device },
  ]
}

// Does every hash cover everything that a prover or a peer could still vary? (SPEC 7, rows 6 and 11; 0.6)

import { encodePoint, mulBase, type Point, randomScalar } from '@tercet/protocol/curve'
import { proveDiscreteLog, verifyDiscreteLog } from '@tercet/protocol/internal/discrete-log'
import { newSealKey, seal, unseal } from '@tercet/protocol/internal/seal'
import { encryptVerifiably, verifyEncryption } from '@tercet/protocol/internal/verifiable-encryption'
import { TAGS } from '@tercet/protocol/tags'
import { TH } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { below } from '../support/random.js'
import { suite } from '../support/suite.js'
import { coverage, row } from './coverage.js'
import { reshareCoverage } from './coverage-reshare.js'

const run = suite('challenges')
const random = run.random('inputs')
const bytes32 = () => random(32)
const point = (): Point => mulBase(randomScalar(random))
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const rows = [...coverage(fixtureWallet(), random), ...reshareCoverage(fixtureWallet(), random)]
describe.each(rows)('$name', ({ base, variants }) => {
  it.each(variants)('covers $key', ({ value }) => {
    expect(hex(base())).toBe(hex(base()))
    expect(hex(value())).not.toBe(hex(base()))
    run.count()
  })
})

it('a hash that leaves an input out is flagged by the same table', () => {
  const careless = row(
    'careless',
    (i) => TH('test', i.covered),
    { covered: bytes32(), left: bytes32() },
    { covered: bytes32(), left: bytes32() },
  )
  const same = careless.variants.filter(({ value }) => hex(value()) === hex(careless.base()))
  expect(same.map(({ key }) => key)).toEqual(['left'])
})

describe('proofs', () => {
  it('a proof of knowledge is for its context, id, point and R alone', () => {
    const [x, ctx, id] = [randomScalar(random), bytes32(), 10]
    const X = mulBase(x)
    const proof = proveDiscreteLog(ctx, id, x, X, random)
    expect(verifyDiscreteLog(ctx, id, X, proof)).toBe(true)
    const otherR = Uint8Array.from([...encodePoint(point()), ...proof.subarray(33)])
    const others = [
      verifyDiscreteLog(bytes32(), id, X, proof),
      verifyDiscreteLog(ctx, id + 1, X, proof),
      verifyDiscreteLog(ctx, id, point(), proof),
      verifyDiscreteLog(ctx, id, X, otherR),
    ]
    expect(others).toEqual([false, false, false, false])
    run.count(4)
  })

  it('a verifiable encryption is for its label, K, Q, and every byte of every row', () => {
    const [x, label, K] = [randomScalar(random), bytes32(), point()]
    const Q = mulBase(x)
    const proof = encryptVerifiably(label, K, x, random)
    expect(verifyEncryption(label, K, Q, proof)).toBe(true)
    expect(verifyEncryption(bytes32(), K, Q, proof)).toBe(false)
    expect(verifyEncryption(label, point(), Q, proof)).toBe(false)
    expect(verifyEncryption(label, K, point(), proof)).toBe(false)
    const rowsOfProof = Array.from({ length: 128 }, (_, i) => i)
    for (const i of run.some('rows', rowsOfProof, 4)) {
      // Seed, x1 (or the zeros in its place), and both parts of the ciphertext.
      for (const at of [0, 16, 48, 81]) {
        const changed = proof.slice()
        const index = 16 + 113 * i + at + below(random, 16)
        changed[index] = (changed[index] as number) ^ (1 << below(random, 8))
        expect(verifyEncryption(label, K, Q, changed)).toBe(false)
        run.count()
      }
    }
    for (let bit = 0; bit < 128; bit += run.times(32, 1)) {
      const changed = proof.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(verifyEncryption(label, K, Q, changed)).toBe(false)
      run.count()
    }
  })

  it('a sealed value opens in its own place alone', () => {
    const key = newSealKey(random)
    const place = {
      from: random(34),
      to: random(34),
      sessionId: bytes32(),
      step: 3,
      direction: 'req',
      field: 'a',
    } as const
    const sealed = seal({ ...place, peerKey: key.publicKey }, bytes32(), random)
    expect(unseal({ ...place, ...key }, sealed)).toHaveLength(32)
    const others = [
      { from: random(34) },
      { to: random(34) },
      { sessionId: bytes32() },
      { step: 4 },
      { direction: 'res' as const },
      { field: 'b' },
      newSealKey(random),
    ]
    for (const other of others) {
      expect(() => unseal({ ...place, ...key, ...other }, sealed)).toThrow('seal')
      run.count()
    }
  })
})

describe('the hash itself', () => {
  it('tells every part list from every other that joins to the same bytes', () => {
    const seen = new Map<string, string>()
    const text = random(7)
    // All ways to cut seven bytes into parts, with and without empty parts at the ends.
    for (let cuts = 0; cuts < 64; cuts++) {
      const list: Uint8Array[] = []
      let from = 0
      for (let at = 1; at <= 7; at++) {
        if (at < 7 && ((cuts >> (at - 1)) & 1) === 0) continue
        list.push(text.subarray(from, at))
        from = at
      }
      const empty = new Uint8Array(0)
      for (const parted of [list, [empty, ...list], [...list, empty], [empty, ...list, empty]]) {
        const hash = hex(TH('test', ...parted))
        expect(seen.get(hash)).toBeUndefined()
        seen.set(hash, parted.map(hex).join('|'))
        run.count()
      }
    }
    expect(seen.size).toBe(256)
  })

  it('every tag makes another hash, and all are different', () => {
    expect(new Set(TAGS).size).toBe(TAGS.length)
    expect(new Set(TAGS.map((tag) => hex(TH(tag, 'x')))).size).toBe(TAGS.length)
    run.count(TAGS.length)
  })
})

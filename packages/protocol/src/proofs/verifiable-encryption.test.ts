// Does a verified encryption always open, and is everything else refused? (SPEC 1.5, attacks 12, 13 and 19)

import { sha256 } from '@noble/hashes/sha2.js'
import { describe, expect, it } from 'vitest'
import {
  decodePoint,
  encodePoint,
  encodeScalar,
  G,
  IDENTITY,
  mod,
  mulBase,
  ORDER,
  type Point,
  randomScalar,
} from '../curve.js'
import { seededRandom } from '../testing/seeded-random.js'
import { integer, TH, u32be } from '../transcript.js'
import {
  encryptVerifiably,
  openEncryption,
  PVE_BYTES,
  pveLabel,
  verifyEncryption,
} from './verifiable-encryption.js'

const SEED = 'verifiable-encryption'
const random = seededRandom(SEED)
const sid = random(32)
const label = pveLabel(sid, 1, 3, 0, 0)
const kappa = randomScalar(random)
const K = mulBase(kappa)
const x = randomScalar(random)
const Q = mulBase(x)
const proof = encryptVerifiably(label, K, x, random)
const opened = Array.from({ length: 128 }, (_, i) => ((proof[i >> 3] as number) >> (i & 7)) & 1)
const rowAt = (i: number): number => 16 + 113 * i
const refused = expect.objectContaining({ reason: 'verifiable-encryption' })

describe(`verifiable encryption (seed ${SEED})`, () => {
  it('verifies for everybody and opens for the recipient', () => {
    expect(PVE_BYTES).toBe(14480)
    expect(proof.length).toBe(PVE_BYTES)
    expect(verifyEncryption(label, K, Q, proof)).toBe(true)
    expect(openEncryption(label, kappa, Q, proof)).toBe(x)
  })

  it('encrypts the smallest and the largest scalar', () => {
    for (const edge of [1n, ORDER - 1n]) {
      const edgeProof = encryptVerifiably(label, K, edge, random)
      expect(openEncryption(label, kappa, mulBase(edge), edgeProof)).toBe(edge)
    }
    for (const out of [0n, ORDER, -1n])
      expect(() => encryptVerifiably(label, K, out, random)).toThrow('[1, q-1]')
  })

  it('opens from any single row', () => {
    for (let i = 0; i < 128; i++) expect(openRow(proof, i), `row ${i}`).toBe(x)
  })

  it('is refused for another label, recipient or point', () => {
    const labels = [
      pveLabel(random(32), 1, 3, 0, 0),
      pveLabel(sid, 2, 3, 0, 0),
      pveLabel(sid, 3, 1, 0, 0),
      pveLabel(sid, 1, 2, 0, 0),
      pveLabel(sid, 1, 3, 1, 0),
      pveLabel(sid, 1, 3, 0, 1),
    ]
    expect(new Set(labels.map(String)).size).toBe(labels.length)
    for (const other of labels) {
      expect(verifyEncryption(other, K, Q, proof)).toBe(false)
      expect(() => openEncryption(other, kappa, Q, proof)).toThrow(refused)
    }
    expect(verifyEncryption(label, K.add(G), Q, proof)).toBe(false)
    expect(verifyEncryption(label, K, Q.add(G), proof)).toBe(false)
    expect(verifyEncryption(label, Q, K, proof)).toBe(false)
    expect(verifyEncryption(label, IDENTITY, Q, proof)).toBe(false)
    expect(verifyEncryption(label, K, IDENTITY, proof)).toBe(false)
    for (const key of [0n, mod(kappa + 1n)])
      expect(() => openEncryption(label, key, Q, proof)).toThrow(refused)
  })

  it('does not exchange two dealers', () => {
    const y = randomScalar(random)
    const second = encryptVerifiably(pveLabel(sid, 2, 3, 0, 0), K, y, random)
    expect(verifyEncryption(pveLabel(sid, 2, 3, 0, 0), K, mulBase(y), second)).toBe(true)
    expect(verifyEncryption(label, K, Q, second)).toBe(false)
    expect(verifyEncryption(label, K, mulBase(y), second)).toBe(false)
    expect(verifyEncryption(pveLabel(sid, 2, 3, 0, 0), K, mulBase(y), proof)).toBe(false)
  })

  it('is refused when made for another key', () => {
    const elsewhere = encryptVerifiably(label, mulBase(randomScalar(random)), x, random)
    expect(verifyEncryption(label, K, Q, elsewhere)).toBe(false)
  })

  it('is refused with any field of any row changed', { timeout: 300_000 }, () => {
    for (let i = 0; i < 128; i++) {
      const field = [0, 16, 48, 81, 112][i % 5] as number
      expect(verifyEncryption(label, K, Q, flip(proof, rowAt(i) + field)), `row ${i} byte ${field}`).toBe(
        false,
      )
    }
    for (let i = 0; i < 16; i++) expect(verifyEncryption(label, K, Q, flip(proof, i))).toBe(false)
    for (let field = 0; field < 113; field += 7) {
      expect(verifyEncryption(label, K, Q, flip(proof, rowAt(77) + field)), `byte ${field}`).toBe(false)
    }
  })

  it('is refused with every row changed, with two rows exchanged, and at another length', () => {
    const all = proof.slice()
    for (let i = 0; i < 128; i++) all[rowAt(i) + 112] = (all[rowAt(i) + 112] as number) ^ 1
    expect(verifyEncryption(label, K, Q, all)).toBe(false)
    const [i, j] = [opened.indexOf(0), opened.lastIndexOf(0)]
    const exchanged = put(proof, rowAt(i), proof.slice(rowAt(j), rowAt(j + 1)))
    expect(verifyEncryption(label, K, Q, put(exchanged, rowAt(j), proof.slice(rowAt(i), rowAt(i + 1))))).toBe(
      false,
    )
    for (const bytes of [
      new Uint8Array(0),
      proof.slice(1),
      proof.slice(0, -1),
      new Uint8Array([...proof, 0]),
    ]) {
      expect(verifyEncryption(label, K, Q, bytes)).toBe(false)
      expect(() => openEncryption(label, kappa, Q, bytes)).toThrow(refused)
    }
  })

  it('refuses rows that are not well formed, in one row or all', () => {
    const zero = rowAt(opened.indexOf(0))
    const one = rowAt(opened.indexOf(1))
    const bad = [
      put(proof, zero + 47, Uint8Array.of(1)),
      put(proof, zero + 16, encodeScalar(ORDER)),
      put(proof, one + 16, encodeScalar(ORDER)),
      put(proof, one + 16, new Uint8Array(32).fill(255)),
      put(proof, one + 16, encodeScalar(x)),
      put(proof, zero + 48, new Uint8Array(33)),
      put(proof, zero + 48, Uint8Array.of(4)),
      put(proof, one + 48, new Uint8Array([2, ...new Uint8Array(32).fill(255)])),
      put(proof, one + 48, Uint8Array.of(6)),
    ]
    for (const [n, bytes] of bad.entries())
      expect(verifyEncryption(label, K, Q, bytes), `case ${n}`).toBe(false)
  })

  it('opens past rows in which the dealer hid garbage', { timeout: 300_000 }, () => {
    // 4 guessed rows cost about 2^4 proofs; 128 would cost 2^128.
    const found = searchForGarbage(4)
    expect(verifyEncryption(label, K, Q, found)).toBe(true)
    for (let i = 0; i < 4; i++) expect(openRow(found, i)).not.toBe(x)
    expect(openEncryption(label, kappa, Q, found)).toBe(x)
  })

  it('refuses the whole proof for one committed ciphertext without a point', { timeout: 300_000 }, () => {
    for (const bad of [new Uint8Array(33), new Uint8Array([2, ...new Uint8Array(32).fill(255)])]) {
      const found = searchForGarbage(1, (c1) => put(c1, 0, bad))
      expect(verifyEncryption(label, K, Q, found)).toBe(false)
      expect(() => openEncryption(label, kappa, Q, found)).toThrow(refused)
    }
  })
})

/** Opens one row as the specification writes it, with nothing of the code under test. */
function openRow(bytes: Uint8Array, i: number, secret = kappa): bigint {
  const bound = TH('pve/label', label, encodePoint(Q), encodePoint(mulBase(secret)))
  const bit = ((bytes[i >> 3] as number) >> (i & 7)) & 1
  const row = bytes.subarray(rowAt(i), rowAt(i + 1))
  const E = row.subarray(48, 81)
  const shared = encodePoint(decodePoint(E, 'E').multiply(secret))
  const pad = TH('pve/kdf', bound, u32be(i), u32be(1 - bit), E, shared)
  const hidden = integer(row.subarray(81).map((byte, at) => byte ^ (pad[at] as number)))
  const half =
    bit === 0 ? wideHash('pve/prg/x', bound, u32be(i), row.subarray(0, 16)) : integer(row.subarray(16, 48))
  return mod(half + hidden)
}

/** A proof whose first `count` rows hide garbage in the half that the dealer guessed would stay closed. */
function searchForGarbage(count: number, spoil = (c1: Uint8Array) => flip(c1, 64)): Uint8Array {
  const bound = TH('pve/label', label, encodePoint(Q), encodePoint(K))
  const seeds = Array.from({ length: 128 }, () => [random(16), random(16)] as [Uint8Array, Uint8Array])
  const rows = seeds.map(([s0, s1], i) => honestRow(bound, i, s0, s1))
  for (let i = 0; i < count; i++) (rows[i] as Row).c1 = spoil((rows[i] as Row).c1)
  for (let tries = 0; tries < 4096; tries++) {
    const last = [random(16), random(16)] as const
    rows[127] = honestRow(bound, 127, ...last)
    seeds[127] = [...last]
    const parts = [...rows.map((r) => r.c0), ...rows.map((r) => r.c1), ...rows.map((r) => r.X0)]
    const b = TH('pve/chal', bound, ...parts).slice(0, 16)
    if (((b[0] as number) & ((1 << count) - 1)) !== 0) continue
    const wire = rows.map((row, i) => {
      const [s0, s1] = seeds[i] as [Uint8Array, Uint8Array]
      return ((b[i >> 3] as number) >> (i & 7)) & 1
        ? [...s1, ...row.x1, ...row.c0]
        : [...s0, ...new Uint8Array(32), ...row.c1]
    })
    return new Uint8Array([...b, ...wire.flat()])
  }
  throw new Error(`no guess in 4096 tries (seed ${SEED})`)
}

interface Row {
  c0: Uint8Array
  c1: Uint8Array
  X0: Uint8Array
  x1: Uint8Array
}

function honestRow(bound: Uint8Array, i: number, s0: Uint8Array, s1: Uint8Array): Row {
  const x0 = wideHash('pve/prg/x', bound, u32be(i), s0)
  const x1 = encodeScalar(mod(x - x0))
  const hide = (bit: number, value: Uint8Array, seed: Uint8Array): Uint8Array => {
    const e = wideHash('pve/prg/e', bound, u32be(i), u32be(bit), seed)
    const E = encodePoint(mulBase(e))
    const pad = TH('pve/kdf', bound, u32be(i), u32be(bit), E, encodePoint(K.multiply(e)))
    return new Uint8Array([...E, ...value.map((byte, at) => byte ^ (pad[at] as number))])
  }
  return { c0: hide(0, encodeScalar(x0), s0), c1: hide(1, x1, s1), X0: encodePoint(mulBase(x0) as Point), x1 }
}

function wideHash(tag: 'pve/prg/x' | 'pve/prg/e', ...parts: Uint8Array[]): bigint {
  const d = TH(tag, ...parts)
  const first = sha256(new Uint8Array([...d, 0]))
  const second = sha256(new Uint8Array([...d, 1])).subarray(0, 16)
  return integer(new Uint8Array([...first, ...second])) % ORDER
}

function put(bytes: Uint8Array, at: number, part: Uint8Array): Uint8Array {
  const out = bytes.slice()
  out.set(part, at)
  return out
}

function flip(bytes: Uint8Array, i: number): Uint8Array {
  return bytes.map((byte, at) => (at === i ? byte ^ 1 : byte))
}

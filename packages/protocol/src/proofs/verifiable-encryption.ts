// How does a dealer encrypt the recovery sub-share so that everybody can check it? (SPEC 1.5)

import { bitOf, concat, equalBytes, isZero } from '../bytes.js'
import {
  decodePoint,
  encodePoint,
  encodeScalar,
  G,
  mod,
  mul,
  mulBase,
  mulPublic,
  ORDER,
  POINT_BYTES,
  type Point,
  randomBytes,
  reduce256,
  SCALAR_BYTES,
} from '../curve.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { Party } from '../party.js'
import type { Random } from '../random.js'
import { HS, integer, TH, u32be, u64be } from '../transcript.js'

// A constant, not a parameter: with fewer rows a proof of garbage is found by search.
const ROWS = 128
const CHALLENGE_BYTES = ROWS / 8
const SEED_BYTES = 16
const CIPHERTEXT_BYTES = POINT_BYTES + SCALAR_BYTES
const ROW_BYTES = SEED_BYTES + SCALAR_BYTES + CIPHERTEXT_BYTES
/** Length of every proof: the challenge and 128 rows. */
export const PVE_BYTES = 14480

if (ROWS !== 128 || PVE_BYTES !== CHALLENGE_BYTES + ROWS * ROW_BYTES) {
  throw new Misuse('verifiable encryption: 128 rows')
}

const INDEX: readonly Uint8Array[] = Array.from({ length: ROWS }, (_, i) => u32be(i))
const HALF: readonly [Uint8Array, Uint8Array] = [u32be(0), u32be(1)]
const NO_SCALAR = new Uint8Array(SCALAR_BYTES)

/** `TH("pve/lbl", sid, dealer, receiver, epoch, attempt)`: whose sub-share of which key state is encrypted. */
export function pveLabel(
  sid: Uint8Array,
  dealer: Party,
  receiver: Party,
  epoch: number,
  attempt: number,
): Uint8Array {
  return TH('pve/lbl', sid, u32be(dealer), u32be(receiver), u64be(epoch), u64be(attempt))
}

/**
 * An encryption of `x` to `recipient` with a proof that it opens to the discrete logarithm of `x*G`; 14,480 bytes.
 * @param label from {@link pveLabel}
 * @param x in [1, q-1]
 */
export function encryptVerifiably(
  label: Uint8Array,
  recipient: Point,
  x: bigint,
  random: Random,
): Uint8Array {
  if (x <= 0n || x >= ORDER) throw new Misuse('verifiable encryption: x is in [1, q-1]')
  const bound = bind(label, recipient, mulBase(x))
  const K = withTable(recipient)
  const rows = INDEX.map((index, i) => {
    const s0 = randomBytes(random, SEED_BYTES)
    const s1 = randomBytes(random, SEED_BYTES)
    const x0 = shareOf(bound, i, s0)
    const x1 = encodeScalar(mod(x + ORDER - x0))
    const e0 = ephemeralOf(bound, i, 0, s0)
    const e1 = ephemeralOf(bound, i, 1, s1)
    return {
      s0,
      s1,
      x1,
      c0: encrypt(bound, index, 0, encodeScalar(x0), mulBase(e0), mul(K, e0)),
      c1: encrypt(bound, index, 1, x1, mulBase(e1), mul(K, e1)),
      X0: encodePoint(mulBase(x0)),
    }
  })
  const b = challenge(bound, rows)
  return concat(
    b,
    ...rows.map((row, i) =>
      bitOf(b, i) === 0 ? concat(row.s0, NO_SCALAR, row.c1) : concat(row.s1, row.x1, row.c0),
    ),
  )
}

/** Whether the proof shows that the holder of `recipient`'s key can open the discrete logarithm of `Q`. Never throws. */
export function verifyEncryption(label: Uint8Array, recipient: Point, Q: Point, proof: Uint8Array): boolean {
  if (proof.length !== PVE_BYTES || recipient.is0() || Q.is0()) return false
  const bound = bind(label, recipient, Q)
  const K = withTable(recipient)
  const b = proof.subarray(0, CHALLENGE_BYTES)
  const rows: CommittedRow[] = []
  for (let i = 0; i < ROWS; i++) {
    const row = rebuild(bound, K, Q, i, bitOf(b, i), rowOf(proof, i))
    if (row === undefined) return false
    rows.push(row)
  }
  return equalBytes(challenge(bound, rows), b)
}

/**
 * The encrypted discrete logarithm of `Q`, in [1, q-1]; one row that was made honestly is enough.
 * @param kappa the recipient's secret key
 * @throws ProtocolAbort `verifiable-encryption` when the proof does not verify under this key, label and Q
 */
export function openEncryption(label: Uint8Array, kappa: bigint, Q: Point, proof: Uint8Array): bigint {
  const recipient = mulBase(kappa)
  if (!verifyEncryption(label, recipient, Q, proof)) throw new ProtocolAbort('verifiable-encryption')
  const bound = bind(label, recipient, Q)
  for (let i = 0; i < ROWS; i++) {
    const bit = bitOf(proof, i)
    const row = rowOf(proof, i)
    const opened = bit === 0 ? shareOf(bound, i, row.seed) : integer(row.x1)
    const sum = mod(opened + decrypt(bound, i, 1 - bit, kappa, row.ciphertext))
    if (mulBase(sum).equals(Q)) return sum
  }
  throw new ProtocolAbort('verifiable-encryption')
}

interface WireRow {
  readonly seed: Uint8Array
  readonly x1: Uint8Array
  readonly ciphertext: Uint8Array
}

interface CommittedRow {
  readonly c0: Uint8Array
  readonly c1: Uint8Array
  readonly X0: Uint8Array
}

function rowOf(proof: Uint8Array, i: number): WireRow {
  const at = CHALLENGE_BYTES + i * ROW_BYTES
  return {
    seed: proof.subarray(at, at + SEED_BYTES),
    x1: proof.subarray(at + SEED_BYTES, at + SEED_BYTES + SCALAR_BYTES),
    ciphertext: proof.subarray(at + SEED_BYTES + SCALAR_BYTES, at + ROW_BYTES),
  }
}

/** What the prover committed to in row i, from the half that it opened; undefined when the row is not well formed. */
function rebuild(
  bound: Uint8Array,
  K: Point,
  Q: Point,
  i: number,
  bit: number,
  row: WireRow,
): CommittedRow | undefined {
  if (!isPoint(row.ciphertext.subarray(0, POINT_BYTES))) return undefined
  const index = INDEX[i] as Uint8Array
  if (bit === 0) {
    if (!isZero(row.x1)) return undefined
    const x0 = shareOf(bound, i, row.seed)
    const e0 = ephemeralOf(bound, i, 0, row.seed)
    const c0 = encrypt(bound, index, 0, encodeScalar(x0), mulPublic(G, e0), mulPublic(K, e0))
    return { c0, c1: row.ciphertext, X0: encodePoint(mulPublic(G, x0)) }
  }
  const x1 = integer(row.x1)
  if (x1 >= ORDER) return undefined
  const X0 = Q.subtract(mulPublic(G, x1))
  // Deviation: a prover that knows x can send x1 = x. X0 would be the identity, which has no encoding, so such a row
  // refuses the proof; an honest prover meets it with probability 2^-249.
  if (X0.is0()) return undefined
  const e1 = ephemeralOf(bound, i, 1, row.seed)
  const c1 = encrypt(bound, index, 1, row.x1, mulPublic(G, e1), mulPublic(K, e1))
  return { c0: row.ciphertext, c1, X0: encodePoint(X0) }
}

function isPoint(bytes: Uint8Array): boolean {
  try {
    decodePoint(bytes, 'ciphertext')
    return true
  } catch {
    return false
  }
}

function bind(label: Uint8Array, recipient: Point, Q: Point): Uint8Array {
  return TH('pve/label', label, encodePoint(Q), encodePoint(recipient))
}

function challenge(bound: Uint8Array, rows: readonly CommittedRow[]): Uint8Array {
  const c0 = rows.map((row) => row.c0)
  const c1 = rows.map((row) => row.c1)
  const X0 = rows.map((row) => row.X0)
  return TH('pve/chal', bound, ...c0, ...c1, ...X0).slice(0, CHALLENGE_BYTES)
}

// The label and the row are inside both: no search over 16-byte seeds works for two targets at once.
function shareOf(bound: Uint8Array, i: number, s0: Uint8Array): bigint {
  return HS('pve/prg/x', bound, INDEX[i] as Uint8Array, s0)
}

function ephemeralOf(bound: Uint8Array, i: number, half: 0 | 1, seed: Uint8Array): bigint {
  return HS('pve/prg/e', bound, INDEX[i] as Uint8Array, HALF[half], seed)
}

/** `E || value XOR pad`. */
function encrypt(
  bound: Uint8Array,
  index: Uint8Array,
  half: 0 | 1,
  value: Uint8Array,
  E: Point,
  shared: Point,
): Uint8Array {
  const encodedE = encodePoint(E)
  const pad = TH('pve/kdf', bound, index, HALF[half], encodedE, encodePoint(shared))
  return concat(encodedE, xor(value, pad))
}

/** Reduced modulo q: a row that a dealer filled with garbage must not stop the search for a good one. */
function decrypt(bound: Uint8Array, i: number, half: number, kappa: bigint, ciphertext: Uint8Array): bigint {
  const E = ciphertext.subarray(0, POINT_BYTES)
  const shared = mul(decodePoint(E, 'ciphertext'), kappa)
  const pad = TH('pve/kdf', bound, INDEX[i] as Uint8Array, u32be(half), E, encodePoint(shared))
  return reduce256(xor(ciphertext.subarray(POINT_BYTES), pad))
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ (b[i] as number))
}

/** A copy of the recipient's key with a table of multiples: 256 multiplications of one point follow. */
function withTable(recipient: Point): Point {
  const copy = decodePoint(encodePoint(recipient), 'recipient')
  copy.precompute(6)
  return copy
}

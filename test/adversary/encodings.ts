// Which bytes are a point or a scalar of secp256k1? Decided here from the equation alone, as a second opinion.

const P = 2n ** 256n - 2n ** 32n - 977n
const Q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const integer = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)

/** Whether 33 bytes are 02 or 03 and an x below p with x^3 + 7 a square. */
export function isPoint(bytes: Uint8Array): boolean {
  if (bytes.length !== 33 || (bytes[0] !== 2 && bytes[0] !== 3)) return false
  const x = integer(bytes.subarray(1))
  return x < P && isSquare((x ** 3n + 7n) % P)
}

/** Whether 32 bytes are an integer below q. */
export function isScalar(bytes: Uint8Array): boolean {
  return bytes.length === 32 && integer(bytes) < Q
}

/** Euler's criterion: n^((p-1)/2) is 1 for a square. Zero cannot occur: no point of the curve has y = 0. */
function isSquare(n: bigint): boolean {
  let result = 1n
  let base = n
  for (let e = (P - 1n) / 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % P
    base = (base * base) % P
  }
  return result === 1n
}

const compressed = (x: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(`02${x.toString(16).padStart(64, '0')}`, 'hex'))

/** x = 5: 132 is no square modulo p. */
export const OFF_CURVE = compressed(5n)
/** x = p + 1, which would be the valid x = 1 if it were reduced. */
export const X_NOT_BELOW_P = compressed(P + 1n)

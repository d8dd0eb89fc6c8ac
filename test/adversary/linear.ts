// How does an attacker solve for secrets that a few equations modulo q share?

import { ORDER } from '@tercet/protocol/curve'

const mod = (n: bigint): bigint => ((n % ORDER) + ORDER) % ORDER

/** n^-1 modulo q, by Fermat. */
export function inverse(n: bigint): bigint {
  let result = 1n
  let base = mod(n)
  for (let e = ORDER - 2n; e > 0n; e >>= 1n) {
    if (e & 1n) result = (result * base) % ORDER
    base = (base * base) % ORDER
  }
  return result
}

/** The solution of `rows * unknowns = values` modulo q; undefined if there is not exactly one. */
export function solve(rows: readonly (readonly bigint[])[], values: readonly bigint[]): bigint[] | undefined {
  const size = rows.length
  const matrix = rows.map((row, i) => [...row, values[i] as bigint].map(mod))
  for (let column = 0; column < size; column++) {
    const pivot = matrix.findIndex((row, i) => i >= column && row[column] !== 0n)
    if (pivot < 0) return undefined
    const [row] = matrix.splice(pivot, 1) as [bigint[]]
    const scale = inverse(row[column] as bigint)
    const scaled = row.map((n) => (n * scale) % ORDER)
    matrix.splice(column, 0, scaled)
    for (const [i, other] of matrix.entries()) {
      if (i === column) continue
      const factor = other[column] as bigint
      matrix[i] = other.map((n, j) => mod(n - factor * (scaled[j] as bigint)))
    }
  }
  return matrix.map((row) => row[size] as bigint)
}

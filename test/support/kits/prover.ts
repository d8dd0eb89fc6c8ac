// How does a dealer prove that it encrypted its sub-share to K? Written from SPEC 1.5 once more, so that a test can prove anything.

import { bitOf, concat } from '@tercet/protocol/bytes'
import {
  decodePoint,
  encodePoint,
  encodeScalar,
  mod,
  mulBase,
  mulPublic,
  type Point,
} from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { HS, TH, u32be } from '@tercet/protocol/transcript'

const ROWS = 128

/** 14,480 bytes: `x` for the holder of `recipient`, bound to `label`. Nothing here hides timing. */
export function proveEncryption(label: Uint8Array, recipient: Point, x: bigint, random: Random): Uint8Array {
  const K = decodePoint(encodePoint(recipient), 'K')
  K.precompute(6)
  const bound = TH('pve/label', label, encodePoint(mulBase(x)), encodePoint(K))
  const half = (i: number, bit: number, value: bigint, seed: Uint8Array): Uint8Array => {
    const e = HS('pve/prg/e', bound, u32be(i), u32be(bit), seed)
    const E = encodePoint(mulBase(e))
    const pad = TH('pve/kdf', bound, u32be(i), u32be(bit), E, encodePoint(mulPublic(K, e)))
    return concat(
      E,
      encodeScalar(value).map((byte, at) => byte ^ (pad[at] as number)),
    )
  }
  const rows = Array.from({ length: ROWS }, (_, i) => {
    const [s0, s1] = [random(16), random(16)]
    const x0 = HS('pve/prg/x', bound, u32be(i), s0)
    const x1 = mod(x - x0)
    return { s0, s1, x1, c0: half(i, 0, x0, s0), c1: half(i, 1, x1, s1), X0: encodePoint(mulBase(x0)) }
  })
  const parts = [...rows.map(({ c0 }) => c0), ...rows.map(({ c1 }) => c1), ...rows.map(({ X0 }) => X0)]
  const challenge = TH('pve/chal', bound, ...parts).slice(0, ROWS / 8)
  const opened = rows.map(({ s0, s1, x1, c0, c1 }, i) =>
    bitOf(challenge, i) === 0 ? concat(s0, new Uint8Array(32), c1) : concat(s1, encodeScalar(x1), c0),
  )
  return concat(challenge, ...opened)
}

// What can be computed from signatures whose nonces are related?

import { encodePoint, encodeScalar, mulBase, type Point } from '@tercet/protocol/curve'
import { take } from '@tercet/protocol/internal/one-time'
import type { PresignatureContent } from '@tercet/protocol/internal/presignature'
import type { InitiatorPresignature } from '@tercet/protocol/presign'
import { childKey, type Signature, type SigningInput } from '@tercet/protocol/sign'
import { HS, integer, TH, u64be } from '@tercet/protocol/transcript'
import { solve } from './linear.js'

/** What an initiator keeps of a presignature, copied against the rules. */
export function contentOf(presignature: InitiatorPresignature): PresignatureContent {
  return take(presignature, 'InitiatorPresignature')
}

/** delta of SPEC 4.4, written out again: everything in it is known to both parties. */
export function deltaOf(content: PresignatureContent, input: SigningInput, entropy: Uint8Array): bigint {
  return HS(
    'rerand',
    content.keyId,
    u64be(content.epoch),
    content.presigId,
    encodePoint(content.r),
    encodePoint(content.publicKey),
    encodePoint(childKey(content.publicKey, input.tweak)),
    encodeScalar(input.tweak.scalar),
    input.digest.bytes,
    TH('request', input.request),
    entropy,
  )
}

/** A signature, and what is known of its nonce: the nonce is `k_base + shift`, k unknown. */
export interface Related {
  readonly signature: Signature
  readonly input: SigningInput
  readonly base: number
  readonly shift: bigint
}

/**
 * The private key from signatures on related nonces: `s*(k + shift) = m + r*(x + e)`, with the sign of every s unknown,
 * as a low one may have been negated. `more` are further equations in the unknowns x, k_0, k_1, ...
 */
export function recoverKey(
  publicKey: Point,
  related: readonly Related[],
  bases: number,
  more: readonly { readonly row: readonly bigint[]; readonly value: bigint }[] = [],
): bigint | undefined {
  for (let signs = 0; signs < 1 << related.length; signs++) {
    const rows: bigint[][] = more.map((equation) => [...equation.row])
    const values = more.map((equation) => equation.value)
    for (const [n, { signature, input, base, shift }] of related.entries()) {
      const s = (signs >> n) & 1 ? -signature.s : signature.s
      const row = new Array<bigint>(1 + bases).fill(0n)
      row[0] = -signature.r
      row[1 + base] = s
      rows.push(row)
      values.push(integer(input.digest.bytes) + signature.r * input.tweak.scalar - s * shift)
    }
    const [x] = solve(rows, values) ?? []
    if (x !== undefined && mulBase(x).equals(publicKey)) return x
  }
  return undefined
}

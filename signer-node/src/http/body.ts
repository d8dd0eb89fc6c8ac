// How much of a body is read, and when is it refused unread? (SPEC 7 row 28; invariant I22)

import { concat } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import { Refusal } from '../refusal.js'

/** Which lengths a body may declare. */
export interface Lengths {
  readonly most: number
  isPossible(length: number): boolean
}

/**
 * The length that a request declares for its body. It is required, and an impossible one is refused before anything is
 * read.
 * @throws Refusal `too-large`; Malformed without a length, or with one that no such message has
 */
export function declaredLength(request: Request, { most, isPossible }: Lengths): number {
  const declared = request.headers.get('content-length')
  if (declared === null || !/^\d{1,9}$/.test(declared)) throw new Malformed('content-length')
  const length = Number(declared)
  if (length > most) throw new Refusal('too-large')
  if (!isPossible(length)) throw new Malformed('content-length')
  return length
}

/**
 * Reads a body of exactly the declared length. `reserve` is told of bytes as they arrive, for a declaration costs its
 * sender nothing, and may refuse them.
 * @throws Refusal `too-large`; Malformed for a body of another length, or one that broke off
 */
export async function readBody(
  request: Request,
  length: number,
  reserve: (length: number) => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let at = 0
  if (request.body !== null) {
    for await (const chunk of unbroken(request.body as unknown as AsyncIterable<Uint8Array>)) {
      if (at + chunk.length > length) throw new Refusal('too-large')
      reserve(chunk.length)
      chunks.push(chunk)
      at += chunk.length
    }
  }
  if (at !== length) throw new Malformed('content-length')
  return concat(...chunks)
}

/** A sender that goes away in the middle is the network's fault, not the node's. */
async function* unbroken(stream: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* stream
  } catch {
    throw new Malformed('body')
  }
}

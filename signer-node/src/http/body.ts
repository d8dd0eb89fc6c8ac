// How much of a body is read, and when is it refused unread? (SPEC 7 row 28; invariant I22)

import { concat } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import { Refusal } from '../refusal.js'

/**
 * Reads a body of at most `cap` bytes. The declared length is required, and refused before anything is read; `reserve`
 * is told of bytes as they arrive, for a declaration costs its sender nothing, and may refuse them.
 * @throws Refusal `too-large`; Malformed for a body without a length, of another length, or that broke off
 */
export async function readBody(
  request: Request,
  cap: number,
  reserve: (length: number) => void,
): Promise<Uint8Array> {
  const declared = request.headers.get('content-length')
  if (declared === null || !/^\d{1,9}$/.test(declared)) throw new Malformed('content-length')
  const length = Number(declared)
  if (length > cap) throw new Refusal('too-large')
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

// How much of a body is read, and when is it refused unread? (SPEC 7 row 28; invariant I22)

import { Malformed } from '@tercet/protocol/errors'
import { Refusal } from '../refusal.js'

/**
 * Reads a body of at most `cap` bytes. The declared length is required, and refused before anything is read;
 * `reserve` is told of it first and may refuse it too.
 * @throws Refusal `too-large`; Malformed for a body without a length, or of another length
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
  reserve(length)
  const body = new Uint8Array(length)
  let at = 0
  if (request.body !== null) {
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      if (at + chunk.length > length) throw new Refusal('too-large')
      body.set(chunk, at)
      at += chunk.length
    }
  }
  if (at !== length) throw new Malformed('content-length')
  return body
}

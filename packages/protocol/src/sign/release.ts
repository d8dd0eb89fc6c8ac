// How does the responder release its signature share, once? (SPEC 4.4 steps 4 to 6)

import { equalBytes } from '../bytes.js'
import { randomBytes } from '../curve.js'
import { Misuse } from '../errors.js'
import { encodeMessage } from '../messages/index.js'
import { take } from '../one-time.js'
import type { ResponderPresignature } from '../presign/presignature.js'
import { requestHash } from '../presign/session.js'
import type { Random } from '../random.js'
import type { SigningInput } from './input.js'
import { signatureShare } from './rerandomise.js'

/**
 * Takes the presignature, draws nE, and computes the share. The request's audit and spend row is durable before this is
 * called; the bytes returned are the only ones that ever leave for this presignature.
 */
export function release(
  presignature: ResponderPresignature,
  input: SigningInput,
  random: Random,
): Uint8Array {
  const content = take(presignature, 'ResponderPresignature')
  if (content.reqHash !== undefined && !equalBytes(content.reqHash, requestHash(input.request)))
    throw new Misuse('a fresh presignature signs the request it was made for')
  const nonce = randomBytes(random, 32)
  const { w, u } = signatureShare(content, input, nonce)
  return encodeMessage(content.reqHash === undefined ? 'sign.res1' : 'fresh.res2', { nonce, w, u })
}

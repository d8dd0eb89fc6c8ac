// What are the 32 bytes that ECDSA signs?

import { Misuse } from '@tercet/protocol/errors'

declare const brand: unique symbol

export type Digest = Uint8Array & { readonly [brand]: 'digest' }

/** @throws Misuse where the bytes are not 32 */
export function digest(bytes: Uint8Array): Digest {
  if (bytes.length !== 32) throw new Misuse('a digest is 32 bytes')
  return bytes as Digest
}

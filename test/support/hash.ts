// Which hash do the tests use where the protocol's own is under test?

import { createHash } from 'node:crypto'

/** SHA-256 of OpenSSL. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return Uint8Array.from(hash.digest())
}

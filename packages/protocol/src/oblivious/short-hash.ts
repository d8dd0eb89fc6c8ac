// How are thousands of short strings hashed without new objects for each of them? (SPEC 3.2, 3.3)

import { sha256 } from '@noble/hashes/sha2.js'

const initial = sha256.create()
const state = sha256.create()

/** Writes the SHA-256 of `input` over the first 32 bytes of `out`. Nothing of the input stays in the reused state. */
export function shortHash(input: Uint8Array, out: Uint8Array): void {
  initial._cloneInto(state).update(input).digestInto(out)
  state.destroy()
}

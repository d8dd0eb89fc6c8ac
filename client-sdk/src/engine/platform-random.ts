// Which randomness does the SDK use unless told otherwise? The platform's.

/** Fresh bytes of WebCrypto; at most 65,536 at a time, which no step exceeds. */
export function platformRandom(length: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(length))
}

// How is a recovery seed written in words? 24 words of BIP-39, a spelling of the same 32 bytes.

import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'

/** The 24 words of a 32-byte seed. */
export function seedToPhrase(seed: Uint8Array): string {
  return entropyToMnemonic(seed, wordlist)
}

/** The seed of 24 words, any spacing and case; undefined when a word or the checksum is wrong. */
export function phraseToSeed(phrase: string): Uint8Array | undefined {
  const words = phrase.trim().toLowerCase().split(/\s+/)
  if (words.length !== 24) return undefined
  try {
    return mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    return undefined
  }
}

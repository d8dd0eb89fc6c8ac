// What does the square code on a printed kit say, and which of its modules are dark? (product, Recovery kit)

import { sha256 } from '@noble/hashes/sha2.js'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize } from '@tercet/wire/canonical-json'
import { encodeQR } from 'qr'
import { type ConsistentKit, kitAddress } from '../kit-verification.js'

/** What names a wallet and one file of its kit; public. */
export interface KitCode {
  readonly walletId: string
  /** The EVM address at m/0/0, EIP-55. */
  readonly address: string
  readonly epoch: number
  /** `TH("kit/fp", keyId, K, idD, idC)`, base64url. */
  readonly fingerprint: string
  /** SHA-256 of the kit's file, base64url. */
  readonly sha256: string
}

/** @param bytes the kit as it stands in its file */
export function kitCode(found: ConsistentKit, bytes: Uint8Array): KitCode {
  return {
    walletId: found.walletId,
    address: kitAddress(found.kit),
    epoch: found.epoch,
    fingerprint: toBase64url(found.fingerprint),
    sha256: toBase64url(sha256(bytes)),
  }
}

/** Canonical JSON of the code, with the epoch in decimal and a first word that says what it is. */
export function codeText(code: KitCode): string {
  const document = { ...code, type: 'tercet-kit', epoch: String(code.epoch) }
  return new TextDecoder().decode(canonicalize(document, 'code'))
}

/** Rows of modules, true where dark, without the white border of four modules that must surround them. */
export function codeModules(text: string): boolean[][] {
  const bordered = encodeQR(text, 'raw', { ecc: 'medium', border: 1 })
  return bordered.slice(1, -1).map((row) => row.slice(1, -1))
}

// How do stored shares and OT setups come to life in a worker, and go back sealed? (invariants I17, I19)

import { decodeKeyShare, encodeKeyShare, type KeyShare } from '@tercet/protocol/key-share'
import { decodeOtSetup, encodeOtSetup, type OtSetup } from '@tercet/protocol/ot-setup'
import { toBase64url } from '@tercet/wire/base64url'
import type { Place, Sealer } from '../seal.js'

/** Names a key's generation of shares. */
export interface Generation {
  /** 32 bytes */
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly attempt: number
}

/** What the database holds of a key for signing, still sealed. */
export interface Material extends Generation {
  readonly sealedShare: Uint8Array
  /** The LIVE OT setup of the pair: its id of direction A, and its sealed seeds. */
  readonly otSetupA: Uint8Array
  readonly sealedOtSetup: Uint8Array
}

export function sharePlace({ keyId, epoch, attempt }: Generation): Place {
  const row = `${toBase64url(keyId)}/${epoch}/${attempt}`
  return { table: 'shares', row, keyId, epoch, purpose: 'cosigner key share' }
}

export function otSetupPlace({ keyId, epoch }: Generation, idA: Uint8Array): Place {
  return { table: 'ot_setups', row: toBase64url(idA), keyId, epoch, purpose: 'ot setup' }
}

export function sealShare(sealer: Sealer, share: KeyShare): Uint8Array {
  return erasing(encodeKeyShare(share), (plain) => sealer.seal(sharePlace(share), plain))
}

export function sealOtSetup(sealer: Sealer, setup: OtSetup): Uint8Array {
  return erasing(encodeOtSetup(setup), (plain) => sealer.seal(otSetupPlace(setup, setup.idA), plain))
}

export function openShare(sealer: Sealer, place: Generation, sealed: Uint8Array): KeyShare {
  return erasing(sealer.open(sharePlace(place), sealed), decodeKeyShare)
}

export interface Opened {
  readonly share: KeyShare
  readonly otSetup: OtSetup
}

/** Opens material and keeps the most recent in memory, since opening costs several point decompressions. */
export function createVault(sealer: Sealer, limit: number) {
  const kept = new Map<string, Opened>()
  return {
    open(material: Material): Opened {
      const name = toBase64url(material.otSetupA)
      const found = kept.get(name)
      if (found) return found
      const share = openShare(sealer, material, material.sealedShare)
      const place = otSetupPlace(material, material.otSetupA)
      const opened = { share, otSetup: erasing(sealer.open(place, material.sealedOtSetup), decodeOtSetup) }
      const oldest = kept.keys().next()
      if (kept.size >= limit && !oldest.done) kept.delete(oldest.value)
      kept.set(name, opened)
      return opened
    },
    forget(otSetupA: Uint8Array): void {
      kept.delete(toBase64url(otSetupA))
    },
  }
}

/** Best effort: JavaScript may have copied the bytes before. */
function erasing<T>(plain: Uint8Array, use: (plain: Uint8Array) => T): T {
  try {
    return use(plain)
  } finally {
    plain.fill(0)
  }
}

// How is a secret kept in a database that others may read? (invariants I17, I19)

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { concat } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize } from '@tercet/wire/canonical-json'

/** Version of what is sealed; every ciphertext is bound to it. The tables around it have their own. */
const SEALED_SCHEMA = 1

const FORMAT = 1
const NONCE_BYTES = 24
const TAG_BYTES = 16
export const WRAPPING_KEY_BYTES = 32

/** The one place where a ciphertext opens. */
export interface Place {
  readonly table: string
  /** The row's own name inside its table. */
  readonly row: string
  /** 32 bytes; zero bytes for what belongs to no key. */
  readonly keyId: Uint8Array
  readonly epoch: number
  readonly purpose: string
}

/** Seals and opens under one wrapping key, which stays inside. */
export interface Sealer {
  /** format(1) || nonce(24) || ciphertext || tag(16) */
  seal(place: Place, plain: Uint8Array): Uint8Array
  /** @throws Malformed when the bytes were not sealed for this place under this key */
  open(place: Place, sealed: Uint8Array): Uint8Array
}

/** Tags rows that are no secret, so that only this node can write them. */
export interface Tagger {
  /** 32 bytes */
  tag(place: Place, bytes: Uint8Array): Uint8Array
  verify(place: Place, bytes: Uint8Array, tag: Uint8Array): boolean
}

/** A tagger whose key follows from the wrapping key, and opens nothing. */
export function createTagger(wrappingKey: Uint8Array): Tagger {
  if (wrappingKey.length !== WRAPPING_KEY_BYTES) throw new Malformed('wrappingKey')
  const key = createHmac('sha256', wrappingKey).update('tercet row tags 1').digest()
  const tag = (place: Place, bytes: Uint8Array): Uint8Array =>
    new Uint8Array(
      createHmac('sha256', key)
        .update(createHash('sha256').update(associated(place)).digest())
        .update(bytes)
        .digest(),
    )
  return {
    tag,
    verify: (place, bytes, given) => given.length === 32 && timingSafeEqual(tag(place, bytes), given),
  }
}

/** A sealer for a wrapping key of 32 bytes. Randomness is injected. */
export function createSealer(wrappingKey: Uint8Array, random: (length: number) => Uint8Array): Sealer {
  if (wrappingKey.length !== WRAPPING_KEY_BYTES) throw new Malformed('wrappingKey')
  const key = wrappingKey.slice()
  return {
    seal(place, plain) {
      const nonce = random(NONCE_BYTES)
      return concat(
        Uint8Array.of(FORMAT),
        nonce,
        xchacha20poly1305(key, nonce, associated(place)).encrypt(plain),
      )
    },
    open(place, sealed) {
      if (sealed.length < 1 + NONCE_BYTES + TAG_BYTES || sealed[0] !== FORMAT) throw new Malformed('sealed')
      const nonce = sealed.slice(1, 1 + NONCE_BYTES)
      try {
        return xchacha20poly1305(key, nonce, associated(place)).decrypt(sealed.slice(1 + NONCE_BYTES))
      } catch {
        throw new Malformed('sealed')
      }
    },
  }
}

function associated({ table, row, keyId, epoch, purpose }: Place): Uint8Array {
  return canonicalize({ table, row, keyId: toBase64url(keyId), epoch, purpose, schema: SEALED_SCHEMA })
}

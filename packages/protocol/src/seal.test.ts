// Does a sealed value open for its receiver, in its place, and nowhere else? (SPEC 0.4)

import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto'
import { xchacha20poly1305 } from '@noble/ciphers/chacha.js'
import { describe, expect, it } from 'vitest'
import type { ProtocolAbort } from './errors.js'
import { newSealKey, SEAL_OVERHEAD, type SealContext, seal, unseal } from './seal.js'
import { seededRandom } from './testing/seeded-random.js'
import { TH, u32be } from './transcript.js'

const SEED = 'seal'
const random = seededRandom(SEED)
const own = newSealKey(random)
const plaintext = random(32)
const context: SealContext = {
  from: random(34),
  to: random(34),
  sessionId: random(32),
  step: 3,
  direction: 'req',
  field: 'share',
}
const sealed = seal({ ...context, peerKey: own.publicKey }, plaintext, random)

describe(`seal (seed ${SEED})`, () => {
  it('opens what it sealed', () => {
    expect(sealed.length).toBe(plaintext.length + SEAL_OVERHEAD)
    expect(unseal({ ...context, ...own }, sealed)).toEqual(plaintext)
    const empty = seal({ ...context, peerKey: own.publicKey }, new Uint8Array(0), random)
    expect(unseal({ ...context, ...own }, empty)).toEqual(new Uint8Array(0))
  })

  it('is fresh each time', () => {
    const again = seal({ ...context, peerKey: own.publicKey }, plaintext, random)
    expect(again.slice(0, 32)).not.toEqual(sealed.slice(0, 32))
    expect(again.slice(32)).not.toEqual(sealed.slice(32))
  })

  it('follows the written construction', () => {
    const E = sealed.slice(0, 32)
    const where = TH('seal', u32be(1), context.from, context.to, context.sessionId, u32be(3), 'req', 'share')
    const pkcs8 = Buffer.from('302e020100300506032b656e04220420', 'hex')
    const spki = Buffer.from('302a300506032b656e032100', 'hex')
    const dh = diffieHellman({
      privateKey: createPrivateKey({
        key: Buffer.concat([pkcs8, own.secretKey]),
        format: 'der',
        type: 'pkcs8',
      }),
      publicKey: createPublicKey({ key: Buffer.concat([spki, E]), format: 'der', type: 'spki' }),
    })
    const okm = new Uint8Array(hkdfSync('sha256', dh, Buffer.concat([E, own.publicKey]), where, 56))
    const opened = xchacha20poly1305(okm.slice(0, 32), okm.slice(32), where).decrypt(sealed.slice(32))
    expect(opened).toEqual(plaintext)
  })

  it('opens in no other place', () => {
    const elsewhere: Partial<SealContext>[] = [
      { from: random(34) },
      { to: random(34) },
      { from: context.to, to: context.from },
      { sessionId: random(32) },
      { step: 4 },
      { direction: 'res' },
      { field: 'shares' },
    ]
    for (const change of elsewhere) {
      expect(() => unseal({ ...context, ...change, ...own }, sealed), Object.keys(change).join()).toThrow(
        refused,
      )
    }
  })

  it('opens for no other key', () => {
    const other = newSealKey(random)
    expect(() => unseal({ ...context, ...other }, sealed)).toThrow(refused)
    expect(() =>
      unseal({ ...context, secretKey: own.secretKey, publicKey: other.publicKey }, sealed),
    ).toThrow(refused)
  })

  it('refuses every changed byte and every other length', () => {
    for (let i = 0; i < sealed.length; i++) {
      expect(() => unseal({ ...context, ...own }, flip(sealed, i)), `byte ${i}`).toThrow(refused)
    }
    // X25519 ignores the top bit of a coordinate; the salt does not.
    expect(() =>
      unseal(
        { ...context, ...own },
        sealed.map((b, i) => (i === 31 ? b ^ 0x80 : b)),
      ),
    ).toThrow(refused)
    for (const bytes of [
      new Uint8Array(0),
      sealed.slice(0, 47),
      sealed.slice(0, -1),
      new Uint8Array([...sealed, 0]),
    ]) {
      expect(() => unseal({ ...context, ...own }, bytes)).toThrow(refused)
    }
  })

  it('refuses keys of low order, on both sides', () => {
    for (const hex of LOW_ORDER) {
      const low = new Uint8Array(Buffer.from(hex, 'hex'))
      expect(() => seal({ ...context, peerKey: low }, plaintext, random), hex).toThrow(refused)
      expect(
        () => unseal({ ...context, ...own }, new Uint8Array([...low, ...sealed.slice(32)])),
        hex,
      ).toThrow(refused)
    }
  })

  it('takes a key of another length for a bug', () => {
    expect(() => seal({ ...context, peerKey: own.publicKey.slice(1) }, plaintext, random)).toThrow('32 bytes')
  })
})

const refused = expect.objectContaining({
  reason: 'seal',
  code: 'peer-fault',
} satisfies Partial<ProtocolAbort>)

// The u-coordinates of order 1, 2, 4 and 8 on the curve and its twist, and their non-canonical forms.
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

function flip(bytes: Uint8Array, i: number): Uint8Array {
  return bytes.map((byte, at) => (at === i ? byte ^ 1 : byte))
}

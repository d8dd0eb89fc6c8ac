// Which wallet do the tests share? One that was made once, from a seed, and stored in its own encodings.

import { createPrivateKey, createPublicKey, ECDH, sign, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { decodeKeyShare, type KeyShare } from '@tercet/protocol/key-share'
import { decodeOtSetup, type OtSetup } from '@tercet/protocol/ot-setup'
import type { Party } from '@tercet/protocol/party'
import type { SigningContext } from '@tercet/protocol/presign'
import { root } from './root.js'

interface Stored {
  readonly seed: string
  readonly identities: { readonly device: string; readonly cosigner: string }
  readonly kappa: string
  readonly policyHash: string
  readonly shares: readonly string[]
  readonly otSetups: Readonly<Record<string, readonly string[]>>
  readonly record: unknown
  readonly keygen: Readonly<Record<string, string>>
}

/** A P-256 identity: its 34 bytes, and signatures as 64 bytes r || s. */
export interface Identity {
  readonly id: Uint8Array
  sign(message: Uint8Array): Uint8Array
}

export interface FixtureWallet {
  readonly identities: { readonly device: Identity; readonly cosigner: Identity }
  readonly kappa: bigint
  readonly policyHash: Uint8Array
  readonly record: KeyRecord
  /** The share of each party. */
  share(party: Party): KeyShare
  /** One party's half of the OT setup of a pair; pairs are 1-2, 1-3 and 3-2, the initiator first. */
  otSetup(initiator: Party, responder: Party, role: 'initiator' | 'responder'): OtSetup
  /** What a party brings to a presign session of a pair. */
  context(initiator: Party, responder: Party, role: 'initiator' | 'responder'): SigningContext
  /** The bodies of the keygen that made the wallet, by message name. */
  readonly keygen: ReadonlyMap<string, Uint8Array>
}

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
const base64 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'base64'))

let loaded: FixtureWallet | undefined

/** The wallet of `test/fixtures/wallet.json`; its shares and setups are decoded anew at every call. */
export function fixtureWallet(): FixtureWallet {
  loaded ??= load()
  return loaded
}

function load(): FixtureWallet {
  const text = readFileSync(join(root, 'test/fixtures/wallet.json'), 'utf8')
  const stored = JSON.parse(text, (_, value: unknown) =>
    typeof value === 'string' && value.startsWith('b64:') ? base64(value.slice(4)) : value,
  ) as Stored
  const identities = {
    device: identityOf(hex(stored.identities.device)),
    cosigner: identityOf(hex(stored.identities.cosigner)),
  }
  const share = (party: Party): KeyShare => decodeKeyShare(base64(stored.shares[party - 1] as string))
  const otSetup: FixtureWallet['otSetup'] = (initiator, responder, role) => {
    const halves = stored.otSetups[`${initiator}-${responder}`] as readonly string[]
    return decodeOtSetup(base64(halves[role === 'initiator' ? 0 : 1] as string))
  }
  const idOf = (party: Party): Uint8Array => (party === 2 ? identities.cosigner.id : identities.device.id)
  return {
    identities,
    kappa: BigInt(`0x${stored.kappa}`),
    policyHash: hex(stored.policyHash),
    record: stored.record as KeyRecord,
    share,
    otSetup,
    context: (initiator, responder, role) => ({
      share: share(role === 'initiator' ? initiator : responder),
      otSetup: otSetup(initiator, responder, role),
      idInitiator: idOf(initiator),
      idResponder: idOf(responder),
    }),
    keygen: new Map(Object.entries(stored.keygen).map(([name, body]) => [name, base64(body)])),
  }
}

/** The P-256 identity of a 32-byte secret. */
export function identityOf(secret: Uint8Array): Identity {
  const point = publicPoint(secret)
  const coordinates = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const key = createPrivateKey({
    key: { ...coordinates, d: Buffer.from(secret).toString('base64url') },
    format: 'jwk',
  })
  const compressed = ECDH.convertKey(point, 'prime256v1', undefined, undefined, 'compressed') as Buffer
  return {
    id: Uint8Array.of(1, ...compressed),
    sign: (message) => Uint8Array.from(sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' })),
  }
}

/** Whether 64 bytes are an identity's signature on a message. */
export function identityVerifies(id: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const point = ECDH.convertKey(id.subarray(1), 'prime256v1', undefined, undefined, 'uncompressed') as Buffer
  const key = createPublicKey({
    key: {
      kty: 'EC',
      crv: 'P-256',
      x: point.subarray(1, 33).toString('base64url'),
      y: point.subarray(33).toString('base64url'),
    },
    format: 'jwk',
  })
  return verify('sha256', message, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function publicPoint(secret: Uint8Array): Buffer {
  const key = createPrivateKey({ key: sec1(secret), format: 'der', type: 'sec1' })
  const jwk = createPublicKey(key).export({ format: 'jwk' })
  return Buffer.concat([
    Buffer.of(4),
    Buffer.from(jwk.x as string, 'base64url'),
    Buffer.from(jwk.y as string, 'base64url'),
  ])
}

/** A private key as RFC 5915 writes it: version 1, the secret, the curve's name. */
function sec1(secret: Uint8Array): Buffer {
  return Buffer.concat([
    Buffer.from('30310201010420', 'hex'),
    secret,
    Buffer.from('a00a06082a8648ce3d030107', 'hex'),
  ])
}

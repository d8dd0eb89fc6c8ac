// What do the programs around a reshare do: who signs what, and when is it refused? (SPEC 0.4, 5.3)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint, encodeScalar, mulBase } from '@tercet/protocol/curve'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import type { MessageOf } from '@tercet/protocol/messages'
import { recoveryIdentityOf } from '@tercet/protocol/recovery-key'
import { TH, u32be, u64be } from '@tercet/protocol/transcript'
import { decodeKit, encodeKit } from '@tercet/wire/kit'
import { type FixtureWallet, type Identity, identityVerifies } from './fixture.js'

export const NO_SIGNATURE = new Uint8Array(64)

/** The recovery party as a signer. */
export function recoveryParty(kappa: bigint): Identity {
  const secret = encodeScalar(kappa)
  return {
    id: recoveryIdentityOf(encodePoint(mulBase(kappa))),
    sign: (message) => secp256k1.sign(message, secret, { prehash: true }),
  }
}

/** Whether an identity of either kind made a signature. */
function verifies(id: Uint8Array, value: Uint8Array, signature: Uint8Array): boolean {
  if (id[0] === 1) return identityVerifies(id, value, signature)
  return secp256k1.verify(signature, value, id.subarray(1), { prehash: true })
}

type Role = 'device' | 'cosigner' | 'recovery'
type Signed = Pick<KeyRecord, 'keyId' | 'transcript'>

export function signTranscript(identity: Identity, role: Role, { keyId, transcript }: Signed): Uint8Array {
  return identity.sign(TH('sig/tr', role, keyId, transcript))
}

/** @throws ProtocolAbort `transcript` */
export function requireTranscript(
  id: Uint8Array,
  role: Role,
  { keyId, transcript }: Signed,
  signature: Uint8Array,
): void {
  requireSignature(id, TH('sig/tr', role, keyId, transcript), signature)
}

/** @throws ProtocolAbort `transcript` */
export function requireSignature(id: Uint8Array, value: Uint8Array, signature: Uint8Array): void {
  if (!verifies(id, value, signature)) throw new ProtocolAbort('transcript')
}

/** @throws ProtocolAbort `transcript` where nobody has anything to sign */
export function requireNothing(signature: Uint8Array): void {
  if (signature.some((byte) => byte !== 0)) throw new ProtocolAbort('transcript')
}

/** The ids that an answer names must be those of the question. @throws ProtocolAbort `context` */
export function requireId(
  { epoch, attempt }: { epoch: number; attempt: number },
  message: { epoch: number; attempt: number },
): void {
  if (message.epoch !== epoch || message.attempt !== attempt) throw new ProtocolAbort('context')
}

/** What a newcomer signs with its encryption key. */
export function offerValue(invitation: MessageOf<'newcomer.req1'>, sealKey: Uint8Array): Uint8Array {
  const { keyId, transcriptBase, epoch, attempt, party } = invitation
  const number = u32be(party === 'device' ? 1 : 2)
  return TH('sig/ek', keyId, transcriptBase, u64be(epoch), u64be(attempt), number, sealKey)
}

/** What a cosigner signs that lets go of a key for the next one. */
export function releaseValue({ keyId, epoch, attempt, transcript, sidInputs }: KeyRecord): Uint8Array {
  return TH('sig/release', keyId, u64be(epoch), u64be(attempt), transcript, sidInputs.idC)
}

/** Whom and what a dealer sees of a newcomer. */
export interface Offer {
  readonly keyId: Uint8Array
  readonly transcriptBase: Uint8Array
  readonly epoch: number
  readonly attempt: number
  readonly party: 1 | 2
  readonly identity: Uint8Array
  readonly sealKey: Uint8Array
  readonly signature: Uint8Array
}

/** @throws ProtocolAbort `newcomer` unless the identity that is expected signed this offer */
export function requireOffer(expected: Uint8Array, o: Offer): void {
  const value = TH(
    'sig/ek',
    o.keyId,
    o.transcriptBase,
    u64be(o.epoch),
    u64be(o.attempt),
    u32be(o.party),
    o.sealKey,
  )
  const known = Buffer.from(expected).equals(o.identity)
  if (!known || !verifies(expected, value, o.signature)) throw new ProtocolAbort('newcomer')
}

/** The kit of the stored wallet. */
export function baseKit({ record, identities }: FixtureWallet): Uint8Array {
  const address = 'http://127.0.0.1:1'
  return encodeKit({
    record,
    signatures: {
      device: signTranscript(identities.device, 'device', record),
      cosigner: signTranscript(identities.cosigner, 'cosigner', record),
    },
    node: { address, signature: identities.cosigner.sign(TH('sig/node', record.keyId, address)) },
  })
}

/** The base that a newcomer is handed, against what it has pinned. @throws ProtocolAbort `transcript` */
export function requireBase(kit: Uint8Array, pinned: FixtureWallet): KeyRecord {
  const { record, signatures } = readKit(kit)
  const { device, cosigner } = pinned.identities
  requireTranscript(device.id, 'device', record, signatures.device)
  requireTranscript(cosigner.id, 'cosigner', record, signatures.cosigner)
  if (!Buffer.from(record.publicKey).equals(pinned.record.publicKey)) throw new ProtocolAbort('transcript')
  return record
}

function readKit(bytes: Uint8Array): ReturnType<typeof decodeKit> {
  try {
    return decodeKit(bytes)
  } catch (error) {
    if (error instanceof Malformed) throw new ProtocolAbort('transcript')
    throw error
  }
}

/** What a cosigner answers when the epoch counts. */
export function committedFields(cosigner: Identity, record: KeyRecord) {
  const { keyId, transcript, epoch, attempt } = record
  const nodeAddress = new TextEncoder().encode(`http://127.0.0.1:${attempt}`)
  return {
    epoch,
    attempt,
    active: cosigner.sign(TH('sig/active', keyId, transcript)),
    addressSignature: cosigner.sign(TH('sig/node', keyId, nodeAddress)),
    nodeAddress,
  }
}

/** @throws ProtocolAbort `context`, `transcript` */
export function requireCommitted(
  id: Uint8Array,
  record: KeyRecord,
  message: MessageOf<'reshare.res3'> | MessageOf<'newcomer.res3'>,
): void {
  requireId(record, message)
  requireSignature(id, TH('sig/active', record.keyId, record.transcript), message.active)
  requireSignature(id, TH('sig/node', record.keyId, message.nodeAddress), message.addressSignature)
}

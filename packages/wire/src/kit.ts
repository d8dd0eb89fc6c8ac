// What does the recovery kit say, byte for byte? Everything a stranger needs to recompute Tr. Version 1 is of a keygen, version 2 of a reshare. (product, Recovery kit; SPEC 1.6)

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import {
  type KeygenRecord,
  type KeyRecord,
  type ReshareRecord,
  sidOfRecord,
} from '@tercet/protocol/key-record'
import { keyIdOf } from '@tercet/protocol/session'
import { TH } from '@tercet/protocol/transcript'
import * as z from 'zod/mini'
import { toBase64url } from './base64url.js'
import { canonicalize, type JsonObject, parseCanonical } from './canonical-json.js'
import { bytesOf, decimal, parseWith } from './schema.js'

/** Length of one verifiable encryption. (SPEC 1.5) */
const ENCRYPTION_BYTES = 14_480
/** Largest kit, in bytes. */
export const MAX_KIT_BYTES = 65_536

/** The recovery kit. It holds no secret: the recovery key opens it, and is not in it. */
export interface Kit {
  readonly record: KeyRecord
  readonly signatures: KitSignatures
  /** Where the node is found, and the cosigner's signature on `TH("sig/node", keyId, address)`. */
  readonly node: { readonly address: string; readonly signature: Uint8Array }
}

/** Signatures on `TH("sig/tr", role, keyId, Tr)`, 64 bytes each: both parties', and the recovery party's where it dealt. */
export interface KitSignatures {
  readonly device: Uint8Array
  readonly cosigner: Uint8Array
  readonly recovery?: Uint8Array | undefined
}

const bytes32 = bytesOf(32)
const point = bytesOf(33)
const signature = bytesOf(64)
const identity = bytesOf(34)
const encryption = bytesOf(ENCRYPTION_BYTES)

const common = {
  suite: z.literal('secp256k1'),
  walletId: bytes32,
  epoch: decimal(),
  attempt: decimal(),
  sid: bytes32,
  K: point,
  policyHash: bytes32,
  commitments: z.tuple([z.tuple([point, point]), z.tuple([point, point])]),
  X: point,
  cc: bytes32,
  TrPrev: bytes32,
  otSetupIds: z.tuple([bytes32, bytes32]),
  Tr: bytes32,
  encryptions: z.tuple([encryption, encryption]),
  idD: identity,
  idC: identity,
  node: z.strictObject({ address: z.string().check(z.maxLength(1024)), signature }),
  checksum: bytes32,
} as const

const keygenKit = z.strictObject({
  ...common,
  version: z.literal(1),
  dealers: z.tuple([z.literal(1), z.literal(2)]),
  sidInputs: z.strictObject({ nD: bytes32, nC: bytes32, ekD: bytes32, ekC: bytes32, C1: bytes32 }),
  chainCodes: z.tuple([bytes32, bytes32]),
  signatures: z.strictObject({ device: signature, cosigner: signature }),
})

const reshareKit = z.strictObject({
  ...common,
  version: z.literal(2),
  kind: z.enum(['refresh', 'replace']),
  dealers: z.union([
    z.tuple([z.literal(1), z.literal(2)]),
    z.tuple([z.literal(1), z.literal(3)]),
    z.tuple([z.literal(2), z.literal(3)]),
  ]),
  sidInputs: z.strictObject({
    nI: bytes32,
    nJ: bytes32,
    idDealerA: identity,
    idDealerB: identity,
    ekI: bytes32,
    ekJ: bytes32,
    ek1: bytes32,
    ek2: bytes32,
    C1: bytes32,
  }),
  signatures: z.strictObject({ device: signature, cosigner: signature, recovery: z.optional(signature) }),
})

const schema = z.discriminatedUnion('version', [keygenKit, reshareKit])

/**
 * The kit's canonical bytes, checksum included. Throws Malformed if a part has the wrong length or the
 * record's keyId does not follow from its session inputs.
 */
export function encodeKit(kit: Kit): Uint8Array {
  const body = documentOf(kit)
  const bytes = canonicalize({ ...body, checksum: toBase64url(checksum(body)) }, 'kit')
  decodeKit(bytes)
  return bytes
}

/**
 * Reads a kit: canonical bytes only, exact fields and lengths, the checksum, and sid and walletId as the
 * inputs give them. Throws Malformed. Whether the kit is valid (Tr, signatures, encryptions) is a later question.
 */
export function decodeKit(bytes: Uint8Array): Kit {
  const document = parseCanonical(bytes, 'kit', MAX_KIT_BYTES)
  const fields = parseWith(schema, document, 'kit')
  const { checksum: _, ...body } = document as JsonObject
  if (!equalBytes(checksum(body), fields.checksum)) throw new Malformed('kit.checksum')
  const kit: Kit = { record: recordOf(fields), signatures: fields.signatures, node: fields.node }
  if (!equalBytes(sidOfRecord(kit.record), fields.sid)) throw new Malformed('kit.sid')
  // A later epoch keeps the walletId that the first one gave.
  if (fields.version === 1 && !equalBytes(keyIdOf(fields.sid), fields.walletId))
    throw new Malformed('kit.walletId')
  checkSigners(kit)
  return kit
}

/** Dealer 3 signs what it dealt, and nobody else does so in its place. @throws Malformed */
function checkSigners({ record, signatures }: Kit): void {
  if ((record.dealers[1] === 3) !== (signatures.recovery !== undefined)) throw new Malformed('kit.signatures')
}

/** `fp = TH("kit/fp", keyId, K, idD, idC)`, which the user's own record keeps. 32 bytes. */
export function kitFingerprint(kit: Kit): Uint8Array {
  const { keyId, sidInputs } = kit.record
  return TH('kit/fp', keyId, sidInputs.recoveryKey, sidInputs.idD, sidInputs.idC)
}

function checksum(body: JsonObject): Uint8Array {
  return TH('kit/sum', canonicalize(body, 'kit'))
}

function documentOf({ record, signatures, node }: Kit): JsonObject {
  const b = toBase64url
  const s = record.sidInputs
  return {
    ...(record.version === 1 ? ofKeygen(record) : ofReshare(record)),
    suite: 'secp256k1',
    walletId: b(record.keyId),
    epoch: String(record.epoch),
    attempt: String(record.attempt),
    dealers: record.dealers,
    sid: b(sidOfRecord(record)),
    K: b(s.recoveryKey),
    policyHash: b(s.policyHash),
    commitments: record.commitments.map((vector) => vector.map(b)),
    X: b(record.publicKey),
    cc: b(record.chainCode),
    TrPrev: b(record.transcriptPrev),
    otSetupIds: record.otSetupIds.map(b),
    Tr: b(record.transcript),
    encryptions: record.encryptions.map(b),
    idD: b(s.idD),
    idC: b(s.idC),
    signatures: {
      device: b(signatures.device),
      cosigner: b(signatures.cosigner),
      ...(signatures.recovery === undefined ? {} : { recovery: b(signatures.recovery) }),
    },
    node: { address: node.address, signature: b(node.signature) },
  }
}

function ofKeygen({ version, sidInputs: s, chainCodes }: KeygenRecord): JsonObject {
  const b = toBase64url
  const sidInputs = { nD: b(s.nD), nC: b(s.nC), ekD: b(s.ekD), ekC: b(s.ekC), C1: b(s.commitment) }
  return { version, sidInputs, chainCodes: chainCodes.map(b) }
}

function ofReshare({ version, kind, sidInputs: s }: ReshareRecord): JsonObject {
  const b = toBase64url
  const sidInputs = {
    nI: b(s.nI),
    nJ: b(s.nJ),
    idDealerA: b(s.idDealerA),
    idDealerB: b(s.idDealerB),
    ekI: b(s.ekI),
    ekJ: b(s.ekJ),
    ek1: b(s.ek1),
    ek2: b(s.ek2),
    C1: b(s.commitment),
  }
  return { version, kind, sidInputs }
}

function recordOf(fields: z.output<typeof schema>): KeyRecord {
  const inputs = {
    idD: fields.idD,
    idC: fields.idC,
    recoveryKey: fields.K,
    policyHash: fields.policyHash,
    commitment: fields.sidInputs.C1,
  }
  const parts = {
    epoch: fields.epoch,
    attempt: fields.attempt,
    commitments: fields.commitments,
    encryptions: fields.encryptions,
    transcriptPrev: fields.TrPrev,
    otSetupIds: fields.otSetupIds,
    transcript: fields.Tr,
    keyId: fields.walletId,
    publicKey: fields.X,
    chainCode: fields.cc,
  }
  if (fields.version === 1) {
    const { C1: _, ...names } = fields.sidInputs
    const { version, dealers, chainCodes } = fields
    return { ...parts, version, dealers, chainCodes, sidInputs: { ...names, ...inputs } }
  }
  const { C1: _, ...names } = fields.sidInputs
  const { version, kind, dealers } = fields
  return { ...parts, version, kind, dealers, sidInputs: { ...names, ...inputs } }
}

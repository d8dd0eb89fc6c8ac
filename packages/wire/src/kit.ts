// What does the recovery kit say, byte for byte? Everything a stranger needs to recompute Tr. (product, Recovery kit; SPEC 1.6)

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import { type KeyRecord, sidOf } from '@tercet/protocol/key-record'
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
  /** Both online parties' signatures on `TH("sig/tr", role, keyId, Tr)`, 64 bytes each. */
  readonly signatures: { readonly device: Uint8Array; readonly cosigner: Uint8Array }
  /** Where the node is found, and the cosigner's signature on `TH("sig/node", keyId, address)`. */
  readonly node: { readonly address: string; readonly signature: Uint8Array }
}

const bytes32 = bytesOf(32)
const point = bytesOf(33)
const signature = bytesOf(64)
const identity = bytesOf(34)
const encryption = bytesOf(ENCRYPTION_BYTES)

const schema = z.strictObject({
  version: z.literal(1),
  suite: z.literal('secp256k1'),
  walletId: bytes32,
  epoch: decimal(),
  attempt: decimal(),
  dealers: z.tuple([z.literal(1), z.literal(2)]),
  sid: bytes32,
  sidInputs: z.strictObject({ nD: bytes32, nC: bytes32, ekD: bytes32, ekC: bytes32, C1: bytes32 }),
  K: point,
  policyHash: bytes32,
  commitments: z.tuple([z.tuple([point, point]), z.tuple([point, point])]),
  X: point,
  cc: bytes32,
  chainCodes: z.tuple([bytes32, bytes32]),
  TrPrev: bytes32,
  otSetupIds: z.tuple([bytes32, bytes32]),
  Tr: bytes32,
  encryptions: z.tuple([encryption, encryption]),
  idD: identity,
  idC: identity,
  signatures: z.strictObject({ device: signature, cosigner: signature }),
  node: z.strictObject({ address: z.string().check(z.maxLength(1024)), signature }),
  checksum: bytes32,
})

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
  const kit = kitOf(fields)
  const sid = sidOf(kit.record.sidInputs)
  if (!equalBytes(sid, fields.sid)) throw new Malformed('kit.sid')
  if (!equalBytes(keyIdOf(sid), fields.walletId)) throw new Malformed('kit.walletId')
  return kit
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
    version: record.version,
    suite: 'secp256k1',
    walletId: b(record.keyId),
    epoch: String(record.epoch),
    attempt: String(record.attempt),
    dealers: record.dealers,
    sid: b(sidOf(s)),
    sidInputs: { nD: b(s.nD), nC: b(s.nC), ekD: b(s.ekD), ekC: b(s.ekC), C1: b(s.commitment) },
    K: b(s.recoveryKey),
    policyHash: b(s.policyHash),
    commitments: record.commitments.map((vector) => vector.map(b)),
    X: b(record.publicKey),
    cc: b(record.chainCode),
    chainCodes: record.chainCodes.map(b),
    TrPrev: b(record.transcriptPrev),
    otSetupIds: record.otSetupIds.map(b),
    Tr: b(record.transcript),
    encryptions: record.encryptions.map(b),
    idD: b(s.idD),
    idC: b(s.idC),
    signatures: { device: b(signatures.device), cosigner: b(signatures.cosigner) },
    node: { address: node.address, signature: b(node.signature) },
  }
}

function kitOf(fields: z.output<typeof schema>): Kit {
  const { nD, nC, ekD, ekC, C1 } = fields.sidInputs
  return {
    record: {
      version: 1,
      epoch: fields.epoch,
      attempt: fields.attempt,
      dealers: fields.dealers,
      sidInputs: {
        nD,
        nC,
        idD: fields.idD,
        idC: fields.idC,
        ekD,
        ekC,
        recoveryKey: fields.K,
        policyHash: fields.policyHash,
        commitment: C1,
      },
      chainCodes: fields.chainCodes,
      commitments: fields.commitments,
      encryptions: fields.encryptions,
      transcriptPrev: fields.TrPrev,
      otSetupIds: fields.otSetupIds,
      transcript: fields.Tr,
      keyId: fields.walletId,
      publicKey: fields.X,
      chainCode: fields.cc,
    },
    signatures: fields.signatures,
    node: fields.node,
  }
}

// How does a test make many different good kits, and a kit again from a document that it changed? (SPEC 1.2, 1.6)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { completeRecord, type KeyRecord, sidOf } from '@tercet/protocol/key-record'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { keyIdOf } from '@tercet/protocol/session'
import { TH } from '@tercet/protocol/transcript'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type Json, type JsonObject } from '@tercet/wire/canonical-json'
import { encodeKit } from '@tercet/wire/kit'
import { fixtureWallet, type Identity, identityOf } from '../fixture.js'
import { below } from '../random.js'

/** Who signs a kit. The test holds both keys, so that it can make a wrong kit whose signatures are right. */
export interface Signers {
  readonly device: Identity
  readonly cosigner: Identity
}

/** A good kit as a document without its checksum, and who signed it. */
export interface SignedKit {
  readonly document: JsonObject
  readonly signers: Signers
}

/** A place in a document. */
export type Path = readonly (string | number)[]

const ADDRESSES = [
  'https://cosigner.example',
  'http://[::1]:8080/a?b="c"&d=\\e',
  'https://knoten.example/schlüssel/€/𝄞/\u0001\u001f\u007f\u2028',
  '',
  `https://cosigner.example/${'𝄞'.repeat(499)}`,
]

/** `count` different good kits: a wallet that is stored, key generations, and each with other free parts. */
export function goodKits(random: Random, count: number, keygens: number): SignedKit[] {
  const fixture = fixtureWallet()
  const born = [{ record: fixture.record, signers: fixture.identities }]
  while (born.length <= keygens) born.push(generate(random))
  return Array.from({ length: count }, (_, i) => {
    const { record, signers } = born[i % born.length] as (typeof born)[number]
    return i < born.length
      ? signed(record, signers, ADDRESSES[0] as string)
      : variant(random, record, signers)
  })
}

/** Kits in which everything fits, but one party signs with a key on the curve that is for recovery parties only. */
export function misfits(random: Random): SignedKit[] {
  return (['device', 'cosigner'] as const).map((party) => {
    const honest = { device: identityOf(random(32)), cosigner: identityOf(random(32)) }
    const { record, signers } = generate(random, { ...honest, [party]: recoveryIdentity(random(32)) })
    return signed(record, signers, ADDRESSES[0] as string)
  })
}

/** idV = 0x02 || K of a secret. */
function recoveryIdentity(secret: Uint8Array): Identity {
  return {
    id: Uint8Array.of(2, ...secp256k1.getPublicKey(secret)),
    sign: (message) => secp256k1.sign(message, secret, { lowS: true, prehash: true }),
  }
}

/** The same key, but the parts that nothing else is bound to are others. */
function variant(random: Random, record: KeyRecord, signers: Signers): SignedKit {
  const parts = {
    ...record,
    chainCodes: [random(32), random(32)] as const,
    otSetupIds: [random(32), random(32)] as const,
  }
  const address = ADDRESSES[below(random, ADDRESSES.length)] as string
  return signed(completeRecord(parts).record, signers, address)
}

function signed(record: KeyRecord, signers: Signers, address: string): SignedKit {
  const { keyId, transcript } = record
  const bytes = encodeKit({
    record,
    signatures: {
      device: signers.device.sign(TH('sig/tr', 'device', keyId, transcript)),
      cosigner: signers.cosigner.sign(TH('sig/tr', 'cosigner', keyId, transcript)),
    },
    node: { address, signature: signers.cosigner.sign(TH('sig/node', keyId, address)) },
  })
  const { checksum: _, ...document } = parsed(bytes)
  return { document, signers }
}

function generate(
  random: Random,
  signers = { device: identityOf(random(32)), cosigner: identityOf(random(32)) },
): { record: KeyRecord; signers: Signers } {
  const parties = { idDevice: signers.device.id, idCosigner: signers.cosigner.id }
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(random(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), random)
  const policyHash = random(32)
  const signature = new Uint8Array(64)
  const d1 = keygen.start({ parties, recoveryKey, recoveryProof, policyHash }, random)
  const c1 = keygen.answer({ parties, policyHash }, decodeMessage('keygen.req1', d1.send), random)
  const d2 = keygen.open(d1.state, decodeMessage('keygen.res1', c1.send), random)
  const c2 = keygen.deal(c1.state, decodeMessage('keygen.req2', d2.send), random)
  const res2 = decodeMessage('keygen.res2', encodeMessage('keygen.res2', { ...c2.send, signature }))
  const { key } = keygen.finish(d2.state, res2, random)
  return { record: key.record, signers }
}

/** A document's bytes with the checksum that belongs to it. */
export function sealed(document: JsonObject): Uint8Array {
  const checksum = TH('kit/sum', canonicalize(document))
  return canonicalize({ ...document, checksum: toBase64url(checksum) })
}

/**
 * The document with everything that follows from its parts made again: sid, walletId, X, cc, Tr and all signatures.
 * Where a part is no point, what can be made without it.
 */
export function refitted({ document, signers }: SignedKit): JsonObject {
  const inputs = sidInputs(document)
  const sid = sidOf(inputs)
  const keyId = keyIdOf(sid)
  const derived = { ...document, sid: b(sid), walletId: b(keyId), ...completed(document, inputs) }
  const transcript = bytesAt(derived, ['Tr'])
  const address = String(valueAt(derived, ['node', 'address']))
  const { device, cosigner } = signers
  return {
    ...derived,
    signatures: {
      device: b(device.sign(TH('sig/tr', 'device', keyId, transcript))),
      cosigner: b(cosigner.sign(TH('sig/tr', 'cosigner', keyId, transcript))),
    },
    node: { address, signature: b(cosigner.sign(TH('sig/node', keyId, address))) },
  }
}

function completed(document: JsonObject, inputs: KeyRecord['sidInputs']): JsonObject {
  const pair = (...path: Path) => [bytesAt(document, [...path, 0]), bytesAt(document, [...path, 1])] as const
  try {
    const { record } = completeRecord({
      epoch: Number(document['epoch']),
      attempt: Number(document['attempt']),
      sidInputs: inputs,
      chainCodes: pair('chainCodes'),
      commitments: [pair('commitments', 0), pair('commitments', 1)],
      encryptions: pair('encryptions'),
      transcriptPrev: bytesAt(document, ['TrPrev']),
      otSetupIds: pair('otSetupIds'),
    })
    return { X: b(record.publicKey), cc: b(record.chainCode), Tr: b(record.transcript) }
  } catch {
    return {}
  }
}

function sidInputs(document: JsonObject): KeyRecord['sidInputs'] {
  const of = (...path: Path) => bytesAt(document, path)
  return {
    nD: of('sidInputs', 'nD'),
    nC: of('sidInputs', 'nC'),
    idD: of('idD'),
    idC: of('idC'),
    ekD: of('sidInputs', 'ekD'),
    ekC: of('sidInputs', 'ekC'),
    recoveryKey: of('K'),
    policyHash: of('policyHash'),
    commitment: of('sidInputs', 'C1'),
  }
}

const b = toBase64url

export function parsed(bytes: Uint8Array): JsonObject {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as JsonObject
}

export function valueAt(value: Json, path: Path): Json {
  const found = path.reduce<unknown>((part, key) => (part as Record<string | number, unknown>)[key], value)
  return found as Json
}

/** The bytes behind a text of the document. */
export function bytesAt(document: JsonObject, path: Path): Uint8Array {
  return Uint8Array.from(Buffer.from(String(valueAt(document, path)), 'base64url'))
}

/** The document with another value at one place. */
export function withValue(document: JsonObject, path: Path, to: Json): JsonObject {
  return replaced(document, path, to) as JsonObject
}

function replaced(value: Json, [head, ...rest]: Path, to: Json): Json {
  if (head === undefined) return to
  if (typeof value !== 'object' || value === null) throw new Error('no such place')
  if (Array.isArray(value)) {
    return value.map((item: Json, i) => (i === head ? replaced(item, rest, to) : item))
  }
  const members = value as JsonObject
  return { ...members, [head]: replaced(members[head] as Json, rest, to) }
}

/** Every place of the document that holds bytes. */
export function bytePlaces(document: JsonObject): Path[] {
  const texts = ['suite', 'epoch', 'attempt', 'address']
  const walk = (value: Json, path: Path): Path[] => {
    if (typeof value === 'string') return texts.includes(String(path.at(-1))) ? [] : [path]
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([key, member]) =>
      walk(member as Json, [...path, Array.isArray(value) ? Number(key) : key]),
    )
  }
  return walk(document, [])
}

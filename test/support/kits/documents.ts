// How is a kit's document changed at one place, and how is a kit made of it again? (SPEC 1.2, 1.6, 5.1)

import {
  completeRecord,
  type Dealers,
  type ReshareKind,
  reshareSidOf,
  sidOf,
  type UnfinishedKeygen,
  type UnfinishedReshare,
} from '@tercet/protocol/key-record'
import { keyIdOf } from '@tercet/protocol/session'
import { TH } from '@tercet/protocol/transcript'
import { toBase64url } from '@tercet/wire/base64url'
import { canonicalize, type Json, type JsonObject } from '@tercet/wire/canonical-json'
import type { Identity } from '../fixture.js'

/** Who signs a kit. The test holds both keys, so that it can make a wrong kit whose signatures are right. */
export interface Signers {
  readonly device: Identity
  readonly cosigner: Identity
  /** Party 3 as it was, if it dealt. */
  readonly recovery?: Identity
}

/** A good kit as a document without its checksum, and who signed it. */
export interface SignedKit {
  readonly document: JsonObject
  readonly signers: Signers
}

/** A place in a document. */
export type Path = readonly (string | number)[]

/** A document's bytes with the checksum that belongs to it. */
export function sealed(document: JsonObject): Uint8Array {
  const checksum = TH('kit/sum', canonicalize(document))
  return canonicalize({ ...document, checksum: toBase64url(checksum) })
}

/**
 * The document with everything that follows from its parts made again: sid, X and Tr, at a key generation walletId and
 * cc, and all signatures. Where a part is no point, what can be made without it.
 */
export function refitted({ document, signers }: SignedKit): JsonObject {
  const parts = partsOf(document)
  const sid = 'kind' in parts ? reshareSidOf(parts, parts.sidInputs) : sidOf(parts.sidInputs)
  const keyId = 'kind' in parts ? parts.keyId : keyIdOf(sid)
  const derived = { ...document, sid: b(sid), walletId: b(keyId), ...completed(parts) }
  const transcript = bytesAt(derived, ['Tr'])
  const address = String(valueAt(derived, ['node', 'address']))
  const { device, cosigner, recovery } = signers
  const tr = (role: string, by: Identity) => b(by.sign(TH('sig/tr', role, keyId, transcript)))
  return {
    ...derived,
    signatures: {
      device: tr('device', device),
      cosigner: tr('cosigner', cosigner),
      ...(recovery === undefined ? {} : { recovery: tr('recovery', recovery) }),
    },
    node: { address, signature: b(cosigner.sign(TH('sig/node', keyId, address))) },
  }
}

function completed(parts: UnfinishedKeygen | UnfinishedReshare): JsonObject {
  try {
    const { record } = completeRecord(parts)
    return { X: b(record.publicKey), cc: b(record.chainCode), Tr: b(record.transcript) }
  } catch {
    return {}
  }
}

/** A counter, or 0 where the text is none. */
function number(text: Json | undefined): number {
  return Number.isSafeInteger(Number(text)) ? Number(text) : 0
}

function partsOf(document: JsonObject): UnfinishedKeygen | UnfinishedReshare {
  const of = (...path: Path) => bytesAt(document, path)
  const pair = (...path: Path) => [of(...path, 0), of(...path, 1)] as const
  const s = (name: string) => of('sidInputs', name)
  const shared = {
    epoch: number(document['epoch']),
    attempt: number(document['attempt']),
    commitments: [pair('commitments', 0), pair('commitments', 1)] as const,
    encryptions: pair('encryptions'),
    transcriptPrev: of('TrPrev'),
    otSetupIds: pair('otSetupIds'),
  }
  const common = {
    idD: of('idD'),
    idC: of('idC'),
    recoveryKey: of('K'),
    policyHash: of('policyHash'),
    commitment: s('C1'),
  }
  if (document['kind'] === undefined) {
    const sidInputs = { ...common, nD: s('nD'), nC: s('nC'), ekD: s('ekD'), ekC: s('ekC') }
    return { ...shared, chainCodes: pair('chainCodes'), sidInputs }
  }
  return {
    ...shared,
    kind: document['kind'] as ReshareKind,
    dealers: document['dealers'] as unknown as Dealers,
    keyId: of('walletId'),
    chainCode: of('cc'),
    sidInputs: {
      ...common,
      nI: s('nI'),
      nJ: s('nJ'),
      idDealerA: s('idDealerA'),
      idDealerB: s('idDealerB'),
      ekI: s('ekI'),
      ekJ: s('ekJ'),
      ek1: s('ek1'),
      ek2: s('ek2'),
    },
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

/** Whether the document has something at a place. */
export function has(document: JsonObject, path: Path): boolean {
  return (
    path.reduce<unknown>(
      (part, key) => (part as Record<string | number, unknown> | undefined)?.[key],
      document,
    ) !== undefined
  )
}

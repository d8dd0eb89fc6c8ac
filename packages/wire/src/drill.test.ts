import { encodePoint, mulBase } from '@tercet/protocol/curve'
import { proveDrill } from '@tercet/protocol/drill'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import { Secret } from '@tercet/protocol/internal/secret'
import type { KeyShare } from '@tercet/protocol/key-share'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { beforeAll, expect, test } from 'vitest'
import { toBase64url } from './base64url.js'
import {
  type DrillReceipt,
  type DrillSubject,
  decodeDrillReceipt,
  drillFault,
  encodeDrillReceipt,
  signDrillReceipt,
} from './drill.js'
import { recoverySigner } from './identity.js'

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length))
const kappa = recoveryKeyFromSeed(new Uint8Array(32).fill(1))
const signer = recoverySigner(kappa.kappa)
const keyId = new Uint8Array(32).fill(7)
const transcript = new Uint8Array(32).fill(8)
const points = [11n, 12n, 13n].map(mulBase) as unknown as KeyShare['publicShares']
const share: KeyShare = {
  party: 3,
  keyId,
  epoch: 2,
  attempt: 5,
  publicKey: mulBase(10n),
  chainCode: new Uint8Array(32),
  publicShares: points,
  recoveryKey: kappa.publicKey,
  transcript,
  secretShare: new Secret('SecretShare', 13n),
}
const subject: DrillSubject = {
  walletId: toBase64url(keyId),
  epoch: 2,
  attempt: 5,
  transcript,
  recoveryKey: encodePoint(kappa.publicKey),
  publicShare: encodePoint(points[2]),
}
let receipt: DrillReceipt

function drill(parts: Partial<DrillReceipt> = {}, by = signer): Promise<DrillReceipt> {
  const context = { transcript, time: 1_800_000_000, nonce: random(32) }
  const proof = proveDrill(share, context, random)
  const { publicShare: _, ...about } = subject
  return signDrillReceipt(by, { version: 1, ...about, ...context, proof, ...parts })
}

beforeAll(async () => {
  receipt = await drill()
})

test('comes back and holds', async () => {
  expect(decodeDrillReceipt(encodeDrillReceipt(receipt))).toEqual(receipt)
  expect(await drillFault(receipt, subject)).toBeUndefined()
})

test('says what it does not fit', async () => {
  const other = new Uint8Array(32).fill(9)
  const K = encodePoint(mulBase(3n))
  expect(await drillFault(receipt, { ...subject, walletId: toBase64url(other) })).toBe('wallet')
  expect(await drillFault(receipt, { ...subject, epoch: 3 })).toBe('epoch')
  expect(await drillFault(receipt, { ...subject, attempt: 6 })).toBe('epoch')
  expect(await drillFault(receipt, { ...subject, transcript: other })).toBe('epoch')
  expect(await drillFault(receipt, { ...subject, recoveryKey: K })).toBe('recovery-key')
  expect(await drillFault({ ...receipt, time: 1 }, subject)).toBe('signature')
  const thief = recoverySigner(recoveryKeyFromSeed(other).kappa)
  expect(await drillFault(await drill({}, thief), subject)).toBe('signature')
  // Signed, but of a share that nobody opened now: another moment, another share, bytes.
  expect(await drillFault(await drill({ nonce: other }), subject)).toBe('proof')
  expect(await drillFault(receipt, { ...subject, publicShare: encodePoint(points[1]) })).toBe('proof')
  expect(await drillFault(await drill({ proof: new Uint8Array(65) }), subject)).toBe('proof')
})

test('only the recovery share is rehearsed', () => {
  expect(() => proveDrill({ ...share, party: 1 }, receipt, random)).toThrow(Misuse)
  expect(() => encodeDrillReceipt({ ...receipt, proof: new Uint8Array(64) })).toThrow(
    new Malformed('drill.proof'),
  )
})

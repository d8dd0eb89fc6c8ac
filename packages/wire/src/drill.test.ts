import { concat } from '@tercet/protocol/bytes'
import { encodePoint, encodeScalar, mulBase } from '@tercet/protocol/curve'
import { proveDrill } from '@tercet/protocol/drill'
import { Malformed, Misuse } from '@tercet/protocol/errors'
import { decodeKeyShare, type KeyShare } from '@tercet/protocol/key-share'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { u64be } from '@tercet/protocol/transcript'
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
const publicKeys = [10n, 11n, 12n, 13n, kappa.kappa].map((scalar) => encodePoint(mulBase(scalar)))
const [X, S1, S2, S3, K] = publicKeys as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
/** A share of a key that was never made: 10 + j at j = 3, as it would be stored. */
function shareOf(party: 1 | 3): KeyShare {
  const head = [Uint8Array.of(1, 1, party), keyId, u64be(2), u64be(5), X, new Uint8Array(32)]
  return decodeKeyShare(concat(...head, S1, S2, S3, K, transcript, encodeScalar(10n + BigInt(party))))
}
const share = shareOf(3)
const subject: DrillSubject = {
  walletId: toBase64url(keyId),
  epoch: 2,
  attempt: 5,
  transcript,
  recoveryKey: K,
  publicShare: S3,
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
  expect(await drillFault(receipt, { ...subject, walletId: toBase64url(other) })).toBe('wallet')
  expect(await drillFault(receipt, { ...subject, epoch: 3 })).toBe('epoch')
  expect(await drillFault(receipt, { ...subject, attempt: 6 })).toBe('epoch')
  expect(await drillFault(receipt, { ...subject, transcript: other })).toBe('epoch')
  expect(await drillFault(receipt, { ...subject, recoveryKey: S1 })).toBe('recovery-key')
  expect(await drillFault({ ...receipt, time: 1 }, subject)).toBe('signature')
  const thief = recoverySigner(recoveryKeyFromSeed(other).kappa)
  expect(await drillFault(await drill({}, thief), subject)).toBe('signature')
  // Signed, but of a share that nobody opened now: another moment, another share, bytes.
  expect(await drillFault(await drill({ nonce: other }), subject)).toBe('proof')
  expect(await drillFault(receipt, { ...subject, publicShare: S2 })).toBe('proof')
  expect(await drillFault(await drill({ proof: new Uint8Array(65) }), subject)).toBe('proof')
})

test('only the recovery share is rehearsed', () => {
  expect(() => proveDrill(shareOf(1), receipt, random)).toThrow(Misuse)
  expect(() => encodeDrillReceipt({ ...receipt, proof: new Uint8Array(64) })).toThrow(
    new Malformed('drill.proof'),
  )
})

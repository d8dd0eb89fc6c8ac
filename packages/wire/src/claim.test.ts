import { Malformed } from '@tercet/protocol/errors'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { TH } from '@tercet/protocol/transcript'
import { beforeAll, describe, expect, test } from 'vitest'
import { fromBase64url, toBase64url } from './base64url.js'
import {
  type Authorities,
  authorisedBy,
  CLAIM_KINDS,
  type Claim,
  type ClaimKind,
  claimHash,
  decodeClaim,
  decodeClaimRequest,
  encodeClaim,
  encodeClaimRequest,
  type Signatories,
  signAsDevice,
  signClaim,
  waits,
} from './claim.js'
import {
  type ClaimStatus,
  decodeClaimList,
  decodeClaimStatus,
  decodeVeto,
  encodeClaimList,
  encodeClaimStatus,
  encodeVeto,
  signVeto,
  verifyVeto,
} from './claim-status.js'
import { generateIdentity, type Identity, recoverySigner } from './identity.js'

const recovery = recoverySigner(recoveryKeyFromSeed(new Uint8Array(32).fill(1)).kappa)
const nextRecovery = recoverySigner(recoveryKeyFromSeed(new Uint8Array(32).fill(2)).kappa)
const K = nextRecovery.publicIdentity.slice(1)
const walletId = toBase64url(new Uint8Array(32).fill(7))
let device: Identity
let newDevice: Identity
let factor: Identity
let signatories: Signatories

beforeAll(async () => {
  ;[device, newDevice, factor] = await Promise.all([
    generateIdentity(),
    generateIdentity(),
    generateIdentity(),
  ])
  signatories = {
    recovery: recovery.publicIdentity,
    devices: [newDevice.publicIdentity, device.publicIdentity],
    secondFactors: [factor.publicIdentity],
  }
})

function claimOf(kind: ClaimKind, parts: Partial<Claim> = {}): Claim {
  return {
    version: 1,
    walletId,
    kind,
    newDevice: kind === 'recovery-key' ? null : newDevice.publicIdentity,
    newRecoveryKey: kind === 'recovery-key' ? K : null,
    nonce: new Uint8Array(32).fill(3),
    createdAt: 1_800_000_000,
    ...parts,
  }
}

describe('claim', () => {
  test.each(CLAIM_KINDS)('%s comes back, and its hash follows from its bytes', (kind) => {
    const claim = claimOf(kind)
    expect(decodeClaim(encodeClaim(claim))).toEqual(claim)
    expect(claimHash(claim)).toEqual(TH('claim', encodeClaim(claim)))
    expect(claimHash({ ...claim, nonce: new Uint8Array(32) })).not.toEqual(claimHash(claim))
  })

  test('names what a kind has or lacks', () => {
    const wrong: [string, Claim][] = [
      ['claim.newDevice', claimOf('device-lost', { newDevice: null })],
      ['claim.newDevice', claimOf('recovery-key', { newDevice: newDevice.publicIdentity })],
      ['claim.newDevice', claimOf('device-lost', { newDevice: recovery.publicIdentity })],
      ['claim.newRecoveryKey', claimOf('recovery-key', { newRecoveryKey: null })],
      ['claim.newRecoveryKey', claimOf('device-moved', { newRecoveryKey: K })],
      ['claim.newRecoveryKey', claimOf('device-lost', { newRecoveryKey: K.with(0, 5) })],
      ['claim.nonce', claimOf('device-lost', { nonce: new Uint8Array(31) })],
      ['claim.walletId', claimOf('device-lost', { walletId: 'x' })],
    ]
    for (const [field, claim] of wrong) expect(() => encodeClaim(claim)).toThrow(new Malformed(field))
    expect(encodeClaim(claimOf('suspected-theft', { newRecoveryKey: K }))).toBeInstanceOf(Uint8Array)
  })

  test('a request comes back with the authorities that were given, and no other', async () => {
    const claim = claimOf('device-moved')
    const authorities: Authorities = {
      recovery: await signClaim(recovery, claim),
      device: await signAsDevice(device, claim),
      secondFactor: { identity: factor.publicIdentity, signature: await signClaim(factor, claim) },
    }
    for (const given of [{}, authorities, { device: authorities.device } as Authorities]) {
      expect(decodeClaimRequest(encodeClaimRequest({ claim, authorities: given }))).toEqual({
        claim,
        authorities: given,
      })
    }
    const text = new TextDecoder().decode(encodeClaimRequest({ claim, authorities }))
    const read = (document: string) => () => decodeClaimRequest(new TextEncoder().encode(document))
    expect(read(text.replace('{"authorities":{', '{"authorities":{ '))).toThrow(Malformed)
    expect(read(text.replace('"kind":"device-moved"', '"kind":"device-lent"'))).toThrow(
      new Malformed('claimRequest.claim.kind'),
    )
  })
})

describe('authority', () => {
  async function holds(claim: Claim, authorities: Authorities) {
    return authorisedBy({ claim, authorities }, signatories)
  }

  test.each(['device-lost', 'suspected-theft'] as const)('%s needs kappa and always waits', async (kind) => {
    const claim = claimOf(kind)
    const given = await holds(claim, { recovery: await signClaim(recovery, claim) })
    expect(given).toEqual({ recovery: true, device: false, secondFactor: false })
    expect(waits(kind, given ?? fail())).toBe(true)
    expect(await holds(claim, {})).toBeUndefined()
    expect(await holds(claim, { recovery: await signClaim(nextRecovery, claim) })).toBeUndefined()
    expect(await holds(claim, { device: await signAsDevice(device, claim) })).toBeUndefined()
    const other = claimOf(kind, { nonce: new Uint8Array(32).fill(9) })
    expect(await holds(other, { recovery: await signClaim(recovery, claim) })).toBeUndefined()
  })

  test.each(['device-moved', 'recovery-key'] as const)(
    '%s needs the device; kappa ends the wait',
    async (kind) => {
      const claim = claimOf(kind)
      const move = await signAsDevice(device, claim)
      const alone = await holds(claim, { device: move })
      expect(waits(kind, alone ?? fail())).toBe(true)
      const both = await holds(claim, { device: move, recovery: await signClaim(recovery, claim) })
      expect(waits(kind, both ?? fail())).toBe(false)
      expect(await holds(claim, { recovery: await signClaim(recovery, claim) })).toBeUndefined()
      expect(await holds(claim, { device: await signAsDevice(factor, claim) })).toBeUndefined()
      // A signature that is given and wrong is never passed over.
      expect(
        await holds(claim, { device: move, recovery: await signClaim(nextRecovery, claim) }),
      ).toBeUndefined()
    },
  )

  test('a move order is the one of the specification, and covers the new device alone', async () => {
    const claim = claimOf('device-moved')
    const order = TH('sig/move', fromBase64url(walletId, 'w', 32), newDevice.publicIdentity)
    expect(await holds(claim, { device: await device.sign(order) })).toBeDefined()
    const elsewhere = claimOf('device-moved', { newDevice: factor.publicIdentity })
    expect(await holds(elsewhere, { device: await device.sign(order) })).toBeUndefined()
  })

  test('a second factor counts if it is registered', async () => {
    const claim = claimOf('device-moved')
    const secondFactor = { identity: factor.publicIdentity, signature: await signClaim(factor, claim) }
    const authorities = { device: await signAsDevice(device, claim), secondFactor }
    expect(waits('device-moved', (await holds(claim, authorities)) ?? fail())).toBe(false)
    expect(await authorisedBy({ claim, authorities }, { ...signatories, secondFactors: [] })).toBeUndefined()
    const forged = { ...secondFactor, signature: await signClaim(device, claim) }
    expect(await holds(claim, { ...authorities, secondFactor: forged })).toBeUndefined()
    expect(waits('device-lost', { recovery: true, device: false, secondFactor: true })).toBe(true)
  })
})

test('states, lists and vetoes come back', async () => {
  const claim = claimOf('device-lost')
  const status: ClaimStatus = {
    claim,
    claimHash: claimHash(claim),
    state: 'waiting',
    delaySeconds: 86_400,
    remainingSeconds: 60,
    announcedAt: 1_800_000_001,
    act: { epoch: 2, attempt: 3 },
    att: 4,
  }
  expect(decodeClaimStatus(encodeClaimStatus(status))).toEqual(status)
  expect(decodeClaimList(encodeClaimList([status, status]))).toEqual([status, status])
  expect(decodeClaimList(encodeClaimList([]))).toEqual([])
  const veto = await signVeto(device, status.claimHash)
  expect(decodeVeto(encodeVeto(veto))).toEqual(veto)
  expect(await verifyVeto(device.publicIdentity, status.claimHash, veto)).toBe(true)
  expect(await verifyVeto(newDevice.publicIdentity, status.claimHash, veto)).toBe(false)
})

function fail(): never {
  throw new Error('not authorised')
}

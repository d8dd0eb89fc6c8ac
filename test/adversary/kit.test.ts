// What does a store that forges a kit achieve, and what catches it? (SPEC 7, row 31; 1.6)

import {
  decodePoint,
  encodePoint,
  invertPublic,
  mod,
  mulBase,
  mulPublic,
  type Point,
  randomScalar,
} from '@tercet/protocol/curve'
import { expose } from '@tercet/protocol/internal/secret'
import { encryptVerifiably, pveLabel } from '@tercet/protocol/internal/verifiable-encryption'
import { completeRecord, type KeyRecord, sidOfRecord } from '@tercet/protocol/key-record'
import { openRecoveryShare, verifyRecord } from '@tercet/protocol/recovery-share'
import { TH } from '@tercet/protocol/transcript'
import { describe, expect, it } from 'vitest'
import { fixtureWallet, identityOf, identityVerifies } from '../support/fixture.js'
import { suite } from '../support/suite.js'

const run = suite('forged kit')
const random = run.random('kit')
const wallet = fixtureWallet()
const { device, cosigner } = wallet.identities
const { kappa } = wallet
const recoveryKey = mulBase(kappa)

describe('a forged record', () => {
  const third = invertPublic(3n)
  const { record } = wallet
  const [[a10], [a20]] = record.commitments
  // A_i1 = (d_i*G - A_i0)/3: the recovery sub-shares are the forger's d_i, and X stays the true one.
  const forged = (dealers: readonly [bigint, bigint]): KeyRecord => {
    const slope = (a0: Uint8Array, d: bigint): Point =>
      mulPublic(mulBase(d).subtract(decodePoint(a0, 'a0')), third)
    const commitments = [
      [a10, encodePoint(slope(a10, dealers[0]))],
      [a20, encodePoint(slope(a20, dealers[1]))],
    ] as const
    const sid = sidOfRecord(record)
    const encryptions = dealers.map((d, i) =>
      encryptVerifiably(pveLabel(sid, i === 0 ? 1 : 2, 3, 0, 0), recoveryKey, d, random),
    ) as [Uint8Array, Uint8Array]
    return completeRecord({ ...record, commitments, encryptions }).record
  }
  it('is consistent, opens, keeps X and K, and fails at the pinned signatures alone', () => {
    const dealers = [randomScalar(random), randomScalar(random)] as const
    const kit = forged(dealers)
    verifyRecord(kit)
    const share = openRecoveryShare(kit, kappa)
    expect(expose(share.secretShare)).toBe(mod(dealers[0] + dealers[1]))
    expect(kit.publicKey).toEqual(record.publicKey)
    expect(kit.keyId).toEqual(record.keyId)
    // What the parties signed is another transcript.
    const pinned = device.sign(TH('sig/tr', 'device', record.keyId, record.transcript))
    expect(identityVerifies(device.id, TH('sig/tr', 'device', kit.keyId, record.transcript), pinned)).toBe(
      true,
    )
    expect(identityVerifies(device.id, TH('sig/tr', 'device', kit.keyId, kit.transcript), pinned)).toBe(false)
    // And a forger that signs itself has another fingerprint.
    const forger = identityOf(random(32))
    const fp = (idD: Uint8Array) => TH('kit/fp', kit.keyId, encodePoint(recoveryKey), idD, cosigner.id)
    expect(fp(forger.id)).not.toEqual(fp(device.id))
    run.count()
  })

  it('the true record opens to the true share', () => {
    verifyRecord(record)
    expect(expose(openRecoveryShare(record, kappa).secretShare)).toBe(expose(wallet.share(3).secretShare))
  })
})

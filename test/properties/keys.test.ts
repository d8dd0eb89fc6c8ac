// Does a new random key sign with all three pairs, and do its parts belong together? (SPEC 1, 2.5, 4)

import { mod, mulBase } from '@tercet/protocol/curve'
import { lagrange } from '@tercet/protocol/internal/polynomial'
import { expose } from '@tercet/protocol/internal/secret'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import type { SigningContext } from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare, verifyRecord } from '@tercet/protocol/recovery-share'
import { expect, it } from 'vitest'
import { identityOf } from '../support/fixture.js'
import { faults } from '../support/judges.js'
import { renewed } from '../support/setup-session.js'
import { keyAt, type Pair, presign, signFresh, signPool } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('random keys')

/** A key with everything that its three parties hold. */
function newKey(random: Random) {
  const parties = { idDevice: identityOf(random(32)).id, idCosigner: identityOf(random(32)).id }
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(random(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), random)
  const policyHash = random(32)
  const signature = new Uint8Array(64)
  const a = keygen.start({ parties, recoveryKey, recoveryProof, policyHash }, random)
  const b = keygen.answer({ parties, policyHash }, decodeMessage('keygen.req1', a.send), random)
  const c = keygen.open(a.state, decodeMessage('keygen.res1', b.send), random)
  const d = keygen.deal(b.state, decodeMessage('keygen.req2', c.send), random)
  const res2 = encodeMessage('keygen.res2', { ...d.send, signature })
  const e = keygen.finish(c.state, decodeMessage('keygen.res2', res2), random)
  const req3 = encodeMessage('keygen.req3', { ...e.send, signature })
  const cosigner = keygen.confirm(d.state, decodeMessage('keygen.req3', req3))
  return { parties, kappa, device: e.key, cosigner }
}

it.each(Array.from({ length: run.times(1, 5) }, (_, n) => n))('key %i', (n) => {
  const random = run.random(`key ${n}`)
  const { parties, kappa, device, cosigner } = newKey(random)
  expect(device.record).toEqual(cosigner.record)
  verifyRecord(device.record)
  const recovery = openRecoveryShare(cosigner.record, kappa)
  const shares = [device.share, cosigner.share, recovery] as const
  const secret = (i: 0 | 1 | 2): bigint => expose(shares[i].secretShare)
  for (const [i, j] of [
    [0, 1],
    [0, 2],
    [2, 1],
  ] as const) {
    const [p, q] = [shares[i].party, shares[j].party]
    const x = mod(lagrange(p, q) * secret(i) + lagrange(q, p) * secret(j))
    expect(mulBase(x).equals(device.share.publicKey)).toBe(true)
    const context = (share: typeof device.share, otSetup: typeof device.otSetup): SigningContext => ({
      share,
      otSetup,
      idInitiator: parties.idDevice,
      idResponder: parties.idCosigner,
    })
    const own: Pair = {
      initiator: context(shares[i], device.otSetup),
      responder: context(shares[j], cosigner.otSetup),
    }
    // Only the pair of the keygen has a setup by then.
    const pair = i === 0 && j === 1 ? own : renewed(own, 'pair', random)
    const path = [n, i, j]
    const body = random(60)
    expect(faults(keyAt(recovery, path), body, signFresh(pair, path, body, random))).toEqual([])
    for (const shared of presign(pair, 2, random))
      expect(faults(keyAt(recovery, path), body, signPool(shared, recovery, path, body, random))).toEqual([])
    run.count(3)
  }
})

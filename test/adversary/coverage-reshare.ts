// Which inputs do the hashes of a reshare have, and what else could each of them be? (SPEC 5.1)

import { encodePoint, mulBase, type Point, randomScalar } from '@tercet/protocol/curve'
import { reshareCommitment } from '@tercet/protocol/internal/reshare-plan'
import {
  completeRecord,
  type ReshareNames,
  type ReshareRecord,
  reshareSidOf,
} from '@tercet/protocol/key-record'
import type { Random } from '@tercet/protocol/random'
import type { FixtureWallet } from '../support/fixture.js'
import { type Coverage, row } from './coverage.js'

/** As {@link coverage}, for sid, C1 and Tr of a reshare. */
export function reshareCoverage(wallet: FixtureWallet, random: Random): Coverage[] {
  const point = (): Point => mulBase(randomScalar(random))
  const bytes32 = () => random(32)
  const reshareParts = (n: 0 | 1) => ({
    kind: n === 0 ? ('refresh' as const) : ('replace' as const),
    keyId: bytes32(),
    epoch: 1 + n,
    attempt: 1 + n,
    transcriptPrev: bytes32(),
    dealers: n === 0 ? ([1, 2] as const) : ([1, 3] as const),
    nI: bytes32(),
    nJ: bytes32(),
    idDealerA: random(34),
    idDealerB: random(34),
    idD: random(34),
    idC: random(34),
    ekI: bytes32(),
    ekJ: bytes32(),
    ek1: bytes32(),
    ek2: bytes32(),
    recoveryKey: encodePoint(point()),
    policyHash: bytes32(),
    commitment: bytes32(),
  })
  const namesOf = (i: Pick<ReshareRecord, keyof ReshareNames>): ReshareNames => ({
    kind: i.kind,
    keyId: i.keyId,
    epoch: i.epoch,
    attempt: i.attempt,
    transcriptPrev: i.transcriptPrev,
    dealers: i.dealers,
  })
  const reshareDealings = () => ({
    aA0: encodePoint(point()),
    aA1: encodePoint(point()),
    aB0: encodePoint(point()),
    aB1: encodePoint(point()),
    pveA: random(99),
    pveB: random(99),
    idA: bytes32(),
    idB: bytes32(),
    chainCode: bytes32(),
  })
  const reshareOpening = (initiator: 1 | 3) => ({
    initiator,
    nonce: bytes32(),
    keyId: bytes32(),
    base: bytes32(),
    K: point(),
    a0: point(),
    a1: point(),
    rho: bytes32(),
  })
  return [
    row('sid of a reshare', (i) => reshareSidOf(namesOf(i), i), reshareParts(0), reshareParts(1)),
    row(
      'C1 of a reshare',
      (i) =>
        reshareCommitment(
          {
            initiator: i.initiator,
            recoveryKey: i.K,
            base: { record: { ...wallet.record, keyId: i.keyId, transcript: i.base } },
          },
          i.nonce,
          i,
        ),
      reshareOpening(1),
      reshareOpening(3),
    ),
    row(
      'Tr of a reshare',
      (i) =>
        completeRecord({
          ...namesOf(i),
          commitments: [
            [i.aA0, i.aA1],
            [i.aB0, i.aB1],
          ],
          encryptions: [i.pveA, i.pveB],
          otSetupIds: [i.idA, i.idB],
          chainCode: i.chainCode,
          sidInputs: i,
        }).record.transcript,
      { ...reshareParts(0), ...reshareDealings() },
      { ...reshareParts(1), ...reshareDealings() },
    ),
  ]
}

// Which inputs does each hash of the protocol have, and what else could each of them be? (SPEC 0.4, 0.6, 1.2, 2.2, 4.4)

import { encodePoint, encodeScalar, mulBase, type Point, randomScalar } from '@tercet/protocol/curve'
import { derive } from '@tercet/protocol/derivation'
import { keygenCommitment } from '@tercet/protocol/internal/keygen-commitment'
import { hashToPoint, otSetupId, otSid } from '@tercet/protocol/internal/oblivious/base-ot'
import {
  nonceCommitment,
  padSids,
  presigIds,
  psid0,
  psidOf,
  receiverSid,
} from '@tercet/protocol/internal/presign-session'
import type { PresignatureContent } from '@tercet/protocol/internal/presignature'
import { signatureShare } from '@tercet/protocol/internal/rerandomise'
import { pveLabel } from '@tercet/protocol/internal/verifiable-encryption'
import { completeRecord, sidOf } from '@tercet/protocol/key-record'
import type { Random } from '@tercet/protocol/random'
import { sessionId } from '@tercet/protocol/session'
import { digest, view } from '@tercet/protocol/sign'
import type { FixtureWallet } from '../support/fixture.js'
import { below } from '../support/random.js'

/** A hash of some inputs, and the same hash with one input exchanged, for each of them. */
export interface Coverage {
  readonly name: string
  readonly base: () => Uint8Array
  readonly variants: readonly { readonly key: string; readonly value: () => Uint8Array }[]
}

/** Makes a row from the hash, its inputs, and another value for each input. */
export function row<I extends object>(
  name: string,
  of: (inputs: I) => Uint8Array,
  inputs: I,
  others: { readonly [K in keyof I]: I[K] },
): Coverage {
  const variants = (Object.keys(inputs) as (keyof I & string)[]).map((key) => ({
    key,
    value: () => of({ ...inputs, [key]: others[key] }),
  }))
  return { name, base: () => of(inputs), variants }
}

/** Every hash whose inputs a party or a peer could vary. */
export function coverage(wallet: FixtureWallet, random: Random): Coverage[] {
  const point = (): Point => mulBase(randomScalar(random))
  const context = wallet.context(1, 2, 'initiator')
  const { share, otSetup } = context
  const bytes32 = () => random(32)
  const sidInputs = () => ({
    nD: bytes32(),
    nC: bytes32(),
    idD: random(34),
    idC: random(34),
    ekD: bytes32(),
    ekC: bytes32(),
    recoveryKey: encodePoint(point()),
    policyHash: bytes32(),
    commitment: bytes32(),
  })
  const opening = () => ({
    nonce: bytes32(),
    idD: random(34),
    idC: random(34),
    K: point(),
    a0: point(),
    a1: point(),
    cc: bytes32(),
    rho: bytes32(),
  })
  const ot = (n: 0 | 1) =>
    ({
      keyId: bytes32(),
      epoch: n,
      attempt: n,
      nonceI: bytes32(),
      nonceJ: bytes32(),
      sender: n === 0 ? 1 : 3,
      receiver: n === 0 ? 2 : 1,
      direction: n === 0 ? 'A' : 'B',
    }) as const
  const session0 = (n: 0 | 1) => ({
    keyId: bytes32(),
    epoch: n,
    attempt: n,
    transcript: bytes32(),
    idA: bytes32(),
    idB: bytes32(),
    idInitiator: random(34),
    idResponder: random(34),
    initiator: n === 0 ? (1 as const) : (3 as const),
    responder: n === 0 ? (2 as const) : (3 as const),
    mode: n === 0 ? ('pool' as const) : ('fresh' as const),
    batch: 1 + n,
    reqHash: bytes32(),
    nonce: bytes32(),
  })
  const parts = (n: 0 | 1) => ({
    epoch: n,
    attempt: n,
    transcriptPrev: bytes32(),
    a10: encodePoint(point()),
    a11: encodePoint(point()),
    a20: encodePoint(point()),
    a21: encodePoint(point()),
    cc1: bytes32(),
    cc2: bytes32(),
    pve1: random(99),
    pve2: random(99),
    idA: bytes32(),
    idB: bytes32(),
    ...sidInputs(),
  })
  const presignature = () => ({
    keyId: bytes32(),
    epoch: below(random, 1000),
    presigId: bytes32(),
    publicKey: point(),
    r: point(),
    path: below(random, 2 ** 31),
    h: bytes32(),
    request: random(20),
    entropy: bytes32(),
  })
  const child = derive(share, [1]).tweak
  const child2 = derive(share, [2]).tweak

  return [
    row('sid', sidOf, sidInputs(), sidInputs()),
    row(
      'C1 of a keygen',
      (i) =>
        keygenCommitment(i.nonce, { idDevice: i.idD, idCosigner: i.idC }, i.K, {
          a0: i.a0,
          a1: i.a1,
          chainCode: i.cc,
          rho: i.rho,
        }),
      opening(),
      opening(),
    ),
    row(
      'Tr',
      (i) =>
        completeRecord({
          epoch: i.epoch,
          attempt: i.attempt,
          transcriptPrev: i.transcriptPrev,
          commitments: [
            [i.a10, i.a11],
            [i.a20, i.a21],
          ],
          chainCodes: [i.cc1, i.cc2],
          encryptions: [i.pve1, i.pve2],
          otSetupIds: [i.idA, i.idB],
          sidInputs: i,
        }).record.transcript,
      parts(0),
      parts(1),
    ),
    row('otSid', otSid, ot(0), ot(1)),
    row(
      'otSetupId',
      (i) => otSetupId(i.sid, i.bot1, i.bot2),
      { sid: bytes32(), bot1: random(66), bot2: random(66) },
      { sid: bytes32(), bot1: random(66), bot2: random(66) },
    ),
    row(
      'Hpt',
      (i) => encodePoint(hashToPoint(i.sid, i.i, i.b, i.P)),
      { sid: bytes32(), i: 3, b: 0 as 0 | 1, P: encodePoint(point()) },
      { sid: bytes32(), i: 4, b: 1 as 0 | 1, P: encodePoint(point()) },
    ),
    row(
      'psid0',
      (i) =>
        psid0(
          {
            ...context,
            idInitiator: i.idInitiator,
            idResponder: i.idResponder,
            share: { ...share, keyId: i.keyId, epoch: i.epoch, attempt: i.attempt, transcript: i.transcript },
            otSetup: { ...otSetup, idA: i.idA, idB: i.idB, initiator: i.initiator, responder: i.responder },
          },
          i.mode,
          i.batch,
          i.reqHash,
          i.nonce,
        ),
      session0(0),
      session0(1),
    ),
    row(
      'psid',
      (i) => psidOf(i.psid0, i.nonceJ, i.body),
      { psid0: bytes32(), nonceJ: bytes32(), body: random(200) },
      { psid0: bytes32(), nonceJ: bytes32(), body: random(200) },
    ),
    row(
      'sidR',
      (i) => receiverSid(i.direction, i.id),
      { direction: 'A' as 'A' | 'B', id: bytes32() },
      { direction: 'B' as 'A' | 'B', id: bytes32() },
    ),
    row(
      'sidF',
      (i) => padSids(i.direction, i.psid, 3)[i.n] as Uint8Array,
      { direction: 'A' as 'A' | 'B', psid: bytes32(), n: 0 },
      { direction: 'B' as 'A' | 'B', psid: bytes32(), n: 2 },
    ),
    row(
      'presigId',
      (i) => presigIds(i.psid, 3)[i.n] as Uint8Array,
      { psid: bytes32(), n: 0 },
      { psid: bytes32(), n: 2 },
    ),
    row(
      'C1 of a presign session',
      (i) => nonceCommitment(i.psid0, i.n, i.r, i.rho),
      { psid0: bytes32(), n: 0, r: point(), rho: bytes32() },
      { psid0: bytes32(), n: 1, r: point(), rho: bytes32() },
    ),
    row(
      'view',
      (i) => view(i.presigId, i.key, { digest: digest(i.h), tweak: i.tweak, request: new Uint8Array() }),
      { presigId: bytes32(), key: point(), h: bytes32(), tweak: child },
      { presigId: bytes32(), key: point(), h: bytes32(), tweak: child2 },
    ),
    row(
      'delta',
      (i) => {
        const content: PresignatureContent = { ...i, phi: 1n, u: 1n, v: 1n, reqHash: undefined }
        const tweak = derive({ publicKey: i.publicKey, chainCode: new Uint8Array(32) }, [i.path]).tweak
        const input = { digest: digest(i.h), tweak, request: i.request }
        // u' = u + delta*phi with u = phi = 1.
        return encodeScalar(signatureShare(content, input, i.entropy).u)
      },
      presignature(),
      presignature(),
    ),
    row(
      'PVE label',
      (i) => pveLabel(i.sid, i.dealer, i.receiver, i.epoch, i.attempt),
      { sid: bytes32(), dealer: 1 as 1 | 2 | 3, receiver: 3 as 1 | 2 | 3, epoch: 0, attempt: 0 },
      { sid: bytes32(), dealer: 2 as 1 | 2 | 3, receiver: 1 as 1 | 2 | 3, epoch: 1, attempt: 1 },
    ),
    row(
      'session',
      (i) => sessionId(i.op, i.nonce, i.idI, i.idJ),
      { op: 'presign' as 'presign' | 'fresh', nonce: bytes32(), idI: random(34), idJ: random(34) },
      { op: 'fresh' as 'presign' | 'fresh', nonce: bytes32(), idI: random(34), idJ: random(34) },
    ),
  ]
}

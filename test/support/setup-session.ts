// How does an OT setup exchange run between honest programs, with any message exchanged for another? (SPEC 2.5)

import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage, type OtReason } from '@tercet/protocol/messages'
import {
  answer,
  confirm,
  finish,
  type OtSetup,
  open,
  type RenewAnswered,
  type RenewOpened,
  type RenewStarted,
  start,
} from '@tercet/protocol/ot-setup'
import type { Random } from '@tercet/protocol/random'
import type { FixtureWallet } from './fixture.js'
import { forks, type Pair } from './signing.js'
import type { Stage } from './stage.js'

/** Both halves of a new setup, the initiator's first. */
export function newSetups(
  I: KeyShare,
  J: KeyShare,
  random: Random,
  reason: OtReason = 'pair',
): readonly [OtSetup, OtSetup] {
  const parties = { initiator: I.party, responder: J.party }
  const a = start(I, parties, reason, random)
  const b = answer(J, parties, decodeMessage('ot.req1', a.send), random)
  const c = open(a.state, decodeMessage('ot.res1', b.send), random)
  const d = confirm(b.state, decodeMessage('ot.req2', c.send), random)
  return [finish(c.state, decodeMessage('ot.res2', d.send)).otSetup, d.otSetup]
}

/** The same two parties with a setup that was made anew. */
export function renewed({ initiator, responder }: Pair, reason: OtReason, random: Random): Pair {
  const [own, theirs] = newSetups(initiator.share, responder.share, random, reason)
  return { initiator: { ...initiator, otSetup: own }, responder: { ...responder, otSetup: theirs } }
}

/** An exchange of parties 1 and 2: a stage for each message. The other session's points are those of the keygen. */
export function setupStages(wallet: FixtureWallet, random: Random): Stage[] {
  const I = wallet.share(1)
  const J = wallet.share(2)
  const parties = { initiator: 1, responder: 2 } as const
  const begun = start(I, parties, 'burned', random)
  const started = forks(begun.state)

  const onReq1 = (body: Uint8Array): readonly string[] => {
    const next = answer(J, parties, decodeMessage('ot.req1', body), random)
    return onRes1(started(), next.state, next.send)
  }
  const onRes1 = (i: RenewStarted, j: RenewAnswered, body: Uint8Array): readonly string[] => {
    const next = open(i, decodeMessage('ot.res1', body), random)
    return onReq2(next.state, j, next.send)
  }
  const onReq2 = (i: RenewOpened, j: RenewAnswered, body: Uint8Array): readonly string[] => {
    const next = confirm(j, decodeMessage('ot.req2', body), random)
    return onRes2(i, next.otSetup, next.send)
  }
  const onRes2 = (i: RenewOpened, j: OtSetup, body: Uint8Array): readonly string[] => {
    const { otSetup } = finish(i, decodeMessage('ot.res2', body))
    const same = Buffer.from(otSetup.idA).equals(j.idA) && Buffer.from(otSetup.idB).equals(j.idB)
    return same ? [] : ['the parties hold different setups']
  }

  const a = answer(J, parties, decodeMessage('ot.req1', begun.send), random)
  const answered = forks(a.state)
  const b = open(started(), decodeMessage('ot.res1', a.send), random)
  const opened = forks(b.state)
  const c = confirm(answered(), decodeMessage('ot.req2', b.send), random)
  const other = setupBodies(wallet, random)
  return [
    { message: 'ot.req1', batch: 1, body: begun.send, other: other['ot.req1'], deliver: onReq1 },
    {
      message: 'ot.res1',
      batch: 1,
      body: a.send,
      other: other['ot.res1'],
      deliver: (body) => onRes1(started(), answered(), body),
    },
    {
      message: 'ot.req2',
      batch: 1,
      body: b.send,
      other: other['ot.req2'],
      deliver: (body) => onReq2(opened(), answered(), body),
    },
    {
      message: 'ot.res2',
      batch: 1,
      body: c.send,
      other: other['ot.res2'],
      deliver: (body) => onRes2(opened(), c.otSetup, body),
    },
  ]
}

/** Well-formed bodies of an exchange that never was, with the points of the keygen. */
export function setupBodies(wallet: FixtureWallet, random: Random) {
  const [res1, req2, res2] = [
    decodeMessage('keygen.res1', wallet.keygen.get('keygen.res1') as Uint8Array),
    decodeMessage('keygen.req2', wallet.keygen.get('keygen.req2') as Uint8Array),
    decodeMessage('keygen.res2', wallet.keygen.get('keygen.res2') as Uint8Array),
  ]
  return {
    'ot.req1': encodeMessage('ot.req1', { nonce: random(32), reason: 'peer-fault' }),
    'ot.res1': encodeMessage('ot.res1', { nonce: random(32), baseOtA1: res1.baseOtA1.bytes }),
    'ot.req2': encodeMessage('ot.req2', {
      baseOtA2: req2.baseOtA2.bytes,
      baseOtB1: req2.baseOtB1.bytes,
    }),
    'ot.res2': encodeMessage('ot.res2', { baseOtB2: res2.baseOtB2.bytes, confirm: random(32) }),
  } as const
}

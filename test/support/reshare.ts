// How do honest programs reshare a key, in one process?

import type { Point } from '@tercet/protocol/curve'
import type { KeyRecord, ReshareRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import type { OtSetup } from '@tercet/protocol/ot-setup'
import type { Party } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import {
  accept,
  answerRefresh,
  answerReplace,
  checkAcknowledgement,
  commit,
  confirm,
  dealRefresh,
  dealReplace,
  finishRefresh,
  finishReplace,
  offer,
  openRefresh,
  openReplace,
  type ShareId,
  startRefresh,
  startReplace,
} from '@tercet/protocol/reshare'
import { fixtureWallet, type Identity, identityOf } from './fixture.js'

const NO_SIGNATURE = new Uint8Array(64)

/** All shares of one epoch, in the hands of one test. */
export interface Generation {
  readonly record: KeyRecord
  readonly kappa: bigint
  readonly identities: readonly [device: Identity, cosigner: Identity]
  /** Of the parties 1 and 2. */
  readonly shares: readonly [KeyShare, KeyShare]
  /** The setups that came with a refresh, of the device and of the cosigner. */
  readonly otSetups?: readonly [OtSetup, OtSetup]
}

/** Who deals, and who comes new; a refresh has no newcomer. */
export type Use = {
  readonly name: string
  readonly kind: 'refresh' | 'replace'
  readonly dealers: readonly [1, 2] | readonly [1, 3] | readonly [2, 3]
  readonly newcomer?: 1 | 2
}

/** Every reshare that there is. */
export const USES: readonly Use[] = [
  { name: 'refresh', kind: 'refresh', dealers: [1, 2] },
  { name: 'device moved', kind: 'replace', dealers: [1, 2], newcomer: 1 },
  { name: 'operator changed', kind: 'replace', dealers: [1, 2], newcomer: 2 },
  { name: 'device lost', kind: 'replace', dealers: [2, 3], newcomer: 1 },
  { name: 'operator lost', kind: 'replace', dealers: [1, 3], newcomer: 2 },
]

/** The stored wallet as a generation. */
export function firstGeneration(): Generation {
  const wallet = fixtureWallet()
  const { device, cosigner } = wallet.identities
  return {
    record: wallet.record,
    kappa: wallet.kappa,
    identities: [device, cosigner],
    shares: [wallet.share(1), wallet.share(2)],
  }
}

/** The share of any party; that of party 3 is opened from the record. */
export function shareOf({ record, kappa, shares }: Generation, party: Party): KeyShare {
  return party === 3 ? openRecoveryShare(record, kappa) : (shares[party - 1] as KeyShare)
}

/** A new recovery key, where one is asked for. */
export interface NewRecoveryKey {
  readonly kappa: bigint
  readonly recoveryKey: Point
}
export function newRecoveryKey(random: Random): NewRecoveryKey {
  const { kappa, publicKey } = recoveryKeyFromSeed(random(32))
  return { kappa, recoveryKey: publicKey }
}

/** A reshare between honest parties. */
export function reshare(
  use: Use,
  base: Generation,
  random: Random,
  change?: NewRecoveryKey,
  attempt = 1,
): Generation {
  const id = { epoch: base.record.epoch + 1, attempt }
  return use.kind === 'refresh' ? refresh(base, id, random, change) : replace(use, base, id, random, change)
}

function refresh(base: Generation, id: ShareId, random: Random, change?: NewRecoveryKey): Generation {
  const { record, kappa, shares } = base
  const recoveryKey = change?.recoveryKey
  const owner = ownerOf(record.sidInputs.idD)
  const changed = change && {
    recoveryKey: change.recoveryKey,
    recoveryProof: proveRecoveryKey(change.kappa, owner, random),
    authorisation: random(32),
  }
  const a = startRefresh({ share: shares[0], record, id, change: changed }, random)
  const pins = { share: shares[1], record, recoveryKey }
  const b = answerRefresh(pins, decodeMessage('refresh.req1', a.send), random)
  const c = openRefresh(a.state, decodeMessage('refresh.res1', b.send), random)
  const d = dealRefresh(b.state, decodeMessage('refresh.req2', c.send), random)
  const answer = encodeMessage('refresh.res2', { ...d.send, signature: NO_SIGNATURE })
  const e = finishRefresh(c.state, decodeMessage('refresh.res2', answer))
  confirmed(e.key.share, d.key.share, random)
  return {
    record: e.key.record,
    kappa: change?.kappa ?? kappa,
    identities: base.identities,
    shares: [e.key.share, d.key.share],
    otSetups: [e.key.otSetup, d.key.otSetup],
  }
}

function replace(
  use: Use,
  base: Generation,
  id: ShareId,
  random: Random,
  change?: NewRecoveryKey,
): Generation {
  const { record, kappa } = base
  const [initiator, responder] = use.dealers[0] === 2 ? ([3, 2] as const) : use.dealers
  const party = use.newcomer as 1 | 2
  const newIdentity = identityOf(random(32))
  const identity = newIdentity.id
  const [device, cosigner] = base.identities
  const invitation = encodeMessage('newcomer.req1', {
    nonce: random(32),
    keyId: record.keyId,
    party: party === 1 ? 'device' : 'cosigner',
    transcriptBase: record.transcript,
    ...id,
  })
  const offered = offer(decodeMessage('newcomer.req1', invitation), identity, random)
  const owner = ownerOf(party === 1 ? identity : record.sidInputs.idD)
  const newcomer = { party, identity, sealKey: offered.sealKey, signature: NO_SIGNATURE }
  const recoveryKey = change?.recoveryKey
  const a = startReplace(
    {
      share: shareOf(base, initiator),
      record,
      id,
      responder,
      newcomer,
      authorisation: random(32),
      change: change && {
        recoveryKey: change.recoveryKey,
        recoveryProof: proveRecoveryKey(change.kappa, owner, random),
      },
    },
    random,
  )
  const pins = { share: shareOf(base, responder), record, initiator, newcomer, recoveryKey }
  const b = answerReplace(pins, decodeMessage('replace.req1', a.send), random)
  const c = openReplace(a.state, decodeMessage('replace.res1', b.send), random)
  const d = dealReplace(b.state, decodeMessage('replace.req2', c.send), random)
  const answer = encodeMessage('replace.res2', { ...d.send, signature: NO_SIGNATURE })
  const e = finishReplace(c.state, decodeMessage('replace.res2', answer), random)
  const handover = encodeMessage('newcomer.req2', {
    ...e.handover,
    signature: NO_SIGNATURE,
    dealerSignature: NO_SIGNATURE,
    baseKit: new Uint8Array(0),
  })
  const f = accept(offered.state, { record, recoveryKey }, decodeMessage('newcomer.req2', handover), random)
  const ack = encodeMessage('newcomer.res2', { ...f.send, signature: NO_SIGNATURE })
  checkAcknowledgement(e.record, party, decodeMessage('newcomer.res2', ack))
  const stayed = e.share ?? (d.share as KeyShare)
  const shares = party === 1 ? ([f.key.share, stayed] as const) : ([stayed, f.key.share] as const)
  confirmed(shares[0], shares[1], random)
  return {
    record: sameRecord(e.record, d.record, f.key.record),
    kappa: change?.kappa ?? kappa,
    identities: party === 1 ? [newIdentity, cosigner] : [device, newIdentity],
    shares,
  }
}

/** COMMIT, as the device makes it and the cosigner checks it. */
function confirmed(device: KeyShare, cosigner: KeyShare, random: Random): void {
  const fields = { ...commit(device, random), signature: NO_SIGNATURE, dealerSignature: NO_SIGNATURE }
  confirm(cosigner, decodeMessage('reshare.req3', encodeMessage('reshare.req3', fields)))
}

function sameRecord(first: ReshareRecord, ...others: readonly ReshareRecord[]): ReshareRecord {
  for (const other of others)
    if (!Buffer.from(other.transcript).equals(first.transcript))
      throw new Error('the parties hold different records')
  return first
}

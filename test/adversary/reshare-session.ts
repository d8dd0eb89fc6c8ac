import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { take } from '@tercet/protocol/internal/one-time'
import { decodeMessage, encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import {
  accept,
  answerReplace,
  dealReplace,
  finishReplace,
  type NewcomerOffered,
  offer,
  openReplace,
  type ReplaceAnswered,
  type ReplaceOpened,
  type ReplaceStarted,
  startReplace,
} from '@tercet/protocol/reshare'
import { fixtureWallet, identityOf } from '../support/fixture.js'
import { NO_SIGNATURE, offerValue } from '../support/reshare-programs.js'
import { forks } from '../support/signing.js'

/** What became of a step: the reason and class of its refusal, or `accepted`. */
export function reasonOf(step: () => unknown): string {
  try {
    step()
  } catch (error) {
    if (error instanceof ProtocolAbort) return `${error.reason}, ${error.consequence}`
    if (error instanceof Malformed) return 'malformed'
    throw error
  }
  return 'accepted'
}

/** One session; its states can be used many times. */
export function recordedReplace(random: Random) {
  const wallet = fixtureWallet()
  const { record } = wallet
  const id = { epoch: 1, attempt: 1 }
  const newDevice = identityOf(random(32))
  const invited = decodeMessage(
    'newcomer.req1',
    encodeMessage('newcomer.req1', {
      nonce: random(32),
      keyId: record.keyId,
      party: 'device',
      transcriptBase: record.transcript,
      ...id,
    }),
  )
  const o = offer(invited, newDevice.id, random)
  const offered: () => NewcomerOffered = forks(o.state)
  const newcomer = {
    party: 1,
    identity: newDevice.id,
    sealKey: o.sealKey,
    signature: newDevice.sign(offerValue(invited, o.sealKey)),
  } as const
  const lost = {
    share: wallet.share(3),
    record,
    id,
    responder: 2,
    newcomer,
    authorisation: random(32),
  } as const
  const pins = { share: wallet.share(2), record, initiator: 3, newcomer } as const
  const s = startReplace(lost, random)
  const started: () => ReplaceStarted = forks(s.state)
  const req1 = decodeMessage('replace.req1', s.send)
  const a = answerReplace(pins, req1, random)
  const answered: () => ReplaceAnswered = forks(a.state)
  const res1 = decodeMessage('replace.res1', a.send)
  const p = openReplace(started(), res1, random)
  const opened: () => ReplaceOpened = forks(p.state)
  const req2 = decodeMessage('replace.req2', p.send)
  const d = dealReplace(answered(), req2, random)
  const res2 = decodeMessage(
    'replace.res2',
    encodeMessage('replace.res2', { ...d.send, signature: NO_SIGNATURE }),
  )
  const f = finishReplace(opened(), res2, random)
  const handover = (change: Partial<MessageOf<'newcomer.req2'>> = {}): MessageOf<'newcomer.req2'> => {
    const fields = { ...f.handover, signature: NO_SIGNATURE, dealerSignature: NO_SIGNATURE }
    const body = encodeMessage('newcomer.req2', { ...fields, baseKit: new Uint8Array(0) })
    return { ...decodeMessage('newcomer.req2', body), ...change }
  }
  const accepts = (change: Partial<MessageOf<'newcomer.req2'>> = {}): string =>
    reasonOf(() => accept(offered(), { record }, handover(change), random))
  const { sid, session } = take(answered(), 'replace.Answered').session
  return {
    wallet,
    record,
    id,
    newDevice,
    invited,
    sealKey: o.sealKey,
    offered,
    newcomer,
    lost,
    pins,
    started,
    opened,
    answered,
    bodies: { res1: a.send, req2: p.send },
    req1,
    res1,
    req2,
    res2,
    handover,
    accepts,
    sid,
    session,
    dealt: d,
    finished: f,
  }
}

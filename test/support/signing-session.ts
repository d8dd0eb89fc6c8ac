// How do a presign session and a fresh signature run between honest programs, with any message exchanged for another?

import { ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, type MessageName } from '@tercet/protocol/messages'
import {
  accept,
  answer,
  answerFresh,
  confirm,
  confirmFresh,
  finish,
  type InitiatorFinished,
  type InitiatorFreshStarted,
  type InitiatorPresignature,
  type InitiatorStarted,
  type ResponderAnswered,
  type ResponderFreshAnswered,
  type ResponderPresignature,
  start,
  startFresh,
} from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { assertView, combine, finishFresh, type Requested, release, request } from '@tercet/protocol/sign'
import { faults } from './judges.js'
import { forks, inputOf, keyAt, type Pair } from './signing.js'
import type { Stage } from './stage.js'

/** Finishes a signature; exchanged for a broken one in a positive control. */
export type Combine = typeof combine

const PATH = [0, 7]

type Bodies = ReadonlyMap<MessageName, Uint8Array>
type Delivery = readonly [message: MessageName, deliver: (body: Uint8Array) => readonly string[]]

/** Records two honest sessions, and lets every message of the first be exchanged. */
function stages(record: () => { bodies: Bodies; deliveries: readonly Delivery[] }, batch: number): Stage[] {
  const session = record()
  const other = record()
  return session.deliveries.map(([message, deliver]) => ({
    message,
    batch: message.startsWith('sign.') ? 1 : batch,
    body: session.bodies.get(message) as Uint8Array,
    other: other.bodies.get(message) as Uint8Array,
    deliver,
  }))
}

type Held = { readonly presigId: Uint8Array; readonly presignature: ResponderPresignature }

/** Pool mode: a batch of presignatures, then a signature with each. */
export function poolStages(pair: Pair, batch: number, random: Random, finishes: Combine = combine): Stage[] {
  const { initiator, responder } = pair
  const { share } = initiator

  const record = () => {
    const bodies = new Map<MessageName, Uint8Array>()
    const begun = start(initiator, batch, random)
    const started = forks(begun.state)
    const onReq1 = (body: Uint8Array): readonly string[] => {
      const next = answer(responder, decodeMessage('presign.req1', body), random)
      return onRes1(started(), next.state, next.send)
    }
    const onRes1 = (i: InitiatorStarted, j: ResponderAnswered, body: Uint8Array): readonly string[] => {
      const next = finish(i, decodeMessage('presign.res1', body, batch), random)
      return onReq2(next.state, j, next.send)
    }
    const onReq2 = (i: InitiatorFinished, j: ResponderAnswered, body: Uint8Array): readonly string[] => {
      const next = confirm(j, decodeMessage('presign.req2', body, batch))
      return onRes2(i, next.presignatures, next.send)
    }
    const onRes2 = (i: InitiatorFinished, j: readonly Held[], body: Uint8Array): readonly string[] => {
      const own = accept(i, decodeMessage('presign.res2', body, batch))
      return own.flatMap(({ presignature }) => {
        const asked = request(presignature, inputOf(share, PATH, random(50)))
        return onSignReq(asked.state, j, asked.send, decodeMessage('sign.req1', asked.send).request)
      })
    }
    const onSignReq = (
      i: Requested,
      j: readonly Held[],
      body: Uint8Array,
      meant: Uint8Array,
    ): readonly string[] => {
      const message = decodeMessage('sign.req1', body)
      const held = j.find(({ presigId }) => Buffer.from(presigId).equals(message.presigId))
      // The node answers `unknown-presignature`; nothing is touched, as in the class `context`.
      if (held === undefined) throw new ProtocolAbort('context')
      const input = inputOf(responder.share, PATH, message.request)
      assertView(held.presigId, share.publicKey, input, message.view)
      return onSignRes(i, release(held.presignature, input, random), meant)
    }
    const onSignRes = (i: Requested, body: Uint8Array, meant: Uint8Array): readonly string[] =>
      faults(keyAt(share, PATH), meant, finishes(i, body))

    const r1 = answer(responder, decodeMessage('presign.req1', begun.send), random)
    const answered = forks(r1.state)
    const q2 = finish(started(), decodeMessage('presign.res1', r1.send, batch), random)
    const finished = forks(q2.state)
    const r2 = confirm(answered(), decodeMessage('presign.req2', q2.send, batch))
    const held = r2.presignatures.map(({ presigId, presignature }) => ({
      presigId,
      copy: forks(presignature),
    }))
    const copies = (): Held[] => held.map(({ presigId, copy }) => ({ presigId, presignature: copy() }))
    const [first] = accept(finished(), decodeMessage('presign.res2', r2.send, batch))
    const meant = random(50)
    const asked = request(first?.presignature as InitiatorPresignature, inputOf(share, PATH, meant))
    const requested = forks(asked.state)
    const input = inputOf(share, PATH, meant)
    const answerBody = release(copies()[0]?.presignature as ResponderPresignature, input, random)
    bodies.set('presign.req1', begun.send).set('presign.res1', r1.send).set('presign.req2', q2.send)
    bodies.set('presign.res2', r2.send).set('sign.req1', asked.send).set('sign.res1', answerBody)
    const deliveries: Delivery[] = [
      ['presign.req1', onReq1],
      ['presign.res1', (body) => onRes1(started(), answered(), body)],
      ['presign.req2', (body) => onReq2(finished(), answered(), body)],
      ['presign.res2', (body) => onRes2(finished(), copies(), body)],
      ['sign.req1', (body) => onSignReq(requested(), copies(), body, meant)],
      ['sign.res1', (body) => onSignRes(requested(), body, meant)],
    ]
    return { bodies, deliveries }
  }
  return stages(record, batch)
}

/** Fresh mode: one signature in two exchanges. */
export function freshStages(pair: Pair, random: Random, finishes: Combine = combine): Stage[] {
  const { initiator, responder } = pair
  const { share } = initiator

  const record = () => {
    const bodies = new Map<MessageName, Uint8Array>()
    const meant = random(50)
    const begun = startFresh(initiator, meant, random)
    const started = forks(begun.state)
    const onReq1 = (body: Uint8Array): readonly string[] => {
      const message = decodeMessage('fresh.req1', body)
      const next = answerFresh(responder, message, random)
      return onRes1(started(), next, message.request, next.send)
    }
    type Answered = { readonly state: ResponderFreshAnswered; readonly presigId: Uint8Array }
    const onRes1 = (
      i: InitiatorFreshStarted,
      j: Answered,
      judged: Uint8Array,
      body: Uint8Array,
    ): readonly string[] => {
      const message = decodeMessage('fresh.res1', body)
      const next = finishFresh(i, message, inputOf(share, PATH, meant), random)
      return onReq2(next.state, j, judged, next.send)
    }
    // The responder derives what it signs from the request that it judged, that of Req1.
    const onReq2 = (i: Requested, j: Answered, judged: Uint8Array, body: Uint8Array): readonly string[] => {
      const message = decodeMessage('fresh.req2', body)
      const input = inputOf(responder.share, PATH, judged)
      assertView(j.presigId, share.publicKey, input, message.view)
      return onRes2(i, release(confirmFresh(j.state, message), input, random))
    }
    const onRes2 = (i: Requested, body: Uint8Array): readonly string[] =>
      faults(keyAt(share, PATH), meant, finishes(i, body))

    const r1 = answerFresh(responder, decodeMessage('fresh.req1', begun.send), random)
    const answered = forks(r1.state)
    const copy = (): Answered => ({ state: answered(), presigId: r1.presigId })
    const input = inputOf(share, PATH, meant)
    const q2 = finishFresh(started(), decodeMessage('fresh.res1', r1.send), input, random)
    const requested = forks(q2.state)
    const answerBody = release(confirmFresh(answered(), decodeMessage('fresh.req2', q2.send)), input, random)
    bodies.set('fresh.req1', begun.send).set('fresh.res1', r1.send)
    bodies.set('fresh.req2', q2.send).set('fresh.res2', answerBody)
    const deliveries: Delivery[] = [
      ['fresh.req1', onReq1],
      ['fresh.res1', (body) => onRes1(started(), copy(), meant, body)],
      ['fresh.req2', (body) => onReq2(requested(), copy(), meant, body)],
      ['fresh.res2', (body) => onRes2(requested(), body)],
    ]
    return { bodies, deliveries }
  }
  return stages(record, 1)
}

// How do two honest programs sign together, in one process?

import type { Point } from '@tercet/protocol/curve'
import { derive, type Path, parsePath } from '@tercet/protocol/derivation'
import { box, type OneTime, take } from '@tercet/protocol/internal/one-time'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import {
  accept,
  answer,
  answerFresh,
  confirm,
  confirmFresh,
  finish,
  type InitiatorPresignature,
  type ResponderPresignature,
  type SigningContext,
  start,
  startFresh,
} from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import {
  assertView,
  combine,
  digest,
  finishFresh,
  release,
  request,
  type Signature,
  type SigningInput,
} from '@tercet/protocol/sign'
import { sha256 } from './hash.js'
import { faults } from './judges.js'

/** Both ends of a pair. */
export interface Pair {
  readonly initiator: SigningContext
  readonly responder: SigningContext
}

/** What a program derives from a request: here the digest is SHA-256 of its bytes, and the path is given. */
export function inputOf(share: KeyShare, path: Path | string, body: Uint8Array): SigningInput {
  const levels = typeof path === 'string' ? parsePath(path) : path
  return { digest: digest(sha256(body)), tweak: derive(share, levels).tweak, request: body }
}

/** The key that a path signs under. */
export function keyAt(share: KeyShare, path: Path | string): Point {
  return derive(share, typeof path === 'string' ? parsePath(path) : path).publicKey
}

/** A presignature at both sides. */
export interface Shared {
  readonly presigId: Uint8Array
  readonly initiator: InitiatorPresignature
  readonly responder: ResponderPresignature
}

/** A batch of presignatures. */
export function presign({ initiator, responder }: Pair, batch: number, random: Random): Shared[] {
  const a = start(initiator, batch, random)
  const b = answer(responder, decodeMessage('presign.req1', a.send), random)
  const c = finish(a.state, decodeMessage('presign.res1', b.send, batch), random)
  const d = confirm(b.state, decodeMessage('presign.req2', c.send, batch))
  const e = accept(c.state, decodeMessage('presign.res2', d.send, batch))
  return e.map(({ presigId, presignature }, n) => ({
    presigId,
    initiator: presignature,
    responder: d.presignatures[n]?.presignature as ResponderPresignature,
  }))
}

/** One signature in pool mode. */
export function signPool(
  shared: Shared,
  share: KeyShare,
  path: Path,
  body: Uint8Array,
  random: Random,
): Signature {
  const asked = request(shared.initiator, inputOf(share, path, body))
  const message = decodeMessage('sign.req1', asked.send)
  const input = inputOf(share, path, message.request)
  assertView(message.presigId, share.publicKey, input, message.view)
  return combine(asked.state, release(shared.responder, input, random))
}

/** One signature in fresh mode. */
export function signFresh(pair: Pair, path: Path, body: Uint8Array, random: Random): Signature {
  const { initiator, responder } = pair
  const a = startFresh(initiator, body, random)
  const b = answerFresh(responder, decodeMessage('fresh.req1', a.send), random)
  const asked = decodeMessage('fresh.res1', b.send)
  const c = finishFresh(a.state, asked, inputOf(initiator.share, path, body), random)
  const message = decodeMessage('fresh.req2', c.send)
  const input = inputOf(responder.share, path, message.request)
  assertView(b.presigId, responder.share.publicKey, input, message.view)
  return combine(c.state, release(confirmFresh(b.state, message), input, random))
}

/** Whether the pair still signs: what every judge objects to. */
export function honestFaults(pair: Pair, random: Random): string[] {
  const body = random(40)
  const signature = signFresh(pair, [0, 7], body, random)
  return faults(keyAt(pair.initiator.share, [0, 7]), body, signature)
}

/**
 * Opens a state for good and makes as many copies as asked: what no program can do, and what a cloned process would
 * amount to.
 */
export function forks<N extends string, C>(state: OneTime<N, C>): () => OneTime<N, C> {
  const { name } = state
  const content = take(state, name)
  return () => box(name, content)
}

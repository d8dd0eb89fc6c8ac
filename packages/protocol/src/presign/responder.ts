// What does the responder do for presignatures, or for one fresh signature? answer -> confirm. (SPEC 4.3)

import { equalBytes, isZero } from '../bytes.js'
import { mod, mulBase, ORDER, type Point, randomBytes } from '../curve.js'
import { Malformed, ProtocolAbort } from '../errors.js'
import { encodeMessage, type MessageOf } from '../messages/index.js'
import { extend, type MultiplicationReceiver } from '../oblivious/ot-extension.js'
import { multiplyFinish, multiplySend, type Pair } from '../oblivious/rvole.js'
import { box, type OneTime, take } from '../one-time.js'
import type { Random } from '../random.js'
import { newNonces } from './initiator.js'
import type { PresignatureContent, ResponderPresignature } from './presignature.js'
import {
  checkContext,
  NO_REQUEST,
  nonceCommitment,
  padSids,
  pairShares,
  presigIds,
  psid0,
  psidOf,
  receiverSid,
  requestHash,
  type SigningContext,
} from './session.js'
import { checkGamma, type OwnNonce, peerItems, sumShares } from './shares.js'

interface Answered {
  readonly context: SigningContext
  readonly batch: number
  readonly reqHash: Uint8Array | undefined
  readonly psid0: Uint8Array
  readonly psid: Uint8Array
  readonly commitment: readonly Uint8Array[]
  readonly own: readonly OwnNonce[]
  readonly x: bigint
  readonly peerPoint: Point
  readonly c: readonly Pair[]
  readonly receiver: MultiplicationReceiver
  readonly b: readonly bigint[]
}

export type ResponderAnswered = OneTime<'presign.ResponderAnswered', Answered>
export type ResponderFreshAnswered = OneTime<'fresh.ResponderAnswered', Answered>

/** Pool mode, on Req1. @throws ProtocolAbort `context` before secret-dependent work, `ot-extension` */
export function answer(
  context: SigningContext,
  message: MessageOf<'presign.req1'>,
  random: Random,
): { state: ResponderAnswered; send: Uint8Array; presigIds: readonly Uint8Array[] } {
  const { content, fields } = respond(context, message, undefined, random)
  const ids = presigIds(content.psid, content.batch)
  return {
    state: box('presign.ResponderAnswered', content),
    send: encodeMessage('presign.res1', fields),
    presigIds: ids,
  }
}

/** Fresh mode, on Req1, after the program has parsed the request and found no reason to refuse it. @throws as {@link answer} */
export function answerFresh(
  context: SigningContext,
  message: MessageOf<'fresh.req1'>,
  random: Random,
): { state: ResponderFreshAnswered; send: Uint8Array; presigId: Uint8Array } {
  const { content, fields } = respond(context, message, requestHash(message.request), random)
  const presigId = presigIds(content.psid, 1)[0] as Uint8Array
  return {
    state: box('fresh.ResponderAnswered', content),
    send: encodeMessage('fresh.res1', fields),
    presigId,
  }
}

function respond(
  context: SigningContext,
  message: MessageOf<'presign.req1'> | MessageOf<'fresh.req1'>,
  reqHash: Uint8Array | undefined,
  random: Random,
) {
  checkContext(context, 'responder')
  const { share, otSetup } = context
  const same =
    equalBytes(message.keyId, share.keyId) &&
    message.epoch === share.epoch &&
    message.attempt === share.attempt &&
    equalBytes(message.otSetupA, otSetup.idA) &&
    equalBytes(message.otSetupB, otSetup.idB)
  if (!same) throw new ProtocolAbort('context')
  if (isZero(message.nonce)) throw new ProtocolAbort('nonce')
  const { batch } = message
  const first = psid0(context, message.mode, batch, reqHash ?? NO_REQUEST, message.nonce)
  const nonce = randomBytes(random, 32)
  const psid = psidOf(first, nonce, message.bytes)
  const { own: x, peerPoint } = pairShares(share, otSetup.initiator)
  const own = newNonces(batch, random)
  const { message: product, c } = multiplySend(
    otSetup.sender,
    receiverSid('A', first),
    padSids('A', psid, batch),
    batch,
    { U: message.u, xt: message.xt, hT: message.hT },
    own.map(({ k }): Pair => [k, x]),
    random,
  )
  const {
    state: receiver,
    message: opening,
    b,
  } = extend(otSetup.receiver, receiverSid('B', psid), batch, random)
  const fields = {
    nonce,
    r: own.map(({ r }) => r),
    ...product,
    gu: c.map((pair) => mulBase(pair[0])),
    gv: c.map((pair) => mulBase(pair[1])),
    psi: own.map(({ phi }, n) => mod(phi + ORDER - (b[n] as bigint))),
    u: opening.U,
    xt: opening.xt,
    hT: opening.hT,
  }
  const { commitment } = message
  const content: Answered = {
    context,
    batch,
    reqHash,
    psid0: first,
    psid,
    commitment,
    own,
    x,
    peerPoint,
    c,
    receiver,
    b,
  }
  return { content, fields }
}

/** Pool mode, on Req2: openings, multiplication and gamma checks of all items, in that order. @throws ProtocolAbort */
export function confirm(
  state: ResponderAnswered,
  message: MessageOf<'presign.req2'>,
): { presignatures: { presigId: Uint8Array; presignature: ResponderPresignature }[]; send: Uint8Array } {
  const contents = conclude(take(state, 'presign.ResponderAnswered'), message)
  return {
    presignatures: contents.map((c) => ({
      presigId: c.presigId.slice(),
      presignature: box('ResponderPresignature', c),
    })),
    send: encodeMessage('presign.res2', { presigId: contents.map((c) => c.presigId) }),
  }
}

/** Fresh mode, on Req2: the request must be that of Req1; then as {@link confirm}. @throws ProtocolAbort */
export function confirmFresh(
  state: ResponderFreshAnswered,
  message: MessageOf<'fresh.req2'>,
): ResponderPresignature {
  const s = take(state, 'fresh.ResponderAnswered')
  if (!equalBytes(requestHash(message.request), s.reqHash ?? NO_REQUEST))
    throw new ProtocolAbort('request-changed')
  return box('ResponderPresignature', conclude(s, message)[0] as PresignatureContent)
}

function conclude(
  s: Answered,
  message: MessageOf<'presign.req2'> | MessageOf<'fresh.req2'>,
): PresignatureContent[] {
  if (message.r.length !== s.batch) throw new Malformed('r')
  let opens = true
  for (const [n, r] of message.r.entries()) {
    const again = nonceCommitment(s.psid0, n, r, message.rho[n] as Uint8Array)
    if (!equalBytes(again, s.commitment[n] as Uint8Array)) opens = false
  }
  if (!opens) throw new ProtocolAbort('presign-opening')
  const peers = peerItems(message)
  const d = multiplyFinish(s.receiver, padSids('B', s.psid, s.batch), message)
  const r = checkGamma(s.b, peers, s.peerPoint, d, s.own)
  const { share } = s.context
  return presigIds(s.psid, s.batch).map((presigId, n) => {
    const own = s.own[n] as OwnNonce
    return {
      presigId,
      keyId: share.keyId,
      epoch: share.epoch,
      publicKey: share.publicKey,
      r: r[n] as Point,
      phi: own.phi,
      ...sumShares(own, s.x, (peers[n] as (typeof peers)[number]).psi, s.c[n] as Pair, d[n] as Pair),
      reqHash: s.reqHash,
    }
  })
}

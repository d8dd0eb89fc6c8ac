// What does the initiator do to get presignatures, or one fresh signature? start -> finish -> accept. (SPEC 4.3)

import { equalBytes, isZero } from '../bytes.js'
import { mod, mulBase, ORDER, randomBytes, randomScalar } from '../curve.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import { encodeMessage, type FieldsOf, MAX_BATCH, type MessageOf } from '../messages/index.js'
import { extend, type MultiplicationReceiver } from '../oblivious/ot-extension.js'
import { multiplyFinish, multiplySend, type Pair } from '../oblivious/rvole.js'
import { box, type OneTime, take } from '../one-time.js'
import type { Random } from '../random.js'
import type { InitiatorPresignature, PresignatureContent } from './presignature.js'
import {
  checkContext,
  indices,
  type Mode,
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

interface Started {
  readonly context: SigningContext
  readonly mode: Mode
  readonly batch: number
  readonly request: Uint8Array | undefined
  readonly nonce: Uint8Array
  readonly psid0: Uint8Array
  readonly body: Uint8Array
  readonly own: readonly OwnNonce[]
  readonly rho: readonly Uint8Array[]
  readonly receiver: MultiplicationReceiver
  readonly b: readonly bigint[]
}

export type InitiatorStarted = OneTime<'presign.InitiatorStarted', Started>
export type InitiatorFreshStarted = OneTime<'fresh.InitiatorStarted', Started>
export type InitiatorFinished = OneTime<'presign.InitiatorFinished', readonly PresignatureContent[]>

/** What a started session shows: the message, and the nonce that names the session. */
export interface Sent<State> {
  readonly state: State
  readonly send: Uint8Array
  readonly nonce: Uint8Array
}

/** Pool mode: commits to `batch` (1 to 16) nonces and opens the OT extension of direction A. */
export function start(context: SigningContext, batch: number, random: Random): Sent<InitiatorStarted> {
  const { content, send } = begin(context, 'pool', batch, undefined, random)
  return { state: box('presign.InitiatorStarted', content), send, nonce: content.nonce.slice() }
}

/** Fresh mode: the same for one nonce, bound to the request before R exists. */
export function startFresh(
  context: SigningContext,
  request: Uint8Array,
  random: Random,
): Sent<InitiatorFreshStarted> {
  const { content, send } = begin(context, 'fresh', 1, Uint8Array.from(request), random)
  return { state: box('fresh.InitiatorStarted', content), send, nonce: content.nonce.slice() }
}

function begin(
  context: SigningContext,
  mode: Mode,
  batch: number,
  request: Uint8Array | undefined,
  random: Random,
) {
  checkContext(context, 'initiator')
  if (!Number.isInteger(batch) || batch < 1 || batch > MAX_BATCH) throw new Misuse('batch must be 1 to 16')
  const { share, otSetup } = context
  const nonce = randomBytes(random, 32)
  const reqHash = request === undefined ? NO_REQUEST : requestHash(request)
  const first = psid0(context, mode, batch, reqHash, nonce)
  const own = newNonces(batch, random)
  const rho = indices(batch).map(() => randomBytes(random, 32))
  const { state: receiver, message, b } = extend(otSetup.receiver, receiverSid('A', first), batch, random)
  const fields = {
    keyId: share.keyId,
    epoch: share.epoch,
    attempt: share.attempt,
    otSetupA: otSetup.idA,
    otSetupB: otSetup.idB,
    batch,
    nonce,
    commitment: own.map(({ r }, n) => nonceCommitment(first, n, r, rho[n] as Uint8Array)),
    u: message.U,
    xt: message.xt,
    hT: message.hT,
  }
  const send =
    request === undefined
      ? encodeMessage('presign.req1', { ...fields, mode: 'pool' })
      : encodeMessage('fresh.req1', { ...fields, mode: 'fresh', request })
  const content: Started = {
    context,
    mode,
    batch,
    request,
    nonce,
    psid0: first,
    // Copies: what a state computes with later is out of its caller's reach.
    body: send.slice(),
    own,
    rho,
    receiver,
    b,
  }
  return { content, send }
}

/** Pool mode, on Res1: every check of all items, then the other half and the openings. @throws ProtocolAbort, Malformed */
export function finish(
  state: InitiatorStarted,
  message: MessageOf<'presign.res1'>,
  random: Random,
): { state: InitiatorFinished; send: Uint8Array } {
  const { presignatures, fields } = proceed(take(state, 'presign.InitiatorStarted'), message, random)
  return {
    state: box('presign.InitiatorFinished', presignatures),
    send: encodeMessage('presign.req2', fields),
  }
}

/** Pool mode, on Res2: the responder holds the same presignatures. @throws ProtocolAbort `context` */
export function accept(
  state: InitiatorFinished,
  message: MessageOf<'presign.res2'>,
): { presigId: Uint8Array; presignature: InitiatorPresignature }[] {
  const contents = take(state, 'presign.InitiatorFinished')
  const same = contents.map((c, n) => equalBytes(c.presigId, message.presigId[n] ?? NO_REQUEST))
  if (message.presigId.length !== contents.length || same.includes(false)) throw new ProtocolAbort('context')
  return contents.map((c) => ({
    presigId: c.presigId.slice(),
    presignature: box('InitiatorPresignature', c),
  }))
}

/** Both modes: what Res1 leads to. Used by {@link finish} and by the fresh step of `sign`. */
export function proceedFresh(state: InitiatorFreshStarted, message: MessageOf<'fresh.res1'>, random: Random) {
  const started = take(state, 'fresh.InitiatorStarted')
  const { presignatures, fields } = proceed(started, message, random)
  return {
    presignature: presignatures[0] as PresignatureContent,
    fields,
    request: started.request as Uint8Array,
  }
}

function proceed(
  s: Started,
  message: MessageOf<'presign.res1'> | MessageOf<'fresh.res1'>,
  random: Random,
): { presignatures: PresignatureContent[]; fields: FieldsOf<'presign.req2'> } {
  if (isZero(message.nonce) || equalBytes(message.nonce, s.nonce)) throw new ProtocolAbort('nonce')
  const { share, otSetup } = s.context
  const psid = psidOf(s.psid0, message.nonce, s.body)
  const { own: x, peerPoint } = pairShares(share, otSetup.responder)
  const peers = peerItems(message)
  const d = multiplyFinish(s.receiver, padSids('A', psid, s.batch), message)
  const r = checkGamma(s.b, peers, peerPoint, d, s.own)
  const inputs = s.own.map(({ k }): Pair => [k, x])
  const { message: answer, c } = multiplySend(
    otSetup.sender,
    receiverSid('B', psid),
    padSids('B', psid, s.batch),
    s.batch,
    { U: message.u, xt: message.xt, hT: message.hT },
    inputs,
    random,
  )
  const ids = presigIds(psid, s.batch)
  const reqHash = s.request === undefined ? undefined : requestHash(s.request)
  const presignatures = s.own.map(
    (own, n): PresignatureContent => ({
      presigId: ids[n] as Uint8Array,
      keyId: share.keyId,
      epoch: share.epoch,
      publicKey: share.publicKey,
      r: r[n] as PresignatureContent['r'],
      phi: own.phi,
      ...sumShares(own, x, (peers[n] as (typeof peers)[number]).psi, c[n] as Pair, d[n] as Pair),
      reqHash,
    }),
  )
  const fields = {
    r: s.own.map((own) => own.r),
    rho: s.rho,
    ...answer,
    gu: c.map((pair) => mulBase(pair[0])),
    gv: c.map((pair) => mulBase(pair[1])),
    psi: s.own.map((own, n) => mod(own.phi + ORDER - (s.b[n] as bigint))),
  }
  return { presignatures, fields }
}

/** k and phi from [1, q-1], R = k*G, for every batch item. */
export function newNonces(batch: number, random: Random): OwnNonce[] {
  return indices(batch).map(() => {
    const k = randomScalar(random)
    return { k, phi: randomScalar(random), r: mulBase(k) }
  })
}

// Does a wrong, forged or opened state compile as the state of a presign or sign step? It must not. (SPEC 0.5, 4.3, 4.4)
import type { KeyShare } from '@tercet/protocol/key-share'
import type { MessageOf } from '@tercet/protocol/messages'
import type { OtSetup } from '@tercet/protocol/ot-setup'
import {
  accept,
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
  type SigningContext,
  start,
} from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import {
  combine,
  finishFresh,
  type Requested,
  release,
  request,
  type SigningInput,
} from '@tercet/protocol/sign'

declare const random: Random
declare const input: SigningInput
declare const body: Uint8Array
declare const started: InitiatorStarted
declare const freshStarted: InitiatorFreshStarted
declare const finished: InitiatorFinished
declare const answered: ResponderAnswered
declare const freshAnswered: ResponderFreshAnswered
declare const requested: Requested
declare const ofInitiator: InitiatorPresignature
declare const ofResponder: ResponderPresignature
declare const res1: MessageOf<'presign.res1'>
declare const req2: MessageOf<'presign.req2'>
declare const res2: MessageOf<'presign.res2'>
declare const freshRes1: MessageOf<'fresh.res1'>
declare const freshReq2: MessageOf<'fresh.req2'>

// Every step with the state and the message that are its own.
export const honest = [
  () => finish(started, res1, random),
  () => accept(finished, res2),
  () => confirm(answered, req2),
  () => confirmFresh(freshAnswered, freshReq2),
  () => finishFresh(freshStarted, freshRes1, input, random),
  () => request(ofInitiator, input),
  () => release(ofResponder, input, random),
  () => combine(requested, body),
]

// @ts-expect-error finish twice
finish(finished, res1, random)
// @ts-expect-error finish with the state of fresh mode
finish(freshStarted, res1, random)
// @ts-expect-error finish with the responder's state
finish(answered, res1, random)
// @ts-expect-error finish with a presignature
finish(ofInitiator, res1, random)
// @ts-expect-error accept before finish
accept(started, res2)
// @ts-expect-error accept with the responder's state
accept(answered, res2)
// @ts-expect-error accept what was accepted
accept(ofInitiator, res2)
// @ts-expect-error confirm with the initiator's state
confirm(started, req2)
// @ts-expect-error confirm with the initiator's second state
confirm(finished, req2)
// @ts-expect-error confirm with the state of fresh mode
confirm(freshAnswered, req2)
// @ts-expect-error confirm what was confirmed
confirm(ofResponder, req2)
// @ts-expect-error fresh mode with a state of pool mode
confirmFresh(answered, freshReq2)
// @ts-expect-error fresh mode with the initiator's state
confirmFresh(freshStarted, freshReq2)
// @ts-expect-error fresh mode with a state of pool mode
finishFresh(started, freshRes1, input, random)
// @ts-expect-error fresh mode with the responder's state
finishFresh(freshAnswered, freshRes1, input, random)
// @ts-expect-error fresh mode with a finished session of pool mode
finishFresh(finished, freshRes1, input, random)
// @ts-expect-error the responder's presignature asks for nothing
request(ofResponder, input)
// @ts-expect-error a presignature is asked with once
request(requested, input)
// @ts-expect-error a session is no presignature
request(finished, input)
// @ts-expect-error the initiator's presignature releases nothing
release(ofInitiator, input, random)
// @ts-expect-error what was asked with releases nothing
release(requested, input, random)
// @ts-expect-error a session is no presignature
release(answered, input, random)
// @ts-expect-error a session of fresh mode is no presignature
release(freshAnswered, input, random)
// @ts-expect-error combine before the request
combine(ofInitiator, body)
// @ts-expect-error combine at the responder
combine(ofResponder, body)
// @ts-expect-error combine a session
combine(freshStarted, body)

// Messages of the other mode.
// @ts-expect-error an opening of pool mode has no view
confirmFresh(freshAnswered, req2)
// @ts-expect-error bytes that nobody decoded
finish(started, body, random)
// @ts-expect-error a digest is not an input
request(ofInitiator, input.digest)
// @ts-expect-error bytes are not an input
release(ofResponder, body, random)

// Forged states.
class Lookalike {
  readonly name = 'ResponderPresignature'
  readonly #content = {}
  toJSON(): string {
    return this.name + String(this.#content)
  }
}

// @ts-expect-error an empty object
combine({}, body)
// @ts-expect-error an object with the name alone
combine({ name: 'sign.Requested' }, body)
// @ts-expect-error a copy of the visible members
combine({ ...requested }, body)
// @ts-expect-error an object that names itself a presignature
release({ name: 'ResponderPresignature', toJSON: () => 'ResponderPresignature' }, input, random)
// @ts-expect-error a class of the same shape
release(new Lookalike(), input, random)

// Reading from outside.
// @ts-expect-error a presignature shows no nonce share
export const u = ofInitiator.u
// @ts-expect-error nor its content
export const content = ofResponder.content
// @ts-expect-error the class of a state is not exported
export type Box = import('@tercet/protocol/presign').OneTime
declare const share: KeyShare
// @ts-expect-error a share is no number
export const scalar: bigint = share.secretShare
// @ts-expect-error and has no accessor
export const value = share.secretShare.value

declare const otSetup: OtSetup
export const context: SigningContext = {
  share,
  otSetup,
  idInitiator: new Uint8Array(34),
  idResponder: new Uint8Array(34),
}
// @ts-expect-error a session needs its randomness
start(context, 1)
// @ts-expect-error a context without its identities
start({ share, otSetup }, 1, random)

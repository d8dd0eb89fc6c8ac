// What does the package offer for presignatures? (SPEC 4.3)

export {
  accept,
  finish,
  type InitiatorFinished,
  type InitiatorFreshStarted,
  type InitiatorStarted,
  start,
  startFresh,
} from './initiator.js'
export type { InitiatorPresignature, ResponderPresignature } from './presignature.js'
export {
  answer,
  answerFresh,
  confirm,
  confirmFresh,
  type ResponderAnswered,
  type ResponderFreshAnswered,
} from './responder.js'
export { requestHash, type SigningContext } from './session.js'

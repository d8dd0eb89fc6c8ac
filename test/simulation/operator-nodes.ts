// How do the old node and the new one behave that do what the transition functions say? (SPEC 5.3)

import type { CosignerEpochs, Holder, JoiningEpochs, RetiredEpochs, ShareId } from '@tercet/protocol/epochs'
import { text } from './messages.js'
import type { NodeName, OperatorFunctions, OperatorMail } from './operator-messages.js'
import type { Machine, Outcome } from './search.js'

/** A key at a node: it serves it, may take it over, or has handed it over. */
export type KeyState =
  | { readonly is: 'serving'; readonly epochs: CosignerEpochs }
  | { readonly is: 'joining'; readonly epochs: JoiningEpochs }
  | { readonly is: 'retired'; readonly epochs: RetiredEpochs }

type Step = Outcome<KeyState, OperatorMail>

export const DEVICE = 'D'
/** The device that a recovery brings, which runs its reshare itself. */
export const FRESH = 'N'
/** The one claim: the other search has the delay, the veto and more claims. */
const claim = { newHolder: FRESH, initiator: FRESH, vetoable: false }

/** `recovery`: whether the user may recover, at this node or the other. */
export function nodeMachine(
  functions: OperatorFunctions,
  name: NodeName,
  recovery: boolean,
): Machine<KeyState, OperatorMail> {
  const first: KeyState =
    name === 'O'
      ? { is: 'serving', epochs: functions.cosigner.first(DEVICE, 'keygen') }
      : { is: 'joining', epochs: functions.joining.first }
  const act = (state: KeyState): Step[] => {
    if (state.is === 'retired' || (state.is === 'joining' && state.epochs.pend === null)) return []
    if (state.is === 'joining') {
      return [
        {
          label: 'pend expires',
          state: { is: 'joining', epochs: functions.joining.expire(state.epochs) },
          send: [],
        },
      ]
    }
    const { epochs } = state
    const steps: Step[] = []
    if (epochs.pend !== null) steps.push(serving('pend expires', functions.cosigner.expire(epochs).state))
    if (recovery && epochs.act.holder !== FRESH) {
      steps.push(serving('claim of N', functions.cosigner.announce(epochs, claim).state))
    }
    return steps
  }
  const receive = (state: KeyState, message: OperatorMail): Step[] => {
    if (state.is === 'retired') {
      return message.type === 'retire'
        ? [{ label: 'is retired', state, send: [{ to: DEVICE, type: 'retired', id: message.id }] }]
        : []
    }
    return state.is === 'joining'
      ? joins(functions, state.epochs, message)
      : serves(functions, state.epochs, message)
  }
  return { name, first, act, receive }
}

function serving(label: string, epochs: CosignerEpochs, send: readonly OperatorMail[] = []): Step {
  return { label, state: { is: 'serving', epochs }, send }
}

function serves(functions: OperatorFunctions, epochs: CosignerEpochs, message: OperatorMail): Step[] {
  const { cosigner, joining, leaving } = functions
  switch (message.type) {
    case 'prep':
      return [epochs.act.id, ...(epochs.old === null ? [] : [epochs.old.id])].map((base) =>
        prepares(functions, epochs, message, base),
      )
    case 'commit': {
      const { state, answer } = cosigner.commit(epochs, message, { delayOver: true })
      return [answers(`COMMIT ${text(message.id)} of ${message.from}`, state, message, answer.type)]
    }
    case 'final':
      return [serving(`FINAL ${text(message.id)}`, cosigner.final(epochs, message).state)]
    case 'release': {
      const { state, answer } = leaving.release(epochs, message)
      return [answers(`RELEASE ${text(message.id)}`, state, message, answer.type)]
    }
    case 'withdraw': {
      const { state, answer } = leaving.withdraw(epochs, { id: message.id, never: true })
      return [answers(`WITHDRAW ${text(message.id)}`, state, { id: message.id, from: DEVICE }, answer.type)]
    }
    case 'retire': {
      const retired = leaving.retire(epochs, { id: message.id, successor: 'W' }, { isSuccessor: true })
      if (retired === null) return []
      const send = [{ to: DEVICE, type: 'retired', id: message.id } as const]
      return [{ label: `RETIRE ${text(message.id)}`, state: { is: 'retired', epochs: retired }, send }]
    }
    case 'join':
    case 'abandon': {
      const { type } = joining.joined(epochs, message.id)
      const label = `is asked about ${text(message.id)}`
      return [answers(label, epochs, message, type === 'committed' ? 'active' : type)]
    }
    default:
      return []
  }
}

function prepares(
  { cosigner, leaving }: OperatorFunctions,
  epochs: CosignerEpochs,
  { kind, id, from }: OperatorMail & { readonly type: 'prep' },
  base: ShareId,
): Step {
  const transcript = `${from}${text(id)}${kind}`
  const { state, answer } =
    kind === 'operator'
      ? leaving.prepare(epochs, { base, id, from, successor: 'W', transcript }, { isSuccessor: true })
      : cosigner.prepare(epochs, { kind, base, id, from, newHolder: from, transcript }, { delayOver: true })
  const label = `PREP ${kind} ${text(id)} of ${from} -> ${answer.type}`
  const send =
    answer.type === 'prepared' ? [{ to: from, type: 'prepared', kind, id, transcript } as const] : []
  return serving(label, state, send)
}

function joins(functions: OperatorFunctions, epochs: JoiningEpochs, message: OperatorMail): Step[] {
  const { joining } = functions
  switch (message.type) {
    case 'hand-over': {
      const base = { epoch: message.id.epoch - 1, attempt: 0 }
      const next = joining.receive(epochs, { ...message, base })
      if (next === null) return []
      const send = [{ to: message.from, type: 'ack', id: message.id } as const]
      return [{ label: `stores ${text(message.id)}`, state: { is: 'joining', epochs: next }, send }]
    }
    case 'join': {
      const step = joining.commit(epochs, message)
      const label = `COMMIT ${text(message.id)} of ${message.from} ${message.consent ? 'with' : 'without'} consent`
      const { label: said, send } = tells(label, message, step.serves ? 'active' : step.answer.type)
      const next: KeyState = step.serves
        ? { is: 'serving', epochs: step.state }
        : { is: 'joining', epochs: step.state }
      return [{ label: said, state: next, send }]
    }
    case 'abandon': {
      const { state, answer } = joining.abandon(epochs, message.id)
      const { label, send } = tells(`ABANDON ${text(message.id)}`, message, answer.type)
      return [{ label, state: { is: 'joining', epochs: state }, send }]
    }
    default:
      return []
  }
}

function answers(label: string, epochs: CosignerEpochs, to: Asker, type: string): Step {
  const told = tells(label, to, type)
  return serving(told.label, epochs, told.send)
}
interface Asker {
  readonly id: ShareId
  readonly from: Holder
}

/** An answer that changes nothing at its addressee is not sent. */
function tells(label: string, { id, from }: Asker, type: string): Pick<Step, 'label' | 'send'> {
  const told = ANSWERS.find((answer) => answer === type)
  return { label: `${label} -> ${type}`, send: told === undefined ? [] : [{ to: from, type: told, id }] }
}
const ANSWERS = ['released', 'committed', 'active', 'unknown', 'never'] as const

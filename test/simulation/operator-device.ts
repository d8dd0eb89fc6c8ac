// How do a device that changes its operator and a recovery meanwhile behave? (SPEC 5.3)

import { type DeviceEpochs, type ShareId, sameId } from '@tercet/protocol/epochs'
import { type Bounds, text } from './messages.js'
import type { NodeName, OperatorFunctions, OperatorMail } from './operator-messages.js'
import { DEVICE, FRESH } from './operator-nodes.js'
import type { Machine, Outcome } from './search.js'

/** A device, with the node that it signs with. */
export interface DeviceState {
  readonly epochs: DeviceEpochs
  readonly node: NodeName
}
type Step = Outcome<DeviceState, OperatorMail>

export interface DeviceSetting {
  readonly functions: OperatorFunctions
  readonly bounds: Bounds
  /** Whether it also refreshes. */
  readonly refreshes: boolean
  /** Who deals with it in an operator change: the old node, or the recovery key, or either. */
  readonly dealers: readonly ('node' | 'recovery')[]
}

/** Changes the operator once, refreshes before and after it, gives up attempts and tries again. */
export function changingDevice(setting: DeviceSetting): Machine<DeviceState, OperatorMail> {
  const { functions, bounds } = setting
  const act = (state: DeviceState): Step[] => {
    const { epochs, node } = state
    const steps: Step[] = []
    const due = functions.device.finalDue(epochs, { backedUp: true })
    if (due !== null)
      steps.push(step(`FINAL ${text(due)}`, state, [{ to: node, type: 'final', id: due, from: DEVICE }]))
    const begun = functions.device.prepare(epochs)
    if (begun !== null && begun.id.epoch <= bounds.epochs && begun.id.attempt <= bounds.attempts) {
      const { id } = begun
      const prep = (kind: 'refresh' | 'operator'): Step =>
        step(`PREP ${kind} ${text(id)}`, { epochs: begun.state, node }, [
          { to: node, type: 'prep', kind, id, from: DEVICE },
        ])
      if (setting.refreshes) steps.push(prep('refresh'))
      if (node === 'O' && setting.dealers.includes('node')) steps.push(prep('operator'))
      if (node === 'O' && setting.dealers.includes('recovery')) {
        const transcript = `V${text(id)}operator`
        const { state: next } = functions.device.prepared(begun.state, {
          id,
          transcript,
          role: 'operator-alone',
        })
        steps.push(step(`deals with the recovery key ${text(id)}`, { epochs: next, node }, []))
      }
    }
    return [...steps, ...pursues(functions, state)]
  }
  const receive = (state: DeviceState, message: OperatorMail): Step[] =>
    obeys(functions, state, message, setting.dealers.includes('recovery'))
  return { name: DEVICE, first: { epochs: functions.device.first, node: 'O' }, act, receive }
}

/** What it sends for what is pending, as often as it likes. */
function pursues(functions: OperatorFunctions, state: DeviceState): Step[] {
  const { pend, commitSent } = state.epochs
  if (pend === null) return []
  const mail = { id: pend.id, from: DEVICE, transcript: pend.transcript }
  const sent = { ...state, epochs: functions.device.commitSent(state.epochs).state }
  if (pend.role === 'refresh')
    return [step(`COMMIT ${text(pend.id)}`, sent, [{ ...mail, to: state.node, type: 'commit' }])]
  if (!commitSent)
    return [step(`hands over ${text(pend.id)}`, state, [{ ...mail, to: 'W', type: 'hand-over' }])]
  const consent = pend.role === 'operator-alone'
  return [
    step(`COMMIT ${text(pend.id)}`, state, [{ ...mail, to: 'W', type: 'join', consent }]),
    step(`ABANDON ${text(pend.id)}`, state, [{ to: 'W', type: 'abandon', id: pend.id, from: DEVICE }]),
    ...(consent ? [] : [step(`RELEASE ${text(pend.id)}`, state, [{ ...mail, to: 'O', type: 'release' }])]),
  ]
}

function obeys(
  { device }: OperatorFunctions,
  state: DeviceState,
  message: OperatorMail,
  oldNodeMayBeLost: boolean,
): Step[] {
  const { epochs } = state
  const { id, type } = message
  const mine = sameId(epochs.pend?.id ?? null, id)
  const operator = mine && epochs.pend?.role.startsWith('operator') === true
  switch (type) {
    case 'prepared': {
      if (message.kind === 'replace') return []
      const next = device.prepared(epochs, { id, transcript: message.transcript, role: message.kind }).state
      return [step(`stores ${text(id)}`, { ...state, epochs: next }, [])]
    }
    case 'ack':
      return operator
        ? [step(`${text(id)} is acknowledged`, { ...state, epochs: device.commitSent(epochs).state }, [])]
        : []
    case 'released': {
      if (!operator || !epochs.commitSent || epochs.pend === null) return []
      const { transcript } = epochs.pend
      return [
        step(`has RELEASE ${text(id)}`, state, [
          { to: 'W', type: 'join', id, from: DEVICE, transcript, consent: true },
        ]),
      ]
    }
    case 'committed':
      return [
        step(`hears COMMITTED ${text(id)}`, { ...state, epochs: device.committed(epochs, id).state }, []),
      ]
    case 'active': {
      const next = device.committed(epochs, id).state
      const node = operator && sameId(next.act, id) ? 'W' : state.node
      return [
        step(`hears that ${text(id)} is active`, { epochs: next, node }, [{ to: 'O', type: 'retire', id }]),
      ]
    }
    case 'unknown':
      return [step(`hears UNKNOWN ${text(id)}`, { ...state, epochs: device.unknown(epochs, id).state }, [])]
    case 'never':
      return (oldNodeMayBeLost ? [false, true] : [false]).map((oldNodeLost) => {
        const next = { ...state, epochs: device.never(epochs, id, { oldNodeLost }).state }
        return step(`hears NEVER ${text(id)}`, next, [{ to: 'O', type: 'withdraw', id }])
      })
    case 'retired':
      return [step('hears that O is retired', { ...state, epochs: device.retired(epochs, id).state }, [])]
    default:
      return []
  }
}

function step(label: string, state: DeviceState, send: readonly OperatorMail[]): Step {
  return { label, state, send }
}

/** A recovery, and the node that it asked; null before it did. */
export interface RecoveryState {
  readonly epochs: DeviceEpochs
  readonly node: NodeName | null
}

/** A new device that recovers at either node, and asks the new one about any operator change under way. */
export function recoveringDevice(
  { device }: OperatorFunctions,
  bounds: Bounds,
): Machine<RecoveryState, OperatorMail> {
  const act = (state: RecoveryState): Outcome<RecoveryState, OperatorMail>[] => {
    const { epochs } = state
    const { pend } = epochs
    if (epochs.act !== null) return []
    if (pend !== null) {
      const { id, transcript } = pend
      const sent = { ...state, epochs: device.commitSent(epochs).state }
      const to = state.node ?? 'O'
      return [
        {
          label: `COMMIT ${text(id)} to ${to}`,
          state: sent,
          send: [{ to, type: 'commit', id, from: FRESH, transcript }],
        },
      ]
    }
    const steps: Outcome<RecoveryState, OperatorMail>[] = []
    for (let epoch = 1; epoch <= bounds.epochs; epoch++) {
      for (let attempt = 1; attempt <= bounds.attempts; attempt++) {
        const id: ShareId = { epoch, attempt }
        steps.push({
          label: `ABANDON ${text(id)}`,
          state,
          send: [{ to: 'W', type: 'abandon', id, from: FRESH }],
        })
      }
    }
    // One reshare, with whatever it knows of the node that it asks: the other search has more of them.
    for (let epoch = 0; epochs.asked === null && epoch <= bounds.epochs; epoch++) {
      for (let att = 0; att <= bounds.attempts; att++) {
        for (const to of ['O', 'W'] as const) {
          const begun = device.prepare(epochs, { above: { epoch, attempt: 0 }, att })
          if (begun === null) continue
          steps.push({
            label: `PREP replace ${text(begun.id)} at ${to}`,
            state: { epochs: begun.state, node: to },
            send: [{ to, type: 'prep', kind: 'replace', id: begun.id, from: FRESH }],
          })
        }
      }
    }
    return steps
  }
  const receive = (
    state: RecoveryState,
    { id, ...message }: OperatorMail,
  ): Outcome<RecoveryState, OperatorMail>[] => {
    const next = (epochs: DeviceEpochs): RecoveryState => ({ ...state, epochs })
    switch (message.type) {
      case 'prepared': {
        const { transcript } = message
        const stored = device.prepared(state.epochs, { id, transcript, role: 'newcomer' }).state
        return [{ label: `stores ${text(id)}`, state: next(stored), send: [] }]
      }
      case 'unknown':
        return [
          {
            label: `hears UNKNOWN ${text(id)}`,
            state: next(device.unknown(state.epochs, id).state),
            send: [],
          },
        ]
      case 'never':
        return [{ label: `hears NEVER ${text(id)}`, state, send: [{ to: 'O', type: 'withdraw', id }] }]
      case 'committed':
        return [
          {
            label: `hears COMMITTED ${text(id)}`,
            state: next(device.committed(state.epochs, id).state),
            send: [],
          },
        ]
      case 'active':
        return [{ label: `hears that ${text(id)} is active`, state, send: [{ to: 'O', type: 'retire', id }] }]
      default:
        return []
    }
  }
  return { name: FRESH, first: { epochs: device.newcomer, node: null }, act, receive }
}

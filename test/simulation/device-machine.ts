// How do a device, a recovery machine and a new device behave that do what the transition functions say? (SPEC 5.2, 5.3)

import {
  type DeviceEpochs,
  type DeviceRole,
  type device,
  type Holder,
  type ShareId,
  sameId,
  type Transcript,
} from '@tercet/protocol/epochs'
import { type Bounds, type Mail, text } from './messages.js'
import type { Machine, Outcome } from './search.js'

/** The functions under test: the product's own, or a broken variant of them. */
export type DeviceFunctions = typeof device

type Step = Outcome<DeviceEpochs, Mail>

/** A device that refreshes whenever it may. */
export function deviceMachine(
  functions: DeviceFunctions,
  { epochs, attempts }: Bounds,
  name: Holder,
): Machine<DeviceEpochs, Mail> {
  const act = (state: DeviceEpochs): Step[] => {
    const steps: Step[] = []
    const due = functions.finalDue(state, { backedUp: true })
    if (due !== null) {
      steps.push({
        label: `FINAL ${text(due)}`,
        state,
        send: [{ to: 'C', type: 'final', id: due, from: name }],
      })
    }
    const begun = functions.prepare(state)
    if (begun !== null && state.act !== null && begun.id.epoch <= epochs && begun.id.attempt <= attempts) {
      const prep = { to: 'C', type: 'prep', kind: 'refresh', base: state.act, id: begun.id } as const
      const send = [{ ...prep, from: name, newHolder: name }]
      steps.push({ label: `PREP refresh ${text(begun.id)}`, state: begun.state, send })
    }
    return [...steps, ...commits(functions, state, name)]
  }
  const receive = (state: DeviceEpochs, message: Mail): Step[] =>
    message.type === 'refused'
      ? [
          {
            label: 'is refused',
            state: functions.refused(state, { ...message, ...elsewhere }).state,
            send: [],
          },
        ]
      : obey(functions, state, message, 'refresh')
  // An attempt is asked for once: a refusal of another one than the last has no effect any more.
  const stale = (state: DeviceEpochs, message: Mail): boolean =>
    message.type === 'refused' && !sameId(state.asked, message.id)
  return { name, first: functions.first, act, receive, stale }
}
/** The advice of a refusal is looked at in the fair run, which has the whole of it. */
const elsewhere = { act: { epoch: 0, attempt: 0 }, old: null }

/** A new device that recovers by itself, or (with another `newHolder`) a machine that recovers for one. */
export function recoveryMachine(
  functions: DeviceFunctions,
  { epochs, attempts }: Bounds,
  name: Holder,
  newHolder: Holder,
): Machine<DeviceEpochs, Mail> {
  const role = name === newHolder ? 'newcomer' : 'hand-over'
  const act = (state: DeviceEpochs): Step[] => {
    const steps: Step[] = []
    // What it knows of the cosigner may be old: any epoch, any attempt above its own.
    for (let epoch = 0; state.act === null && epoch < epochs; epoch++) {
      for (let att = state.att; att < attempts; att++) {
        const begun = functions.prepare(state, { above: { epoch, attempt: 0 }, att })
        if (begun === null) continue
        const prep = { to: 'C', type: 'prep', kind: 'replace', base: null, id: begun.id } as const
        const send = [{ ...prep, from: name, newHolder }]
        steps.push({ label: `PREP replace ${text(begun.id)}`, state: begun.state, send })
      }
    }
    if (role === 'newcomer') return [...steps, ...commits(functions, state, name)]
    const { pend } = state
    if (pend === null) return steps
    const { id, transcript } = pend
    const send = [{ to: newHolder, type: 'hand-over', id, transcript } as const]
    return [...steps, { label: `hands over ${text(id)}`, state, send }]
  }
  const receive = (state: DeviceEpochs, message: Mail): Step[] => {
    if (message.type !== 'ack') return obey(functions, state, message, role)
    return state.pend?.id.attempt === message.id.attempt && state.pend.id.epoch === message.id.epoch
      ? commits(functions, state, name)
      : []
  }
  return { name, first: functions.newcomer, act, receive }
}

/** A new device that is handed its share, and asks the cosigner what became of it. */
export function newcomerMachine(
  functions: DeviceFunctions,
  name: Holder,
  from: Holder,
): Machine<DeviceEpochs, Mail> {
  const act = (state: DeviceEpochs): Step[] => {
    if (state.pend === null) return []
    const { id } = state.pend
    return [{ label: `asks about ${text(id)}`, state, send: [{ to: 'C', type: 'ask', id, from: name }] }]
  }
  const receive = (state: DeviceEpochs, message: Mail): Step[] => {
    if (message.type !== 'hand-over') return obey(functions, state, message, 'newcomer')
    const { id, transcript } = message
    const next = functions.received(state, { id, transcript }).state
    const holds = next.pend?.transcript === transcript
    return [{ label: `stores ${text(id)}`, state: next, send: holds ? [{ to: from, type: 'ack', id }] : [] }]
  }
  return { name, first: functions.newcomer, act, receive }
}

/** COMMIT may leave once pend and commitSent are stored: two writes, with a crash between them or not. */
function commits(functions: DeviceFunctions, state: DeviceEpochs, from: Holder): Step[] {
  const { pend } = state
  if (pend === null) return []
  const { id, transcript } = pend
  const send: Mail[] = [{ to: 'C', type: 'commit', id, from, transcript }]
  return [{ label: `COMMIT ${text(id)}`, state: functions.commitSent(state).state, send }]
}

function obey(functions: DeviceFunctions, state: DeviceEpochs, message: Mail, role: DeviceRole): Step[] {
  const id: ShareId = message.id
  switch (message.type) {
    case 'prepared': {
      const transcript: Transcript = message.transcript
      const { state: next } = functions.prepared(state, { id, transcript, role })
      return [{ label: `stores ${text(id)}`, state: next, send: [] }]
    }
    case 'committed':
      return [{ label: `hears COMMITTED ${text(id)}`, state: functions.committed(state, id).state, send: [] }]
    case 'unknown':
      return [{ label: `hears UNKNOWN ${text(id)}`, state: functions.unknown(state, id).state, send: [] }]
    default:
      return []
  }
}

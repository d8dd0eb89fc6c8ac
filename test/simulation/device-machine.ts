// How do a device, a recovery machine and a new device behave that do what the transition functions say? (SPEC 5.2, 5.3)

import {
  type DeviceEpochs,
  type DeviceRole,
  type device,
  type Holder,
  type ShareId,
  sameId,
} from '@tercet/protocol/epochs'
import { type Bounds, type Mail, text } from './messages.js'
import type { Machine, Outcome } from './search.js'

/** The functions under test: the product's own, or a broken variant of them. */
export type DeviceFunctions = typeof device

type Step = Outcome<DeviceEpochs, Mail>

/** A device that refreshes whenever it may and, if `mover` is given, hands over to that new device. */
export function deviceMachine(
  functions: DeviceFunctions,
  { epochs, attempts }: Bounds,
  name: Holder,
  mover: Holder | null,
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
      if (mover !== null) {
        const move = { ...prep, kind: 'replace', base: null, from: name, newHolder: mover } as const
        steps.push({ label: `PREP replace ${text(begun.id)}`, state: begun.state, send: [move] })
      }
    }
    return [
      ...steps,
      ...(state.pend?.role === 'hand-over' ? handsOver(state, mover) : commits(functions, state, name)),
    ]
  }
  const receive = (state: DeviceEpochs, message: Mail): Step[] => {
    if (message.type === 'ack') return acknowledged(functions, state, message, name)
    if (message.type !== 'refused') return obey(functions, state, message, 'hand-over')
    const next = functions.refused(state, { ...message, ...elsewhere }).state
    return [{ label: 'is refused', state: next, send: [] }]
  }
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
    const ends = role === 'newcomer' ? commits(functions, state, name) : handsOver(state, newHolder)
    return [...steps, ...ends]
  }
  const receive = (state: DeviceEpochs, message: Mail): Step[] =>
    message.type === 'ack'
      ? acknowledged(functions, state, message, name)
      : obey(functions, state, message, role)
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

/** The new device's share and proofs, as often as it likes. */
function handsOver(state: DeviceEpochs, to: Holder | null): Step[] {
  if (state.pend === null || to === null) return []
  const { id, transcript } = state.pend
  return [{ label: `hands over ${text(id)}`, state, send: [{ to, type: 'hand-over', id, transcript }] }]
}

function acknowledged(functions: DeviceFunctions, state: DeviceEpochs, { id }: Mail, from: Holder): Step[] {
  return sameId(state.pend?.id ?? null, id) ? commits(functions, state, from) : []
}

/** COMMIT may leave once pend and commitSent are stored: two writes, with a crash between them or not. */
function commits(functions: DeviceFunctions, state: DeviceEpochs, from: Holder): Step[] {
  const { pend } = state
  if (pend === null) return []
  const { id, transcript } = pend
  const send: Mail[] = [{ to: 'C', type: 'commit', id, from, transcript }]
  return [{ label: `COMMIT ${text(id)}`, state: functions.commitSent(state).state, send }]
}

/** `replacing` is what a replace makes of this machine. */
function obey(functions: DeviceFunctions, state: DeviceEpochs, message: Mail, replacing: DeviceRole): Step[] {
  const id: ShareId = message.id
  switch (message.type) {
    case 'prepared': {
      const { transcript } = message
      const role = message.kind === 'refresh' ? 'refresh' : replacing
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

// What must hold while a key moves from one operator to another? (SPEC 5.3; invariants I8, I10)

import {
  cosigner,
  device,
  type Holder,
  joining,
  leaving,
  type ShareId,
  sameId,
} from '@tercet/protocol/epochs'
import type { Bounds } from './messages.js'
import { changingDevice, type DeviceState, type RecoveryState, recoveringDevice } from './operator-device.js'
import type { NodeName, OperatorFunctions, OperatorMail } from './operator-messages.js'
import { DEVICE, FRESH, type KeyState, nodeMachine } from './operator-nodes.js'
import { type Actor, actor, Post, type World } from './search.js'

/** What takes part in a search. */
export interface OperatorCast {
  readonly bounds: Bounds
  readonly refreshes: boolean
  readonly dealers: readonly ('node' | 'recovery')[]
  /** Where the user may also recover, while whoever has the device goes on. */
  readonly recovery: readonly NodeName[]
  /** False where only the other properties are asked for. */
  readonly countsNodes?: boolean
}

export const product: OperatorFunctions = { cosigner, device, joining, leaving }

/** A device, the node it leaves, the node it goes to, and a recovery. */
export function operatorWorld(
  cast: OperatorCast,
  functions: OperatorFunctions = product,
): World<OperatorMail> {
  const post = new Post<OperatorMail>()
  const d = actor(post, changingDevice({ ...cast, functions }))
  const o = actor(post, nodeMachine(functions, 'O', cast.recovery.includes('O')))
  const w = actor(post, nodeMachine(functions, 'W', cast.recovery.includes('W')))
  const n = actor(post, recoveringDevice(functions, cast.bounds))
  const actors: Actor<unknown>[] = cast.recovery.length > 0 ? [d, o, w, n] : [d, o, w]
  const at = (states: readonly number[], index: number): number => states[index] as number
  return {
    post,
    actors,
    check: (states) => {
      const nodes = { O: o.value(at(states, 1)), W: w.value(at(states, 2)) }
      const fresh = cast.recovery.length > 0 ? n.value(at(states, 3)) : null
      return judge(functions, cast, { device: d.value(at(states, 0)), nodes, fresh })
    },
  }
}

interface Moment {
  readonly device: DeviceState
  readonly nodes: Readonly<Record<NodeName, KeyState>>
  readonly fresh: RecoveryState | null
}

function judge(functions: OperatorFunctions, cast: OperatorCast, now: Moment): string | null {
  const [o, w] = [served(functions, now.nodes.O), served(functions, now.nodes.W)]
  // With the recovery key instead of the old node, that one cannot be made to stop: it only has no use any more.
  const alone = !cast.dealers.includes('recovery')
  if (alone && cast.countsNodes !== false && o.length > 0 && w.length > 0) return 'both nodes serve the key'
  const replaced = [...o, ...w].some(({ holder }) => holder === FRESH)
  if (replaced) {
    if ([...o, ...w].some(({ holder }) => holder === DEVICE)) return 'the replaced device is served'
    const { act, pend } = now.fresh?.epochs ?? device.newcomer
    const held = [...o, ...w].some(({ id }) => sameId(act, id) || sameId(pend?.id ?? null, id))
    return held ? null : 'the recovery does not hold what was committed for it'
  }
  return (alone ? deviceLost(functions, now) : null) ?? changeEnds(functions, now, alone)
}

/** Every share that a node signs with, and for whom. */
function served({ cosigner: c }: OperatorFunctions, state: KeyState): { id: ShareId; holder: Holder }[] {
  if (state.is !== 'serving') return []
  const { act, old } = state.epochs
  return [act, ...(old === null ? [] : [old])].filter(({ id, holder }) => c.serves(state.epochs, id, holder))
}

/** A fair run: the device brings what is under way to an end, and can then change its operator. */
function changeEnds(functions: OperatorFunctions, now: Moment, alone: boolean): string | null {
  const run = new Run(functions, now)
  run.settle()
  // A device that gave its old node up for lost goes on with the recovery key.
  if (alone && !run.signs()) return 'device and node have no share in common'
  run.change(alone)
  if (!run.signs()) return 'after another change device and node have no share in common'
  const claimed = now.nodes.O.is === 'serving' && now.nodes.O.epochs.announced.length > 0
  const replacing = now.nodes.O.is === 'serving' && now.nodes.O.epochs.pend?.kind === 'replace'
  return run.left() || claimed || replacing ? null : 'no operator change comes to an end'
}

/** A fair run without the device: the recovery finds the node that serves the key, or makes one serve it. */
function deviceLost(functions: OperatorFunctions, { nodes }: Moment): string | null {
  const { cosigner: c, joining: j, leaving: l } = functions
  let { O: o, W: w } = nodes
  if (o.is === 'serving' && o.epochs.released !== null) {
    const { id } = o.epochs.released
    const answer =
      w.is === 'joining'
        ? j.abandon(w.epochs, id)
        : w.is === 'serving'
          ? { answer: j.joined(w.epochs, id) }
          : null
    if (w.is === 'joining' && answer !== null && 'state' in answer)
      w = { is: 'joining', epochs: answer.state }
    if (answer?.answer.type === 'never')
      o = { is: 'serving', epochs: l.withdraw(o.epochs, { id, never: true }).state }
  }
  const node = o.is === 'serving' && o.epochs.released === null ? o : w
  if (node.is !== 'serving') return 'a lost device cannot be replaced'
  const announced = c.announce(node.epochs, { newHolder: 'X', initiator: 'X', vetoable: false }).state
  const id = { epoch: announced.act.id.epoch + 1, attempt: announced.att + 1 }
  const asked = {
    kind: 'replace',
    base: announced.act.id,
    id,
    from: 'X',
    newHolder: 'X',
    transcript: 'X',
  } as const
  const prepared = c.prepare(announced, asked, { delayOver: true }).state
  const done = c.commit(prepared, { id, from: 'X', transcript: 'X' }, { delayOver: true }).state
  return c.serves(done, id, 'X') ? null : 'a lost device cannot be replaced'
}

/** The device's program, with every message answered at once. */
class Run {
  readonly #f: OperatorFunctions
  #device: DeviceState
  #o: KeyState
  #w: KeyState

  constructor(functions: OperatorFunctions, { device: own, nodes }: Moment) {
    this.#f = functions
    this.#device = own
    this.#o = nodes.O
    this.#w = nodes.W
  }

  /** Whether the device's share is served by its node. */
  signs(): boolean {
    const node = this.#device.node === 'O' ? this.#o : this.#w
    const { act } = this.#device.epochs
    return node.is === 'serving' && act !== null && this.#f.cosigner.serves(node.epochs, act, DEVICE)
  }

  /** Whether it has come to the new node and the old one is done. */
  left(): boolean {
    return this.#device.node === 'W' && this.#o.is === 'retired' && this.#device.epochs.retiring === null
  }

  /** What a start does first: the commit that may be under way, then RETIRE. */
  settle(): void {
    for (let turn = 0; turn < 4; turn++) {
      const { pend, commitSent, retiring } = this.#device.epochs
      if (retiring !== null) this.#send({ to: 'O', type: 'retire', id: retiring })
      if (!commitSent || pend === null) return
      const mail = { id: pend.id, from: DEVICE, transcript: pend.transcript }
      if (pend.role === 'refresh') {
        this.#send({ ...mail, to: this.#device.node, type: 'commit' })
        continue
      }
      const consent = pend.role === 'operator-alone'
      if (!consent && this.#o.is === 'serving') this.#send({ ...mail, to: 'O', type: 'release' })
      this.#send({ ...mail, to: 'W', type: 'join', consent })
      if (this.#device.epochs.commitSent) this.#send({ to: 'W', type: 'abandon', id: pend.id, from: DEVICE })
    }
  }

  /** An operator change from its beginning, if it has not been made. */
  change(oldNodeDeals: boolean): void {
    if (this.#device.node === 'W') return
    const { act } = this.#device.epochs
    if (act !== null) this.#send({ to: 'O', type: 'final', id: act, from: DEVICE })
    const known = this.#o.is === 'serving' ? this.#o.epochs.att : 0
    const seen = this.#w.is === 'joining' ? (this.#w.epochs.seen?.attempt ?? 0) : 0
    const begun = this.#f.device.prepare(this.#device.epochs, { att: Math.max(known, seen) })
    if (begun === null) return
    this.#device = { ...this.#device, epochs: begun.state }
    if (oldNodeDeals) this.#send({ to: 'O', type: 'prep', kind: 'operator', id: begun.id, from: DEVICE })
    else {
      const dealt = { id: begun.id, transcript: 'V', role: 'operator-alone' } as const
      this.#device = { ...this.#device, epochs: this.#f.device.prepared(begun.state, dealt).state }
    }
    const { pend } = this.#device.epochs
    if (pend === null) return
    this.#send({ to: 'W', type: 'hand-over', id: pend.id, from: DEVICE, transcript: pend.transcript })
    this.settle()
    this.settle()
  }

  /** Delivers a message, and every answer to the device, one after the other. */
  #send(message: OperatorMail): void {
    const queue: OperatorMail[] = [message]
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (next.to === 'O' || next.to === 'W') {
        const machine = nodeMachine(this.#f, next.to, false)
        const step = machine.receive(next.to === 'O' ? this.#o : this.#w, next)[0]
        if (step === undefined) continue
        if (next.to === 'O') this.#o = step.state
        else this.#w = step.state
        queue.push(...step.send)
      } else {
        const setting = {
          functions: this.#f,
          bounds: { epochs: 0, attempts: 0 },
          refreshes: false,
          dealers: [],
        }
        const step = changingDevice(setting).receive(this.#device, next)[0]
        if (step === undefined) continue
        this.#device = step.state
        queue.push(...step.send)
      }
    }
  }
}

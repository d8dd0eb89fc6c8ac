// What must hold of a device, a cosigner and recoveries at every moment? (SPEC 5.2; invariants I8, I10)

import {
  cosigner,
  type DeviceEpochs,
  device,
  type Holder,
  type ShareId,
  sameId,
} from '@tercet/protocol/epochs'
import { type CosignerFunctions, type CosignerState, cosignerMachine, DEVICE } from './cosigner-machine.js'
import { type DeviceFunctions, deviceMachine, newcomerMachine, recoveryMachine } from './device-machine.js'
import type { Bounds, Mail } from './messages.js'
import { type Actor, actor, Post, type World } from './search.js'

/** What takes part in a search. */
export interface Cast {
  readonly bounds: Bounds
  readonly thief: boolean
  /** `alone`: a new device that recovers by itself; `two`: a recovery machine and a new device. */
  readonly recoveries: readonly ('alone' | 'two')[]
  /** Whether the device also moves to another one by itself. */
  readonly moves?: boolean
}

/** The functions under test. */
export interface Functions {
  readonly cosigner: CosignerFunctions
  readonly device: DeviceFunctions
}
export const product: Functions = { cosigner, device }

/** A device and a cosigner, and the recoveries of the cast. */
export function epochWorld(cast: Cast, functions: Functions = product): World<Mail> {
  const post = new Post<Mail>()
  const { bounds } = cast
  const parties = cast.recoveries.map((kind, at) => ({
    newHolder: `N${at + 1}`,
    initiator: kind === 'alone' ? `N${at + 1}` : `R${at + 1}`,
  }))
  const mover = cast.moves === true ? 'M' : null
  const d = actor(post, deviceMachine(functions.device, bounds, DEVICE, mover))
  const claims = mover === null ? parties : [...parties, { newHolder: mover, initiator: DEVICE }]
  const setting = { functions: functions.cosigner, bounds, claims, thief: cast.thief }
  const c = actor(post, cosignerMachine(setting))
  const others = parties.flatMap(({ newHolder, initiator }) => {
    const runs = recoveryMachine(functions.device, bounds, initiator, newHolder)
    const machines =
      initiator === newHolder ? [runs] : [runs, newcomerMachine(functions.device, newHolder, initiator)]
    return machines.map((machine) => actor(post, machine))
  })
  if (mover !== null) others.push(actor(post, newcomerMachine(functions.device, mover, DEVICE)))
  const actors: Actor<unknown>[] = [d, c, ...others]
  return {
    post,
    actors,
    check: (states) => {
      const own = d.value(states[0] as number)
      const node = c.value(states[1] as number)
      const holders = new Map(others.map(({ name, value }, at) => [name, value(states[at + 2] as number)]))
      return judge(functions, own, node, holders)
    },
  }
}

function judge(
  functions: Functions,
  own: DeviceEpochs,
  node: CosignerState,
  others: ReadonlyMap<Holder, DeviceEpochs>,
): string | null {
  return (
    rowsKept(node) ??
    delayKept(node) ??
    (node.replaced.length > 0 ? replaced(functions, node, others) : pairKept(functions, own, node)) ??
    answersEnd(functions, node, new Map([...others, [DEVICE, own]])) ??
    deviceLost(functions, node)
  )
}

/** The base's proofs are there, whatever the base may be; and no id was ever given to two reshares. */
function rowsKept({ epochs, rows, twice }: CosignerState): string | null {
  if (twice) return 'one id names two reshares'
  for (const row of ['act', 'old', 'pend'] as const) {
    if (rows[row] !== (epochs[row]?.transcript ?? null))
      return `the proofs of ${row} are not those of its share`
  }
  return null
}

/** A replace is pending only with a claim that was not stopped and whose delay has ended. */
function delayKept({ epochs, over }: CosignerState): string | null {
  const { pend } = epochs
  return pend?.kind === 'replace' && !over.includes(pend.holder)
    ? `a replace is pending before its delay has ended, or after a veto`
    : null
}

/** I8: until a replace commits, device and cosigner have a common share, and can finish a refresh. */
function pairKept(functions: Functions, own: DeviceEpochs, node: CosignerState): string | null {
  // Whoever has the device's credential and share is the device: it may finish a refresh without the other.
  if (node.thief) return null
  const { act } = own
  if (act === null || !functions.cosigner.serves(node.epochs, act, DEVICE)) {
    return 'device and cosigner have no share in common'
  }
  return finishesRefresh(functions, own, node)
}

/** A fair run: every message is answered at once, and the device does what its program does at a start. */
function finishesRefresh(functions: Functions, own: DeviceEpochs, node: CosignerState): string | null {
  let d = own
  let c = node.epochs
  const claimed = c.announced.length > 0 || c.pend?.kind === 'replace'
  for (let turn = 0; turn < 8; turn++) {
    const { pend } = d
    if (d.commitSent && pend !== null) {
      const step = functions.cosigner.commit(c, { ...pend, from: DEVICE }, { delayOver: true })
      c = step.state
      if (step.answer.type === 'committed') d = functions.device.committed(d, pend.id).state
      if (step.answer.type === 'unknown') d = functions.device.unknown(d, pend.id).state
      if (step.answer.type === 'committed' && pend.role === 'hand-over') return null
      if (d.act === null || !functions.cosigner.serves(c, d.act, DEVICE)) return 'a retry loses the share'
      if (step.answer.type === 'committed' && turn > 1) return null
      continue
    }
    // While a claim is announced no refresh is due: that the pair signs was shown above.
    if (claimed) return null
    const due = functions.device.finalDue(d, { backedUp: true })
    if (due !== null) c = functions.cosigner.final(c, { id: due, from: DEVICE }).state
    const begun = functions.device.prepare(d)
    if (begun === null || d.act === null) return 'no refresh can begin'
    d = begun.state
    const { id } = begun
    const asked = { kind: 'refresh', base: d.act as ShareId, id, from: DEVICE, newHolder: DEVICE } as const
    const step = functions.cosigner.prepare(c, { ...asked, transcript: 'fair' }, { delayOver: false })
    c = step.state
    if (step.answer.type === 'refused') {
      d = functions.device.refused(d, step.answer).state
      continue
    }
    d = functions.device.prepared(d, { id, transcript: 'fair', role: 'refresh' }).state
    d = functions.device.commitSent(d).state
  }
  return 'no refresh comes to an end'
}

/** I10: after a replace the winner holds what the cosigner serves, and the replaced get nothing. */
function replaced(
  functions: Functions,
  { epochs, replaced: gone }: CosignerState,
  others: ReadonlyMap<Holder, DeviceEpochs>,
): string | null {
  for (const holder of gone) {
    for (const share of [epochs.act, epochs.old, epochs.pend]) {
      if (share !== null && functions.cosigner.serves(epochs, share.id, holder)) return `${holder} is served`
    }
  }
  if (gone.some((holder) => holder !== DEVICE)) return 'both recoveries committed'
  if (epochs.old !== null) return 'an old share is kept'
  const winner = others.get(epochs.act.holder)
  const { id } = epochs.act
  return sameId(winner?.act ?? null, id) || sameId(winner?.pend?.id ?? null, id)
    ? null
    : `${epochs.act.holder} does not hold what was committed for it`
}

/** Every COMMIT that was sent is answered, and its sender goes on; the winner signs. */
function answersEnd(
  { cosigner: c, device: d }: Functions,
  node: CosignerState,
  all: ReadonlyMap<Holder, DeviceEpochs>,
): string | null {
  const { epochs } = node
  for (const [name, state] of all) {
    const { pend } = state
    if (!state.commitSent || pend === null) continue
    const asks = pend.role === 'newcomer' && epochs.act.initiator !== name && epochs.pend?.initiator !== name
    const step = asks ? null : c.commit(epochs, { ...pend, from: name }, { delayOver: true })
    const answer = step === null ? c.resolve(epochs, { id: pend.id, from: name }) : step.answer
    if (answer.type === 'pending') continue
    const is = sameId(epochs.act.id, pend.id) && epochs.act.transcript === pend.transcript
    if (answer.type === 'unknown' && is) return `${name} is told UNKNOWN of what was committed`
    const now = step?.state ?? epochs
    const next = answer.type === 'committed' ? d.committed(state, pend.id) : d.unknown(state, pend.id)
    if (next.state.commitSent) return `${name} never hears the end`
    const signs = next.state.act !== null && c.serves(now, next.state.act, name)
    const cloned = node.thief && name === DEVICE
    if (now.act.holder === name && !signs && !cloned)
      return `${name} cannot sign with what was committed for it`
  }
  return null
}

/** Nobody is needed but the cosigner and the recovery key: a fresh claim with a second factor always ends well. */
function deviceLost({ cosigner: c }: Functions, { epochs }: CosignerState): string | null {
  const claim = { newHolder: 'fresh', initiator: 'recovery', vetoable: false }
  const announced = c.announce(epochs, claim).state
  const id = { epoch: announced.act.id.epoch + 1, attempt: announced.att + 1 }
  const asked = { kind: 'replace', base: announced.act.id, id, from: 'recovery', newHolder: 'fresh' } as const
  const prepared = c.prepare(announced, { ...asked, transcript: 'fresh' }, { delayOver: true }).state
  const commit = { id, from: 'recovery', transcript: 'fresh' }
  const done = c.commit(prepared, commit, { delayOver: true }).state
  return c.serves(done, id, 'fresh') ? null : 'a lost device cannot be replaced'
}

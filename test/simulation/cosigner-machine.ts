// How does a cosigner behave that does with its rows what the transition functions say? (SPEC 5.2)

import {
  type Announcement,
  type CosignerEffect,
  type CosignerEpochs,
  type CosignerStep,
  type cosigner,
  type Holder,
  type ShareId,
  sameId,
  type Transcript,
} from '@tercet/protocol/epochs'
import { type Bounds, ids, type Mail, text } from './messages.js'
import type { Machine, Outcome } from './search.js'

/** The functions under test: the product's own, or a broken variant of them. */
export type CosignerFunctions = typeof cosigner

/** The durable state of the program, and what the search remembers of its past to judge it. */
export interface CosignerState {
  readonly epochs: CosignerEpochs
  /** The rows of the program, each named by the Tr of its share and its two proofs. */
  readonly rows: Rows
  /** New holders whose delay has ended. */
  readonly over: readonly Holder[]
  /** How many claims were accepted, by new holder. */
  readonly claims: Readonly<Record<Holder, number>>
  readonly vetoes: number
  /** Ids that were prepared; `twice` when one of them was prepared again. */
  readonly used: readonly string[]
  readonly twice: boolean
  /** Credentials whose share was replaced. */
  readonly replaced: readonly Holder[]
  /** Whether a COMMIT or FINAL of the thief was obeyed. */
  readonly thief: boolean
}
export interface Rows {
  readonly act: Transcript | null
  readonly old: Transcript | null
  readonly pend: Transcript | null
}

export const DEVICE = 'D'
/** An attempt after which there is none: what a thief would use up the numbers with. */
const LAST = Number.MAX_SAFE_INTEGER

export interface CosignerSetting {
  readonly functions: CosignerFunctions
  readonly bounds: Bounds
  /** The claims that may be made. */
  readonly claims: readonly Omit<Announcement, 'vetoable'>[]
  /** Whether somebody else has the device's credential. */
  readonly thief: boolean
}

export function firstCosigner({ functions, claims }: CosignerSetting): CosignerState {
  return {
    epochs: functions.first(DEVICE, 'keygen'),
    rows: { act: 'keygen', old: null, pend: null },
    over: [],
    claims: Object.fromEntries(claims.map(({ newHolder }) => [newHolder, 0])),
    vetoes: 0,
    used: [],
    twice: false,
    replaced: [],
    thief: false,
  }
}

export function cosignerMachine(setting: CosignerSetting): Machine<CosignerState, Mail> {
  const act = (state: CosignerState): Outcome<CosignerState, Mail>[] => [
    ...(state.epochs.pend === null ? [] : [expires(setting, state)]),
    ...setting.claims.flatMap((claim) => claimSteps(setting, state, claim)),
    ...(setting.thief ? thiefSteps(setting, state) : []),
  ]
  const receive = (state: CosignerState, message: Mail): Outcome<CosignerState, Mail>[] => {
    switch (message.type) {
      case 'prep': {
        const bases = message.base === null ? ids(setting.bounds) : [message.base]
        return bases.map((base) => answerPrepare(setting, state, { ...message, base }, ''))
      }
      case 'commit':
        return [answerCommit(setting, state, message)]
      case 'final': {
        const step = setting.functions.final(state.epochs, message)
        return [{ label: `FINAL ${text(message.id)}`, state: after(state, step), send: [] }]
      }
      case 'ask': {
        const { type } = setting.functions.resolve(state.epochs, message)
        if (type === 'pending') return []
        const send = [{ to: message.from, type, id: message.id } as const]
        return [{ label: `tells ${message.from} that ${text(message.id)} is ${type}`, state, send }]
      }
      default:
        return []
    }
  }
  return { name: 'C', first: firstCosigner(setting), act, receive }
}

interface Asked {
  readonly kind: 'refresh' | 'replace'
  readonly base: ShareId
  readonly id: ShareId
  readonly from: Holder
  readonly newHolder: Holder
}

function answerPrepare(
  { functions }: CosignerSetting,
  state: CosignerState,
  asked: Asked,
  by: string,
): Outcome<CosignerState, Mail> {
  const transcript = `${by}${asked.from}${text(asked.id)}`
  const delayOver = state.over.includes(asked.newHolder)
  const step = functions.prepare(state.epochs, { ...asked, transcript }, { delayOver })
  const { id, from: to } = asked
  const label = `PREP ${asked.kind} ${text(id)} of ${by}${to} -> ${step.answer.type}`
  if (step.answer.type === 'refused') {
    const send = [{ to, type: 'refused', id, att: step.answer.att } as const]
    return { label, state, send: by === '' && asked.kind === 'refresh' ? send : [] }
  }
  const used = [...new Set([...state.used, text(id)])].sort()
  const twice = state.twice || state.used.includes(text(id))
  const next = { ...after(state, step, transcript), used, twice }
  return {
    label,
    state: next,
    send: by === '' ? [{ to, type: 'prepared', kind: asked.kind, id, transcript }] : [],
  }
}

function answerCommit(
  { functions }: CosignerSetting,
  state: CosignerState,
  message: { readonly id: ShareId; readonly from: Holder; readonly transcript: Transcript },
): Outcome<CosignerState, Mail> {
  const delayOver = state.over.includes(state.epochs.pend?.holder ?? '')
  const step = functions.commit(state.epochs, message, { delayOver })
  const { id, from: to } = message
  const { type } = step.answer
  const before = [state.epochs.act.holder, state.epochs.old?.holder ?? state.epochs.act.holder]
  const replaces = state.epochs.pend?.kind === 'replace' && step.state.pend === null
  const replaced = replaces ? [...new Set([...state.replaced, ...before])].sort() : state.replaced
  return {
    label: `COMMIT ${text(id)} of ${to} -> ${type}`,
    state: { ...after(state, step), replaced },
    send: type === 'refused' ? [] : [{ to, type, id }],
  }
}

function expires({ functions }: CosignerSetting, state: CosignerState): Outcome<CosignerState, Mail> {
  return { label: 'pend expires', state: after(state, functions.expire(state.epochs)), send: [] }
}

/** A claim is accepted, again with a second factor when it was stopped; its delay ends. */
function claimSteps(
  { functions }: CosignerSetting,
  state: CosignerState,
  claim: Omit<Announcement, 'vetoable'>,
): Outcome<CosignerState, Mail>[] {
  const { newHolder } = claim
  const made = state.claims[newHolder] ?? 0
  const runs = state.epochs.announced.some((announced) => announced.newHolder === newHolder)
  if (runs && !state.over.includes(newHolder)) {
    return [
      {
        label: `the delay of ${newHolder} ends`,
        state: { ...state, over: [...state.over, newHolder].sort() },
        send: [],
      },
    ]
  }
  if (runs || made === 2 || state.replaced.length > 0) return []
  const step = functions.announce(state.epochs, { ...claim, vetoable: made === 0 })
  const claims = { ...state.claims, [newHolder]: made + 1 }
  return [{ label: `claim of ${newHolder}`, state: { ...after(state, step), claims }, send: [] }]
}

/** Everything that can be sent with the device's credential; the answers go to the thief. */
function thiefSteps(setting: CosignerSetting, state: CosignerState): Outcome<CosignerState, Mail>[] {
  const { functions, bounds, claims } = setting
  const known = ids(bounds)
  const wanted = [...known, ...[1, 2, 3].map((epoch) => ({ epoch, attempt: LAST }))]
  const newHolders = [DEVICE, 'T', ...claims.map(({ newHolder }) => newHolder)]
  const steps: Outcome<CosignerState, Mail>[] = []
  const bases = known.filter(
    (id) => sameId(id, state.epochs.act.id) || sameId(id, state.epochs.old?.id ?? null),
  )
  for (const base of bases) {
    for (const id of wanted) {
      for (const newHolder of newHolders) {
        for (const kind of ['refresh', 'replace'] as const) {
          steps.push(answerPrepare(setting, state, { kind, base, id, from: DEVICE, newHolder }, 'thief:'))
        }
      }
    }
  }
  const pend = state.epochs.pend
  for (const id of wanted) {
    const transcript = pend?.transcript ?? ''
    const commit = answerCommit(setting, state, { id, from: DEVICE, transcript })
    steps.push({ label: `thief: ${commit.label}`, state: { ...commit.state, thief: true }, send: [] })
    const final = functions.final(state.epochs, { id, from: DEVICE })
    steps.push({
      label: `thief: FINAL ${text(id)}`,
      state: { ...after(state, final), thief: true },
      send: [],
    })
  }
  for (const { newHolder } of claims) {
    const step = functions.veto(state.epochs, { newHolder, from: DEVICE }, { budgetLeft: state.vetoes === 0 })
    if (step.answer === 'refused') continue
    const vetoed = { ...after(state, step), vetoes: 1 }
    steps.push({ label: `thief: vetoes ${newHolder}`, state: vetoed, send: [] })
  }
  return steps.filter(({ state: next }) => next.epochs !== state.epochs)
}

/** The transaction: the new state, and the effects on the rows in their order. */
function after(state: CosignerState, step: CosignerStep<unknown>, transcript: Transcript | null = null) {
  const rows = step.effects.reduce((now, effect) => apply(now, effect, transcript), state.rows)
  const announced = step.state.announced.map(({ newHolder }) => newHolder)
  return {
    ...state,
    epochs: step.state,
    rows,
    over: state.over.filter((holder) => announced.includes(holder)),
  }
}

function apply(rows: Rows, effect: CosignerEffect, transcript: Transcript | null): Rows {
  switch (effect) {
    case 'store-pend':
      return { ...rows, pend: transcript }
    case 'drop-pend':
      return { ...rows, pend: null }
    case 'act-becomes-old':
      return { ...rows, act: null, old: rows.act }
    case 'pend-becomes-act':
      return { ...rows, act: rows.pend, pend: null }
    case 'drop-act':
      return { ...rows, act: null }
    case 'drop-old':
      return { ...rows, old: null }
  }
}

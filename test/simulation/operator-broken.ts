// What does each guard of an operator change prevent? (SPEC 5.3: the variants that the search must see through)

import { device, joining, leaving } from '@tercet/protocol/epochs'
import type { OperatorFunctions } from './operator-messages.js'
import { type OperatorCast, product } from './operator-world.js'

/** One guard taken away, and the smallest cast that shows why it is there. */
export interface BrokenChange {
  readonly name: string
  readonly functions: OperatorFunctions
  readonly cast: OperatorCast
  /** What goes wrong, as the search says it. */
  readonly harm: RegExp
}

const bounds = { epochs: 1, attempts: 1 }
const quiet: OperatorCast = { bounds, refreshes: false, dealers: ['node'], recovery: [] }
const later: OperatorCast = { ...quiet, bounds: { epochs: 2, attempts: 1 }, refreshes: true }
const stolen: OperatorCast = { ...quiet, recovery: ['O'], countsNodes: false }
const stolenLater: OperatorCast = { ...stolen, recovery: ['W'] }

const change = (changed: Partial<OperatorFunctions>): OperatorFunctions => ({ ...product, ...changed })
const { commit, expire, joined } = joining
const { release, withdraw } = leaving

/** The old node is not asked to let go: COMMIT goes to the new node at once, and RETIRE comes when it comes. */
const withoutRelease = change({
  device: {
    ...device,
    prepared: (state, answer) =>
      device.prepared(state, {
        ...answer,
        role: answer.role === 'operator' ? 'operator-alone' : answer.role,
      }),
  },
})

export const brokenChanges: readonly BrokenChange[] = [
  {
    name: 'the old node does not let go before COMMIT: both nodes serve',
    functions: withoutRelease,
    cast: quiet,
    harm: /both nodes serve/,
  },
  {
    name: 'the old node does not let go before COMMIT: a recovery there does not stop a stolen device',
    functions: withoutRelease,
    cast: stolen,
    harm: /the replaced device is served/,
  },
  {
    name: 'the old node does not let go before COMMIT: nor does a recovery at the new node',
    functions: withoutRelease,
    cast: stolenLater,
    harm: /the replaced device is served/,
  },
  {
    name: 'the old node serves on after its RELEASE',
    functions: change({
      leaving: { ...leaving, release: (state, asked) => ({ ...release(state, asked), state }) },
    }),
    cast: quiet,
    harm: /both nodes serve/,
  },
  {
    name: 'the old node forgets its shares at RELEASE',
    functions: change({
      leaving: {
        ...leaving,
        withdraw: (state, { id }) => ({
          ...withdraw(state, { id, never: false }),
          answer: { type: 'unknown', id },
        }),
      },
    }),
    cast: quiet,
    harm: /no share in common|cannot be replaced/,
  },
  {
    name: 'the new node forgets what it was handed when that expires',
    functions: change({
      joining: { ...joining, expire: (state) => ({ ...expire(state), seen: null }) },
    }),
    cast: quiet,
    harm: /no share in common|cannot be replaced|no operator change/,
  },
  {
    name: 'NEVER is said of what may still be handed over',
    functions: change({
      joining: {
        ...joining,
        expire: (state) => ({ ...expire(state), seen: null }),
        commit: (state, asked) => {
          const step = commit(state, asked)
          const none = step.answer.type === 'not-yet' && state.pend === null
          return none ? { serves: false, state, answer: { type: 'never', id: asked.id } } : step
        },
        abandon: (state, id) => ({
          state: { ...joining.abandon(state, id).state, seen: null },
          answer: { type: 'never', id },
        }),
      },
    }),
    cast: quiet,
    harm: /both nodes serve/,
  },
  {
    name: 'the new node forgets by which change it came',
    functions: change({
      joining: {
        ...joining,
        joined: (state, id) => {
          const answer = joined(state, id)
          const forgotten = answer.type === 'committed' && state.act.id.epoch > id.epoch
          return forgotten ? { type: 'never', id } : answer
        },
      },
    }),
    cast: later,
    harm: /both nodes serve/,
  },
  {
    name: 'a RELEASE that arrives late is obeyed after WITHDRAW',
    functions: change({
      leaving: {
        ...leaving,
        withdraw: (state, asked) => {
          const step = withdraw({ ...state, pend: null }, asked)
          return { ...step, state: { ...step.state, pend: state.pend } }
        },
      },
    }),
    cast: quiet,
    harm: /no share in common/,
  },
  {
    name: 'the device obeys NEVER before the old node has heard of it',
    functions: change({ device: { ...device, never: (state, id) => device.unknown(state, id) } }),
    cast: quiet,
    harm: /no share in common/,
  },
  {
    name: 'the device switches when it has the RELEASE',
    functions: change({
      device: {
        ...device,
        commitSent: (state) => {
          const step = device.commitSent(state)
          return { ...step, state: { ...step.state, act: state.pend?.id ?? state.act } }
        },
      },
    }),
    cast: quiet,
    harm: /no share in common/,
  },
]

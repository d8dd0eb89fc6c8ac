// What does each guard of the commit protocol prevent? (SPEC 5.2: the variants that the search must see through)

import { type CosignerEpochs, cosigner, type DeviceEpochs, device, sameId } from '@tercet/protocol/epochs'
import type { CosignerFunctions } from './cosigner-machine.js'
import type { DeviceFunctions } from './device-machine.js'
import { type Cast, type Functions, product } from './epoch-world.js'

/** One guard taken away, and the smallest cast that shows why it is there. */
export interface Broken {
  readonly name: string
  readonly functions: Functions
  readonly cast: Cast
  /** What goes wrong, as the search says it. */
  readonly harm: RegExp
}

const once: Cast = { bounds: { epochs: 1, attempts: 1 }, thief: false, recoveries: [] }
const retried: Cast = { bounds: { epochs: 1, attempts: 2 }, thief: false, recoveries: [] }
const twice: Cast = { bounds: { epochs: 2, attempts: 1 }, thief: false, recoveries: [] }
const recovered: Cast = { bounds: { epochs: 2, attempts: 1 }, thief: false, recoveries: ['alone'] }
const stolen: Cast = { bounds: { epochs: 1, attempts: 1 }, thief: true, recoveries: ['alone'] }
const byOther: Cast = { bounds: { epochs: 1, attempts: 1 }, thief: false, recoveries: ['two'] }
const byOtherAgain: Cast = { bounds: { epochs: 1, attempts: 2 }, thief: false, recoveries: ['two'] }
const contested: Cast = { bounds: { epochs: 2, attempts: 1 }, thief: false, recoveries: ['alone', 'alone'] }

const ofCosigner = (changed: Partial<CosignerFunctions>): Functions => ({
  ...product,
  cosigner: { ...cosigner, ...changed },
})
const ofDevice = (changed: Partial<DeviceFunctions>): Functions => ({
  ...product,
  device: { ...device, ...changed },
})

const { prepare, commit } = cosigner
/** Prepares as if the state were another one, and keeps what that changes. */
const prepareAs = (
  disguise: (state: CosignerEpochs, asked: Parameters<typeof prepare>[1]) => Partial<CosignerEpochs>,
) =>
  ofCosigner({
    prepare: (state, asked, delay) => {
      const step = prepare({ ...state, ...disguise(state, asked) }, asked, delay)
      return step.answer.type === 'prepared'
        ? { ...step, state: { ...step.state, act: state.act } }
        : { ...step, state }
    },
  })
/** Obeys an answer as if it were about what is pending. */
const always = (obey: typeof device.committed) => (state: DeviceEpochs) =>
  obey(state, state.pend?.id ?? { epoch: -1, attempt: 0 })

export const broken: readonly Broken[] = [
  {
    name: 'the node drops old when a refresh commits',
    functions: ofCosigner({
      commit: (state, asked, delay) => {
        const step = commit(state, asked, delay)
        if (state.pend?.kind !== 'refresh' || step.state.pend !== null) return step
        return { ...step, state: { ...step.state, old: null }, effects: [...step.effects, 'drop-old'] }
      },
    }),
    cast: once,
    harm: /no share in common/,
  },
  {
    name: 'the device switches before it hears COMMITTED',
    functions: ofDevice({
      commitSent: (state) => {
        const step = device.commitSent(state)
        return { ...step, state: { ...step.state, act: state.pend?.id ?? state.act } }
      },
    }),
    cast: once,
    harm: /no share in common/,
  },
  {
    name: 'a stale COMMITTED is obeyed',
    functions: ofDevice({ committed: always(device.committed) }),
    cast: twice,
    harm: /no share in common/,
  },
  {
    name: 'a stale FINAL is obeyed',
    functions: ofCosigner({
      final: (state, { from }) => cosigner.final(state, { id: state.act.id, from }),
    }),
    cast: once,
    harm: /no share in common/,
  },
  {
    name: 'a stale UNKNOWN is obeyed',
    functions: ofDevice({ unknown: always(device.unknown) }),
    cast: retried,
    harm: /no refresh comes to an end/,
  },
  {
    name: 'old is kept when a replace commits',
    functions: ofCosigner({
      commit: (state, asked, delay) => {
        const step = commit(state, asked, delay)
        if (state.pend?.kind !== 'replace' || step.state.pend !== null) return step
        return {
          ...step,
          state: { ...step.state, old: state.act },
          effects: ['act-becomes-old', 'pend-becomes-act'],
        }
      },
    }),
    cast: stolen,
    harm: /D is served/,
  },
  {
    name: 'the credential is not revoked when a replace commits',
    functions: ofCosigner({
      serves: ({ act, old }, id) => sameId(act.id, id) || sameId(old?.id ?? null, id),
    }),
    cast: stolen,
    harm: /D is served/,
  },
  {
    name: 'the new proofs take the place of the old ones at PREP',
    functions: ofCosigner({
      prepare: (state, asked, delay) => {
        const step = prepare(state, asked, delay)
        return {
          ...step,
          effects: step.effects.flatMap((effect) =>
            effect === 'store-pend' ? [effect, 'pend-becomes-act'] : [effect],
          ),
        }
      },
    }),
    cast: once,
    harm: /proofs of act/,
  },
  {
    name: 'the attempt is not stored',
    functions: ofCosigner({
      prepare: (state, asked, delay) => {
        const step = prepare(state, asked, delay)
        return { ...step, state: { ...step.state, att: state.att } }
      },
    }),
    cast: once,
    harm: /names two reshares/,
  },
  {
    name: 'the attempt is not compared',
    functions: prepareAs(() => ({ att: 0 })),
    cast: once,
    harm: /names two reshares/,
  },
  {
    name: 'the attempt has no bound',
    functions: prepareAs((state, { id }) => (id.attempt > state.att ? { att: id.attempt - 1 } : {})),
    cast: stolen,
    harm: /cannot be replaced|no refresh/,
  },
  {
    name: 'the epoch is not checked',
    functions: ofCosigner({
      prepare: (state, asked, delay) => {
        // The epoch that would be right, then the one that was asked for.
        const right = { ...asked, id: { ...asked.id, epoch: state.act.id.epoch + 1 } }
        const step = prepare(state, right, delay)
        const { pend } = step.state
        if (step.answer.type !== 'prepared' || pend === null) return step
        return {
          ...step,
          state: { ...step.state, pend: { ...pend, id: asked.id } },
          answer: { ...step.answer, id: asked.id },
        }
      },
    }),
    cast: recovered,
    harm: /names two reshares/,
  },
  {
    name: 'COMMIT is obeyed from anyone',
    functions: ofCosigner({
      commit: (state, asked, delay) => {
        const waits = sameId(state.pend?.id ?? null, asked.id)
        return commit(state, waits ? { ...asked, from: state.pend?.initiator ?? asked.from } : asked, delay)
      },
    }),
    cast: stolen,
    harm: /does not hold what was committed/,
  },
  {
    name: 'PREP of a claim is obeyed from anyone',
    functions: ofCosigner({
      prepare: (state, asked, delay) => {
        const announced = state.announced.map((claim) => ({ ...claim, initiator: asked.from }))
        const step = prepare({ ...state, announced }, asked, delay)
        return { ...step, state: { ...step.state, announced: state.announced } }
      },
    }),
    cast: stolen,
    harm: /does not hold what was committed/,
  },
  {
    name: 'COMMITTED is repeated to the new device alone',
    functions: ofCosigner({
      commit: (state, asked, delay) => {
        const step = commit(state, asked, delay)
        const repeated = step.state === state && step.answer.type === 'committed'
        return repeated && asked.from !== state.act.holder
          ? { ...step, answer: { type: 'unknown', id: asked.id } }
          : step
      },
    }),
    cast: byOther,
    harm: /told UNKNOWN/,
  },
  {
    name: 'a new attempt begins while a COMMIT is under way',
    functions: ofDevice({
      prepare: (state, begin) => device.prepare({ ...state, commitSent: false }, begin),
    }),
    cast: retried,
    harm: /no refresh comes to an end/,
  },
  {
    name: 'a claim does not wait for its delay',
    functions: ofCosigner({ prepare: (state, asked) => prepare(state, asked, { delayOver: true }) }),
    cast: stolen,
    harm: /before its delay/,
  },
  {
    name: 'a veto leaves what is pending',
    functions: ofCosigner({
      veto: (state, asked, budget) => {
        const step = cosigner.veto(state, asked, budget)
        return { ...step, state: { ...step.state, pend: state.pend }, effects: [] }
      },
    }),
    cast: stolen,
    harm: /before its delay|a veto/,
  },
  {
    name: 'a new device takes whatever share comes last',
    functions: ofDevice({
      received: (state, handed) => device.received({ ...state, pend: null, commitSent: false }, handed),
    }),
    cast: byOtherAgain,
    harm: /does not hold what was committed/,
  },
  {
    name: 'a recovery goes on when another one has committed',
    functions: ofCosigner({
      commit: (state, asked, delay) => {
        const step = commit(state, asked, delay)
        return { ...step, state: { ...step.state, announced: state.announced } }
      },
    }),
    cast: contested,
    harm: /both recoveries committed/,
  },
]

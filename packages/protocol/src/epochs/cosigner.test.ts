// Does every guard of the cosigner hold by itself? (SPEC 5.2; what they give together is searched in test/simulation)

import { describe, expect, it } from 'vitest'
import { type CosignerEpochs, cosigner, type Prepare, type ShareId } from './index.js'

const D = 'device'
const N = 'new device'
const V = 'recovery'
const over = { delayOver: true }
const id = (epoch: number, attempt: number): ShareId => ({ epoch, attempt })
const start = cosigner.first(D, 'tr 0.0')

const refresh = (base: ShareId, of: ShareId): Prepare => ({
  kind: 'refresh',
  base,
  id: of,
  from: D,
  newHolder: D,
})
const replace = (base: ShareId, of: ShareId): Prepare => ({
  kind: 'replace',
  base,
  id: of,
  from: V,
  newHolder: N,
})
const prepared = (state: CosignerEpochs, asked: Prepare): CosignerEpochs => {
  const step = cosigner.prepare(
    state,
    { ...asked, transcript: `tr ${asked.id.epoch}.${asked.id.attempt}` },
    over,
  )
  expect(step.answer.type).toBe('prepared')
  return step.state
}
const refreshed = (state: CosignerEpochs): CosignerEpochs => {
  const next = id(state.act.id.epoch + 1, state.att + 1)
  const pending = prepared(state, refresh(state.act.id, next))
  return cosigner.commit(pending, { id: next, from: D, transcript: `tr ${next.epoch}.${next.attempt}` }, over)
    .state
}
const claimed = cosigner.announce(start, { newHolder: N, initiator: V, vetoable: true }).state
const replacing = prepared(claimed, replace(id(0, 0), id(1, 1)))

describe('PREP of a refresh', () => {
  it.each([
    ['not-the-holder', start, { ...refresh(id(0, 0), id(1, 1)), from: N }],
    ['not-the-holder', start, { ...refresh(id(0, 0), id(1, 1)), newHolder: N }],
    ['base', start, refresh(id(0, 1), id(1, 1))],
    ['base', refreshed(start), refresh(id(0, 0), id(2, 1))],
    ['old-kept', refreshed(start), refresh(id(1, 1), id(2, 1))],
    ['replace-announced', claimed, refresh(id(0, 0), id(1, 1))],
    ['replace-announced', { ...replacing, announced: [] }, refresh(id(0, 0), id(1, 2))],
    ['epoch', start, refresh(id(0, 0), id(2, 1))],
    ['epoch', start, refresh(id(0, 0), id(0, 1))],
    ['attempt', start, refresh(id(0, 0), id(1, 0))],
    ['attempt', start, refresh(id(0, 0), id(1, 65_537))],
    ['attempt', { ...start, att: 9 }, refresh(id(0, 0), id(1, 9))],
    ['attempt', start, refresh(id(0, 0), id(1, 1.5))],
    ['attempt', start, refresh(id(0, 0), id(1, Number.NaN))],
  ] as const)('is refused: %s', (reason, state, asked) => {
    const { act, old, att } = state
    const refused = { type: 'refused', id: asked.id, act: act.id, old: old?.id ?? null, att, reason }
    expect(cosigner.refusal(state, asked, over)).toEqual(refused)
    expect(cosigner.prepare(state, { ...asked, transcript: '' }, over)).toEqual({
      state,
      answer: refused,
      effects: [],
      revoke: [],
    })
  })

  it('is accepted up to the end of the window, and uses the attempt up', () => {
    const state = prepared(start, refresh(id(0, 0), id(1, 65_536)))
    expect(state.att).toBe(65_536)
    expect(state.pend?.id).toEqual(id(1, 65_536))
  })

  it('takes the place of another one', () => {
    const pending = prepared(start, refresh(id(0, 0), id(1, 1)))
    const step = cosigner.prepare(pending, { ...refresh(id(0, 0), id(1, 2)), transcript: 't' }, over)
    expect(step.effects).toEqual(['drop-pend', 'store-pend'])
    expect(cosigner.expire(step.state)).toMatchObject({
      state: { pend: null, att: 2 },
      effects: ['drop-pend'],
    })
  })
})

describe('PREP of a replace', () => {
  it.each([
    ['not-announced', start, replace(id(0, 0), id(1, 1)), true],
    ['not-announced', claimed, { ...replace(id(0, 0), id(1, 1)), newHolder: 'another' }, true],
    ['not-announced', claimed, { ...replace(id(0, 0), id(1, 1)), from: D }, true],
    ['not-announced', { ...claimed, act: { ...claimed.act, holder: N } }, replace(id(0, 0), id(1, 1)), true],
    ['delay', claimed, replace(id(0, 0), id(1, 1)), false],
    ['base', claimed, replace(id(0, 1), id(1, 1)), true],
    ['epoch', claimed, replace(id(0, 0), id(2, 1)), true],
    ['attempt', claimed, replace(id(0, 0), id(1, 65_537)), true],
  ] as const)('is refused: %s', (reason, state, asked, delayOver) => {
    expect(cosigner.refusal(state, asked, { delayOver })?.reason).toBe(reason)
  })

  it('is accepted with old as its base, whatever is pending', () => {
    const before = prepared({ ...refreshed(start), old: null }, refresh(id(1, 1), id(2, 1)))
    const state = cosigner.announce(
      { ...before, old: start.act },
      { newHolder: N, initiator: V, vetoable: true },
    )
    expect(prepared(state.state, replace(id(0, 0), id(2, 2))).pend).toMatchObject({
      kind: 'replace',
      base: id(0, 0),
    })
  })
})

describe('COMMIT', () => {
  const pending = prepared(start, refresh(id(0, 0), id(1, 1)))
  const asked = { id: id(1, 1), from: D, transcript: 'tr 1.1' }

  it.each([
    ['another id', { ...asked, id: id(1, 2) }],
    ['another sender', { ...asked, from: N }],
    ['another Tr', { ...asked, transcript: 'tr' }],
  ])('is not obeyed: %s', (_name, commit) => {
    const step = cosigner.commit(pending, commit, over)
    expect(step).toEqual({
      state: pending,
      answer: { type: 'unknown', id: commit.id },
      effects: [],
      revoke: [],
    })
  })

  it('of a refresh keeps old until FINAL of the present one', () => {
    const step = cosigner.commit(pending, asked, { delayOver: false })
    expect(step.effects).toEqual(['act-becomes-old', 'pend-becomes-act'])
    expect(step.state).toMatchObject({ act: { id: id(1, 1) }, old: { id: id(0, 0) }, pend: null, att: 0 })
    expect(cosigner.commit(step.state, asked, over)).toMatchObject({
      state: step.state,
      answer: { type: 'committed' },
    })
    for (const [of, from] of [
      [id(0, 0), D],
      [id(1, 1), N],
    ] as const) {
      expect(cosigner.final(step.state, { id: of, from }).state).toBe(step.state)
    }
    expect(cosigner.final(step.state, { id: id(1, 1), from: D })).toMatchObject({
      state: { old: null },
      effects: ['drop-old'],
    })
  })

  it('of a replace waits for the delay, then revokes whoever held a share', () => {
    const commit = { id: id(1, 1), from: V, transcript: 'tr 1.1' }
    const early = cosigner.commit(replacing, commit, { delayOver: false })
    expect(early).toMatchObject({ state: replacing, answer: { type: 'refused', reason: 'delay' } })
    const step = cosigner.commit(replacing, commit, over)
    expect(step).toMatchObject({
      state: { act: { id: id(1, 1), holder: N }, old: null, pend: null, att: 0, announced: [] },
      effects: ['drop-act', 'pend-becomes-act'],
      revoke: [D],
    })
    for (const from of [V, N])
      expect(cosigner.commit(step.state, { ...commit, from }, over).answer.type).toBe('committed')
    expect(cosigner.commit(step.state, { ...commit, from: D }, over).answer.type).toBe('unknown')
    expect(cosigner.serves(step.state, id(1, 1), N)).toBe(true)
    expect(cosigner.serves(step.state, id(1, 1), D)).toBe(false)
  })

  it('of a replace drops old too', () => {
    const state = cosigner.announce(refreshed(start), { newHolder: N, initiator: V, vetoable: true }).state
    const step = cosigner.commit(
      prepared(state, replace(id(1, 1), id(2, 1))),
      { id: id(2, 1), from: V, transcript: 'tr 2.1' },
      over,
    )
    expect(step.effects).toEqual(['drop-old', 'drop-act', 'pend-becomes-act'])
  })
})

describe('a claim', () => {
  it('is stopped by the veto of the device, within its budget, and its reshare with it', () => {
    const veto = { newHolder: N, from: D }
    expect(cosigner.veto(replacing, veto, { budgetLeft: false }).state).toBe(replacing)
    expect(cosigner.veto(replacing, { ...veto, from: N }, { budgetLeft: true }).answer).toBe('refused')
    expect(cosigner.veto(replacing, { ...veto, newHolder: V }, { budgetLeft: true }).answer).toBe('refused')
    expect(cosigner.veto(replacing, veto, { budgetLeft: true })).toMatchObject({
      state: { announced: [], pend: null, att: 1 },
      answer: 'vetoed',
      effects: ['drop-pend'],
    })
  })

  it('that was repeated with a second factor is not', () => {
    const again = cosigner.announce(replacing, { newHolder: N, initiator: V, vetoable: false }).state
    expect(again.announced).toHaveLength(1)
    expect(cosigner.veto(again, { newHolder: N, from: D }, { budgetLeft: true }).answer).toBe('refused')
  })

  it('that ends leaves the reshare of another one', () => {
    const two = cosigner.announce(replacing, { newHolder: 'another', initiator: V, vetoable: true }).state
    expect(cosigner.lapse(two, 'another').state).toEqual(replacing)
  })

  it('tells the new device what became of its share', () => {
    const ask = { id: id(1, 1), from: N }
    expect(cosigner.resolve(replacing, ask).type).toBe('pending')
    expect(cosigner.resolve(replacing, { ...ask, from: D }).type).toBe('unknown')
    expect(cosigner.resolve(cosigner.expire(replacing).state, ask).type).toBe('unknown')
    const done = cosigner.commit(replacing, { id: id(1, 1), from: V, transcript: 'tr 1.1' }, over).state
    expect(cosigner.resolve(done, ask).type).toBe('committed')
  })
})

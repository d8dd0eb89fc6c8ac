// Does every guard of the two nodes of an operator change hold by itself? (SPEC 5.3; together: test/simulation)

import { describe, expect, it } from 'vitest'
import { cosigner, joining, leaving, type ShareId } from './index.js'

const D = 'device'
const id = (epoch: number, attempt: number): ShareId => ({ epoch, attempt })
const named = { isSuccessor: true }
const start = cosigner.first(D, 'tr 0.0')
const asked = { base: id(0, 0), id: id(1, 1), from: D, successor: 'new node', transcript: 'tr 1.1' }
const claim = { newHolder: 'new device', initiator: 'recovery', vetoable: true }
const claimed = cosigner.announce(start, claim).state
const pending = leaving.prepare(start, asked, named).state
const commit = { id: id(1, 1), from: D, transcript: 'tr 1.1' }
const released = leaving.release(pending, commit).state

describe('the old node', () => {
  it.each([
    ['not-the-holder', start, { ...asked, from: 'new node' }, true],
    ['not-the-successor', start, asked, false],
    ['replace-announced', claimed, asked, true],
    ['released', released, { ...asked, id: id(1, 2) }, true],
    ['base', start, { ...asked, base: id(0, 1) }, true],
    ['epoch', start, { ...asked, id: id(2, 1) }, true],
    ['attempt', start, { ...asked, id: id(1, 65_537) }, true],
    ['attempt', pending, asked, true],
  ] as const)('refuses to deal: %s', (reason, state, leave, isSuccessor) => {
    expect(leaving.refusal(state, leave, { isSuccessor })?.reason).toBe(reason)
    expect(leaving.prepare(state, { ...leave, transcript: '' }, { isSuccessor }).state).toBe(state)
  })

  it('obeys no COMMIT of what it leaves', () => {
    expect(cosigner.commit(pending, commit, { delayOver: true })).toMatchObject({
      state: pending,
      answer: { type: 'unknown' },
    })
  })

  it('lets go of its own pending change alone, and not while a claim is announced', () => {
    for (const other of [
      { ...commit, id: id(1, 2) },
      { ...commit, from: 'new node' },
      { ...commit, transcript: 'tr' },
    ]) {
      expect(leaving.release(pending, other)).toMatchObject({ state: pending, answer: { type: 'unknown' } })
    }
    const contested = cosigner.announce(pending, claim).state
    expect(leaving.release(contested, commit)).toMatchObject({
      state: contested,
      answer: { type: 'refused', reason: 'replace-announced' },
    })
  })

  it('serves nothing once it has let go, and says the same again', () => {
    expect(cosigner.serves(pending, id(0, 0), D)).toBe(true)
    expect(cosigner.serves(released, id(0, 0), D)).toBe(false)
    expect(leaving.release(released, commit)).toMatchObject({ state: released, answer: { type: 'released' } })
    expect(cosigner.announce(released, claim)).toMatchObject({ state: released, answer: 'released' })
    const refresh = { kind: 'refresh', base: id(0, 0), id: id(1, 2), from: D, newHolder: D } as const
    expect(cosigner.refusal(released, refresh, { delayOver: true })?.reason).toBe('released')
  })

  it('serves again on a NEVER of that change, and on nothing less', () => {
    expect(leaving.withdraw(released, { id: id(1, 1), never: false })).toMatchObject({
      state: released,
      answer: { type: 'refused' },
    })
    expect(leaving.withdraw(released, { id: id(1, 2), never: true }).state).toBe(released)
    const back = leaving.withdraw(released, { id: id(1, 1), never: true })
    expect(back).toMatchObject({ state: { released: null, act: start.act }, answer: { type: 'unknown' } })
    expect(leaving.withdraw(pending, { id: id(1, 1), never: true })).toMatchObject({
      state: { pend: null, att: 1 },
      effects: ['drop-pend'],
    })
  })

  it('retires for its successor alone', () => {
    const retired = { retired: id(1, 1), successor: 'new node' }
    const active = { id: id(1, 1), successor: 'new node' }
    expect(leaving.retire(released, active, { isSuccessor: false })).toEqual(retired)
    expect(leaving.retire(released, { ...active, successor: 'another' }, named)).toBeNull()
    expect(leaving.retire(start, active, { isSuccessor: false })).toBeNull()
    expect(leaving.retire(start, active, named)).toEqual(retired)
  })
})

describe('the new node', () => {
  const offer = { base: id(3, 1), id: id(4, 2), from: D, transcript: 'tr 4.2' }
  const holds = joining.receive(joining.first, offer) ?? expect.unreachable()
  const join = { id: id(4, 2), from: D, transcript: 'tr 4.2', consent: true }

  it.each([
    ['another Tr under the same id', holds, { ...offer, transcript: 'tr' }],
    ['a lower attempt', holds, { ...offer, id: id(4, 1) }],
    ['a lower epoch', holds, { ...offer, base: id(2, 1), id: id(3, 9) }],
    ['the epoch of the base', holds, { ...offer, id: id(3, 9) }],
    ['an epoch far above the base', holds, { ...offer, id: id(6, 1) }],
    ['an attempt far above the last', holds, { ...offer, id: id(4, 65_539) }],
    ['what has expired', joining.expire(holds), offer],
    ['no number', holds, { ...offer, id: id(4, Number.NaN) }],
  ])('takes nothing over: %s', (_name, state, handed) => {
    expect(joining.receive(state, handed)).toBeNull()
  })

  it('takes the same again, and a later one instead', () => {
    expect(joining.receive(holds, offer)).toBe(holds)
    const later =
      joining.receive(holds, { ...offer, id: id(5, 1), transcript: 'tr 5.1' }) ?? expect.unreachable()
    expect(joining.commit(later, join).answer.type).toBe('never')
  })

  it.each([
    ['not-yet', 'without consent', holds, { ...join, consent: false }],
    ['not-yet', 'from another', holds, { ...join, from: 'another' }],
    ['not-yet', 'of another Tr', holds, { ...join, transcript: 'tr' }],
    ['not-yet', 'of what it never heard of', holds, { ...join, id: id(4, 3) }],
    ['never', 'of what it has passed', holds, { ...join, id: id(4, 1) }],
    ['never', 'of what has expired', joining.expire(holds), join],
  ] as const)('says %s to a COMMIT %s', (type, _name, state, asking) => {
    expect(joining.commit(state, asking)).toEqual({ serves: false, state, answer: { type, id: asking.id } })
  })

  it('serves from its COMMIT on, and says so for ever', () => {
    const step = joining.commit(holds, join)
    if (!step.serves) expect.unreachable()
    expect(cosigner.serves(step.state, id(4, 2), D)).toBe(true)
    const later = { ...step.state, act: { ...step.state.act, id: id(5, 1) } }
    expect(joining.joined(later, id(4, 2)).type).toBe('committed')
    expect(joining.joined(later, id(4, 1)).type).toBe('never')
    expect(joining.joined(later, id(4, 3)).type).toBe('not-yet')
    expect(joining.joined(start, id(1, 1)).type).toBe('not-yet')
  })

  it('gives up what is asked of it, and nothing that it has not', () => {
    expect(joining.abandon(holds, id(4, 2))).toMatchObject({
      state: { pend: null },
      answer: { type: 'never' },
    })
    expect(joining.abandon(holds, id(4, 3))).toEqual({
      state: holds,
      answer: { type: 'not-yet', id: id(4, 3) },
    })
  })
})

// Does every guard of the device hold by itself? (SPEC 5.2; what they give together is searched in test/simulation)

import { describe, expect, it } from 'vitest'
import { type DeviceEpochs, type DeviceRole, device, type ShareId } from './index.js'

const id = (epoch: number, attempt: number): ShareId => ({ epoch, attempt })
const ignored = (state: DeviceEpochs) => ({ state, effects: [] })
const begun = (state: DeviceEpochs) => device.prepare(state) ?? expect.unreachable()
const stored = (role: DeviceRole, from: DeviceEpochs = device.first): DeviceEpochs => {
  const step = device.prepare(from, { above: id(0, 0) }) ?? expect.unreachable()
  return device.prepared(step.state, { id: step.id, transcript: 't', role }).state
}
const sent = (role: DeviceRole, from?: DeviceEpochs): DeviceEpochs =>
  device.commitSent(stored(role, from)).state

describe('PREP', () => {
  it('uses an attempt up, and drops what was not committed', () => {
    const first = begun(device.first)
    expect(first).toMatchObject({ id: id(1, 1), state: { att: 1, asked: id(1, 1) }, effects: [] })
    expect(begun(first.state).id).toEqual(id(1, 2))
    expect(begun(stored('refresh'))).toMatchObject({
      id: id(1, 2),
      state: { pend: null },
      effects: ['drop-pend'],
    })
  })

  it('follows what is known of the cosigner', () => {
    expect(device.prepare(device.newcomer, { above: id(4, 2), att: 7 })?.id).toEqual(id(5, 8))
    expect(device.prepare({ ...device.first, att: 9 }, { att: 7 })?.id).toEqual(id(1, 10))
  })

  it('waits for the answer to a COMMIT, and needs something to start from', () => {
    expect(device.prepare(sent('refresh'))).toBeNull()
    expect(device.prepare(device.newcomer)).toBeNull()
  })
})

describe('an answer to PREP', () => {
  const asked = begun(device.first).state
  it.each([
    ['of another attempt', asked, id(1, 2)],
    ['of another epoch', asked, id(2, 1)],
    ['when nothing was asked', device.first, id(1, 0)],
    ['when a COMMIT is under way', sent('refresh'), id(1, 1)],
  ])('is ignored: %s', (_name, state, of) => {
    expect(device.prepared(state, { id: of, transcript: 't', role: 'refresh' })).toEqual(ignored(state))
    const refused = { id: of, act: id(0, 0), old: null, att: 70_000 }
    expect(device.refused(state, refused)).toEqual({ ...ignored(state), advice: null })
  })

  it.each([
    ['again', id(0, 0), null],
    ['final-first', id(0, 0), id(3, 3)],
    ['behind', id(1, 1), id(0, 0)],
    ['replaced', id(1, 1), null],
  ] as const)('that refuses is advice: %s', (advice, act, old) => {
    const step = device.refused(asked, { id: id(1, 1), act, old, att: 5 })
    expect(step).toMatchObject({ advice, state: { att: 5 } })
    expect(begun(step.state).id).toEqual(id(1, 6))
  })
})

describe('an answer to COMMIT', () => {
  it.each([
    ['of another id', sent('refresh'), id(1, 2)],
    ['before COMMIT', stored('refresh'), id(1, 1)],
    ['without a reshare', device.first, id(0, 0)],
  ])('is ignored: %s', (_name, state, of) => {
    expect(device.committed(state, of)).toEqual(ignored(state))
    expect(device.unknown(state, of)).toEqual(ignored(state))
  })

  it('COMMITTED makes pend the share, and numbers begin anew', () => {
    expect(device.committed(sent('refresh'), id(1, 1))).toEqual({
      state: { ...device.first, act: id(1, 1) },
      effects: ['drop-act', 'pend-becomes-act'],
    })
    expect(device.committed(sent('newcomer', device.newcomer), id(1, 1)).effects).toEqual([
      'pend-becomes-act',
    ])
  })

  it('COMMITTED ends the part of one that runs a reshare for another', () => {
    expect(device.committed(sent('hand-over'), id(1, 1))).toMatchObject({
      state: { act: null, pend: null },
      effects: ['drop-act', 'drop-pend'],
    })
    expect(device.committed(sent('hand-over', device.newcomer), id(1, 1)).effects).toEqual(['drop-pend'])
  })

  it('UNKNOWN drops pend, and the attempt stays used', () => {
    const step = device.unknown(sent('refresh'), id(1, 1))
    expect(step).toMatchObject({
      state: { act: id(0, 0), pend: null, commitSent: false },
      effects: ['drop-pend'],
    })
    expect(begun(step.state).id).toEqual(id(1, 2))
  })

  it('revoked ends the retries and leaves the share', () => {
    expect(device.revoked(sent('refresh'))).toMatchObject({
      state: { act: id(0, 0), pend: null, commitSent: false },
    })
    expect(device.revoked(device.first)).toEqual(ignored(device.first))
  })
})

describe('a newcomer', () => {
  const offered = { id: id(3, 2), transcript: 't' }
  const state = device.received(device.newcomer, offered)
  it('may be committed as soon as it has its share', () => {
    expect(state).toMatchObject({ state: { pend: offered, commitSent: true }, effects: ['store-pend'] })
    expect(device.received(state.state, offered).state).toEqual(state.state)
  })

  it('takes a later attempt instead, which the cosigner cannot have prepared after a commit of the earlier', () => {
    const later = device.received(state.state, { id: id(3, 3), transcript: 'u' })
    expect(later).toMatchObject({ state: { pend: { id: id(3, 3) } }, effects: ['drop-pend', 'store-pend'] })
    expect(device.received(later.state, offered)).toEqual(ignored(later.state))
  })

  it('takes a share of a later epoch: the cosigner prepares none for a device whose share it has committed', () => {
    const later = { id: id(4, 1), transcript: 'u' }
    const step = device.received(state.state, later)
    expect(step).toMatchObject({ state: { pend: { id: id(4, 1) } }, effects: ['drop-pend', 'store-pend'] })
    expect(device.received(step.state, { id: id(3, 9), transcript: 'v' })).toEqual(ignored(step.state))
  })

  it('is none once it has a share', () => {
    expect(device.received(device.first, offered)).toEqual(ignored(device.first))
  })
})

describe('an operator change', () => {
  it('is brought to the old node until that has answered', () => {
    const done = device.committed(sent('operator'), id(1, 1)).state
    expect(done.retiring).toEqual(id(1, 1))
    expect(device.retired(done, id(1, 2))).toEqual(ignored(done))
    expect(device.retired(done, id(1, 1)).state.retiring).toBeNull()
  })

  it('NEVER is told to an old node that deals before it is obeyed', () => {
    const state = sent('operator')
    expect(device.never(state, id(1, 1), { oldNodeLost: false })).toEqual(ignored(state))
    expect(device.never(state, id(1, 1), { oldNodeLost: true }).state.pend).toBeNull()
    expect(device.never(sent('operator-alone'), id(1, 1), { oldNodeLost: false }).state.pend).toBeNull()
  })
})

it('FINAL is due once the share is in the backup', () => {
  expect(device.finalDue(device.first, { backedUp: true })).toEqual(id(0, 0))
  expect(device.finalDue(device.first, { backedUp: false })).toBeNull()
})

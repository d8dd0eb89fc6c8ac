// Does every one-time state open once, for its own step alone, and show nothing? (SPEC 0.5; invariants I1, I17)

import { inspect } from 'node:util'
import { encodeScalar, randomScalar } from '@tercet/protocol/curve'
import { Misuse } from '@tercet/protocol/errors'
import { isSpent, type OneTime } from '@tercet/protocol/internal/one-time'
import { expose } from '@tercet/protocol/internal/secret'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import * as setup from '@tercet/protocol/ot-setup'
import * as presign from '@tercet/protocol/presign'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import * as reshare from '@tercet/protocol/reshare'
import * as sign from '@tercet/protocol/sign'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { forks, inputOf } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('one-time states')
const random = run.random('sessions')
const wallet = fixtureWallet()
const I = wallet.context(1, 2, 'initiator')
const J = wallet.context(1, 2, 'responder')

/** A step, a maker of states for it, and how it takes one. */
interface Step {
  readonly name: string
  readonly state: () => OneTime<string, unknown>
  readonly run: (state: never) => unknown
}
const step = <S extends OneTime<string, unknown>>(
  name: string,
  state: () => S,
  take: (s: S) => unknown,
): Step => ({
  name,
  state,
  run: take,
})

function keygenSteps(): Step[] {
  const parties = { idDevice: wallet.identities.device.id, idCosigner: wallet.identities.cosigner.id }
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(random(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(parties.idDevice), random)
  const policyHash = random(32)
  const signature = new Uint8Array(64)
  const a = keygen.start({ parties, recoveryKey, recoveryProof, policyHash }, random)
  const b = keygen.answer({ parties, policyHash }, decodeMessage('keygen.req1', a.send), random)
  const [started, answered] = [forks(a.state), forks(b.state)]
  const res1 = decodeMessage('keygen.res1', b.send)
  const c = keygen.open(started(), res1, random)
  const req2 = decodeMessage('keygen.req2', c.send)
  const d = keygen.deal(answered(), req2, random)
  const [opened, dealt] = [forks(c.state), forks(d.state)]
  const res2 = decodeMessage('keygen.res2', encodeMessage('keygen.res2', { ...d.send, signature }))
  const { send } = keygen.finish(opened(), res2, random)
  const req3 = decodeMessage('keygen.req3', encodeMessage('keygen.req3', { ...send, signature }))
  return [
    step('keygen open', started, (s) => keygen.open(s, res1, random)),
    step('keygen deal', answered, (s) => keygen.deal(s, req2, random)),
    step('keygen finish', opened, (s) => keygen.finish(s, res2, random)),
    step('keygen confirm', dealt, (s) => keygen.confirm(s, req3)),
  ]
}

function setupSteps(): Step[] {
  const pair = { initiator: 1, responder: 2 } as const
  const a = setup.start(I.share, pair, 'rotation', random)
  const b = setup.answer(J.share, pair, decodeMessage('ot.req1', a.send), random)
  const [started, answered] = [forks(a.state), forks(b.state)]
  const res1 = decodeMessage('ot.res1', b.send)
  const c = setup.open(started(), res1, random)
  const opened = forks(c.state)
  const req2 = decodeMessage('ot.req2', c.send)
  const res2 = decodeMessage('ot.res2', setup.confirm(answered(), req2, random).send)
  return [
    step('OT setup open', started, (s) => setup.open(s, res1, random)),
    step('OT setup confirm', answered, (s) => setup.confirm(s, req2, random)),
    step('OT setup finish', opened, (s) => setup.finish(s, res2)),
  ]
}

function poolSteps(): Step[] {
  const a = presign.start(I, 1, random)
  const b = presign.answer(J, decodeMessage('presign.req1', a.send), random)
  const [started, answered] = [forks(a.state), forks(b.state)]
  const res1 = decodeMessage('presign.res1', b.send)
  const c = presign.finish(started(), res1, random)
  const finished = forks(c.state)
  const req2 = decodeMessage('presign.req2', c.send)
  const d = presign.confirm(answered(), req2)
  const res2 = decodeMessage('presign.res2', d.send)
  const [mine] = presign.accept(finished(), res2)
  const own = forks(mine?.presignature as presign.InitiatorPresignature)
  const theirs = forks(d.presignatures[0]?.presignature as presign.ResponderPresignature)
  const input = inputOf(I.share, 'm/0', random(30))
  const asked = forks(sign.request(own(), input).state)
  const body = sign.release(theirs(), input, random)
  return [
    step('presign finish', started, (s) => presign.finish(s, res1, random)),
    step('presign confirm', answered, (s) => presign.confirm(s, req2)),
    step('presign accept', finished, (s) => presign.accept(s, res2)),
    step('request', own, (s) => sign.request(s, input)),
    step('release', theirs, (s) => sign.release(s, input, random)),
    step('combine', asked, (s) => sign.combine(s, body)),
  ]
}

function freshSteps(): Step[] {
  const input = inputOf(I.share, 'm/0', random(30))
  const a = presign.startFresh(I, input.request, random)
  const b = presign.answerFresh(J, decodeMessage('fresh.req1', a.send), random)
  const [started, answered] = [forks(a.state), forks(b.state)]
  const res1 = decodeMessage('fresh.res1', b.send)
  const req2 = decodeMessage('fresh.req2', sign.finishFresh(started(), res1, input, random).send)
  return [
    step('fresh finish', started, (s) => sign.finishFresh(s, res1, input, random)),
    step('fresh confirm', answered, (s) => presign.confirmFresh(s, req2)),
  ]
}

function refreshSteps(): Step[] {
  const { record } = wallet
  const input = { share: wallet.share(1), record, id: { epoch: 1, attempt: 1 } }
  const a = reshare.startRefresh(input, random)
  const pins = { share: wallet.share(2), record }
  const b = reshare.answerRefresh(pins, decodeMessage('refresh.req1', a.send), random)
  const [started, answered] = [forks(a.state), forks(b.state)]
  const res1 = decodeMessage('refresh.res1', b.send)
  const c = reshare.openRefresh(started(), res1, random)
  const req2 = decodeMessage('refresh.req2', c.send)
  const d = reshare.dealRefresh(answered(), req2, random)
  const opened = forks(c.state)
  const signature = new Uint8Array(64)
  const res2 = decodeMessage('refresh.res2', encodeMessage('refresh.res2', { ...d.send, signature }))
  return [
    step('refresh open', started, (s) => reshare.openRefresh(s, res1, random)),
    step('refresh deal', answered, (s) => reshare.dealRefresh(s, req2, random)),
    step('refresh finish', opened, (s) => reshare.finishRefresh(s, res2)),
  ]
}

function replaceSteps(): Step[] {
  const { record } = wallet
  const id = { epoch: 1, attempt: 1 }
  const identity = Uint8Array.of(1, 2, ...random(32))
  const names = { keyId: record.keyId, transcriptBase: record.transcript, ...id }
  const asked = encodeMessage('newcomer.req1', { nonce: random(32), party: 'device', ...names })
  const o = reshare.offer(decodeMessage('newcomer.req1', asked), identity, random)
  const signature = new Uint8Array(64)
  const newcomer = { party: 1, identity, sealKey: o.sealKey, signature } as const
  const input = {
    share: wallet.share(1),
    record,
    id,
    responder: 2,
    newcomer,
    authorisation: random(32),
  } as const
  const a = reshare.startReplace(input, random)
  const pins = { share: wallet.share(2), record, initiator: 1, newcomer } as const
  const b = reshare.answerReplace(pins, decodeMessage('replace.req1', a.send), random)
  const [offered, started, answered] = [forks(o.state), forks(a.state), forks(b.state)]
  const res1 = decodeMessage('replace.res1', b.send)
  const c = reshare.openReplace(started(), res1, random)
  const opened = forks(c.state)
  const req2 = decodeMessage('replace.req2', c.send)
  const d = reshare.dealReplace(answered(), req2, random)
  const res2 = decodeMessage('replace.res2', encodeMessage('replace.res2', { ...d.send, signature }))
  const e = reshare.finishReplace(opened(), res2, random)
  const fields = { ...e.handover, signature, dealerSignature: signature, baseKit: new Uint8Array(0) }
  const handover = decodeMessage('newcomer.req2', encodeMessage('newcomer.req2', fields))
  return [
    step('replace open', started, (s) => reshare.openReplace(s, res1, random)),
    step('replace deal', answered, (s) => reshare.dealReplace(s, req2, random)),
    step('replace finish', opened, (s) => reshare.finishReplace(s, res2, random)),
    step('newcomer accept', offered, (s) => reshare.accept(s, { record }, handover, random)),
  ]
}

const steps: readonly Step[] = [
  ...keygenSteps(),
  ...setupSteps(),
  ...poolSteps(),
  ...freshSteps(),
  ...refreshSteps(),
  ...replaceSteps(),
]

/** Things that are not the state, made from it. */
function forgeries(state: OneTime<string, unknown>): (readonly [string, unknown])[] {
  const copied = Object.create(
    Object.getPrototypeOf(state) as object,
    Object.getOwnPropertyDescriptors(state),
  )
  return [
    ['structured clone', structuredClone(state)],
    ['JSON', JSON.parse(JSON.stringify(state))],
    ['spread', { ...state }],
    ['assigned', Object.assign({}, state)],
    ['inherited', Object.create(state)],
    ['copied with its prototype', copied],
    ['proxy', new Proxy(state, {})],
    ['name alone', { name: state.name }],
    ['text', state.name],
    ['undefined', undefined],
    ['null', null],
    ['function', () => state],
  ]
}

describe.each(steps)('$name', (one) => {
  const take = (state: unknown) => one.run(state as never)

  it('opens once', () => {
    const state = one.state()
    expect(isSpent(state)).toBe(false)
    take(state)
    expect(isSpent(state)).toBe(true)
    expect(() => take(state)).toThrow(new Misuse(`${state.name} is spent`))
    run.count()
  })

  it('refuses every forgery, which leaves the state as it was', () => {
    const state = one.state()
    for (const [, forged] of forgeries(state)) {
      expect(() => take(forged)).toThrow(Misuse)
      run.count()
    }
    expect(isSpent(state)).toBe(false)
  })

  it('refuses the states of every other step, and does not spend them', () => {
    for (const other of steps) {
      if (other.state().name === one.state().name) continue
      const state = other.state()
      expect(() => take(state)).toThrow(Misuse)
      expect(isSpent(state)).toBe(false)
      run.count()
    }
  })

  it('cannot be handed to another thread', () => {
    // What a message port does to a value.
    const received = structuredClone({ inside: one.state() }).inside
    expect(() => take(received)).toThrow(Misuse)
  })

  it('shows its name alone', () => {
    const state = one.state()
    expect(JSON.stringify({ state })).toBe(`{"state":"${state.name}"}`)
    expect(`${state}`).toBe(state.name)
    expect(inspect(state)).toBe(state.name)
    expect(Object.entries(state)).toEqual([['name', state.name]])
    expect(Reflect.ownKeys(state)).toEqual(['name'])
    for (const customInspect of [true, false]) {
      const text = inspect([state], {
        customInspect,
        depth: 99,
        showHidden: true,
        getters: true,
        showProxy: true,
      })
      expect(text).not.toMatch(/Uint8Array|[0-9]{12}|[0-9]n\b/)
    }
    run.count()
  })
})

describe('what is kept for long', () => {
  it('shows its names alone, too', () => {
    for (const party of [1, 2, 3] as const) {
      const share = wallet.share(party)
      const secret = expose(share.secretShare)
      const hex = Buffer.from(encodeScalar(secret)).toString('hex')
      const shown = [
        inspect(share, { depth: 99, showHidden: true, maxArrayLength: null }),
        inspect(share, { depth: 99, showHidden: true, customInspect: false, maxArrayLength: null }),
        JSON.stringify(share, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)),
      ]
      for (const text of shown) {
        expect(text).not.toContain(hex)
        expect(text).not.toContain(secret.toString())
        expect(text).toContain('SecretShare')
      }
      run.count()
    }
    for (const role of ['initiator', 'responder'] as const) {
      const half = wallet.otSetup(1, 2, role)
      const { delta } = expose(half.sender.secret)
      const shown = [inspect(half, { depth: 99, maxArrayLength: null }), JSON.stringify(half)]
      for (const text of shown) expect(text).not.toContain([...delta].join(', ').slice(0, 30))
      expect(shown[0]).toContain('ExtensionSender')
      run.count()
    }
  })

  it('a search of this kind finds what is there', () => {
    const secret = randomScalar(random)
    expect(inspect({ secret })).toContain(secret.toString())
  })
})

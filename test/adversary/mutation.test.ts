// Does every mutation of every field of every message end as the abort table says? (security.md 4; SPEC 0.3, 7)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { mod, ORDER } from '@tercet/protocol/curve'
import { take } from '@tercet/protocol/internal/one-time'
import { signatureShare } from '@tercet/protocol/internal/rerandomise'
import { encodeKeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, MESSAGES, type MessageName } from '@tercet/protocol/messages'
import { encodeOtSetup } from '@tercet/protocol/ot-setup'
import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { sha256 } from '../support/hash.js'
import { keygenStages } from '../support/keygen-session.js'
import { refreshStages } from '../support/refresh-session.js'
import { deviceLostStages, operatorChangedStages } from '../support/replace-session.js'
import { renewed, setupStages } from '../support/setup-session.js'
import { honestFaults, type Pair } from '../support/signing.js'
import { type Combine, freshStages, poolStages } from '../support/signing-session.js'
import type { Stage } from '../support/stage.js'
import { DEEP, suite } from '../support/suite.js'
import { ORACLE, REPLAYED } from './oracle.js'
import { type Oracle, objection, outcomeOf } from './outcome.js'
import { KINDS, layout, type Mutation, mutationsOf } from './registry.js'

const run = suite('mutation')
const wallet = fixtureWallet()
const pair: Pair = {
  initiator: wallet.context(1, 2, 'initiator'),
  responder: wallet.context(1, 2, 'responder'),
}
const reached = new Set<MessageName>()

/** What both parties keep, as one hash: no session may change it. */
const kept = (): string =>
  Buffer.from(
    sha256(
      ...[pair.initiator, pair.responder].flatMap((c) => [encodeKeyShare(c.share), encodeOtSetup(c.otSetup)]),
    ),
  ).toString('hex')
const before = kept()

function mutations(stage: Stage): Mutation[] {
  const random = run.random(`mutations of ${stage.message}`)
  const cells = layout(stage.message, stage.batch, stage.body)
  return cells.flatMap((cell) => mutationsOf(stage.message, cells, cell, stage.body, stage.other, random))
}

/** Every objection to how the mutations of a message ended. */
function objections(stage: Stage, list: readonly Mutation[], oracle: Oracle): string[] {
  return list.flatMap((mutation) => {
    const found = objection(
      oracle,
      mutation,
      outcomeOf(() => stage.deliver(mutation.body)),
    )
    return found === undefined ? [] : [found]
  })
}

/** Every field and every kind of mutation has its turn in every run; the rest is drawn. */
function chosen(stage: Stage, costly: boolean): Set<Mutation> {
  const all = mutations(stage)
  // A well-formed mutation may cost whole base OTs before a check meets it.
  const cheap = costly ? all.filter((m) => !m.wellFormed) : all
  const some = (label: string, list: readonly Mutation[], least: number) =>
    run.some(`${stage.message} ${label}`, list, least)
  return new Set([
    ...some('all', cheap, 20),
    ...KINDS.flatMap((kind) => [
      ...some(
        kind,
        cheap.filter((m) => m.kind === kind),
        1,
      ),
    ]),
    ...[...new Set(all.map((m) => m.cell.field))].flatMap((field) => [
      ...some(
        field.name,
        cheap.filter((m) => m.cell.field === field),
        1,
      ),
    ]),
    ...some(
      'well-formed',
      all.filter((m) => m.wellFormed),
      costly ? 1 : 20,
    ),
  ])
}

function judge(stages: readonly Stage[], costly: boolean): void {
  it.each(stages)('$message', (stage) => {
    reached.add(stage.message)
    // Recording the session was an honest run already; a costly one is not run again from every message.
    if (DEEP || !costly || stage === stages.at(-1))
      expect(outcomeOf(() => stage.deliver(stage.body))).toEqual({ end: 'done', faults: [] })
    const list = [...chosen(stage, costly)]
    run.count(list.length)
    run.violations(objections(stage, list, ORACLE))
    expect(kept()).toBe(before)
  })

  it.each(stages)('$message replaced by a message of another session, or by another message', (stage) => {
    const replayed = () => outcomeOf(() => stage.deliver(stage.other))
    if (DEEP || !costly || stage === stages.at(-1))
      expect(replayed()).toEqual({ end: 'abort', reason: REPLAYED[stage.message] })
    for (const other of stages) {
      if (other.message === stage.message) continue
      expect(outcomeOf(() => stage.deliver(other.body))).toEqual({ end: 'malformed' })
      run.count()
    }
  })
}

describe('keygen', () => judge(keygenStages(wallet, run.random('keygen')), true))
describe('OT setup', () => judge(setupStages(wallet, run.random('setup')), true))
describe('refresh', () => judge(refreshStages(wallet, run.random('refresh')), true))
// What both kinds of replace send is judged once, where it says the most.
const OPERATOR: ReadonlySet<MessageName> = new Set([
  'newcomer.req3',
  'newcomer.res3',
  'newcomer.abandon',
  'newcomer.status',
  'reshare.retire',
  'reshare.release',
  'reshare.released',
  'reshare.withdraw',
  'reshare.withdrawn',
])
const only = (stages: readonly Stage[], ofOperator: boolean): readonly Stage[] =>
  stages.filter(({ message }) => OPERATOR.has(message) === ofOperator)
describe('replace of a lost device', () =>
  judge(only(deviceLostStages(wallet, run.random('device lost')), false), true))
describe('change of the operator', () =>
  judge(only(operatorChangedStages(wallet, run.random('operator changed')), true), false))
describe('presignatures and signatures', () => judge(poolStages(pair, 2, run.random('pool')), false))
describe('fresh signatures', () => judge(freshStages(pair, run.random('fresh')), false))

describe('the walk', () => {
  it('covers the whole registry, and the oracle has a row for every field', () => {
    expect([...reached].sort()).toEqual(Object.keys(MESSAGES).sort())
    for (const [name, { fields }] of Object.entries(MESSAGES))
      expect(Object.keys(ORACLE[name as MessageName]).sort()).toEqual(fields.map((f) => f.name).sort())
  })

  it('refuses another version and another type byte', () => {
    for (const stage of [
      ...poolStages(pair, 1, run.random('header')),
      ...freshStages(pair, run.random('header')),
    ]) {
      for (const at of [0, 1]) {
        for (let value = 0; value < 256; value++) {
          const body = stage.body.slice()
          if (body[at] === value) continue
          body[at] = value
          expect(() => decodeMessage(stage.message, body, stage.batch)).toThrow(
            at === 0 ? 'malformed: version' : 'malformed: type',
          )
          run.count()
        }
      }
    }
  })
})

describe('afterwards', () => {
  it('the honest parties sign with what they kept', () => {
    expect(honestFaults(pair, run.random('afterwards'))).toEqual([])
  })

  it('and, as a cheat burns the setup, with one made anew', () => {
    const random = run.random('renewed')
    expect(honestFaults(renewed(pair, 'peer-fault', random), random)).toEqual([])
  })
})

describe('positive controls', () => {
  it('an oracle with a wrong row is contradicted', () => {
    const [, stage] = poolStages(pair, 2, run.random('control'))
    const list = mutations(stage as Stage).filter((m) => m.cell.field.name === 'gv' && m.wellFormed)
    const wrong: Oracle = { ...ORACLE, 'presign.res1': { ...ORACLE['presign.res1'], gv: 'multiplication' } }
    expect(objections(stage as Stage, list, ORACLE)).toEqual([])
    expect(objections(stage as Stage, list, wrong)).toHaveLength(list.length)
  })

  it('a combine step that does not verify is caught handing out a wrong signature', () => {
    const stage = poolStages(pair, 2, run.random('unverified'), unverified).find(
      (s) => s.message === 'sign.res1',
    )
    const list = mutations(stage as Stage).filter((m) => m.cell.field.name === 'w' && m.wellFormed)
    expect(list.length).toBeGreaterThan(0)
    const found = objections(stage as Stage, list, ORACLE)
    expect(found).toHaveLength(list.length)
    for (const text of found) expect(text).toContain('wrong result')
  })
})

/** `combine` with the verification of its result taken out. */
const unverified: Combine = (state, body) => {
  const { presignature, input } = take(state, 'sign.Requested')
  const message = decodeMessage('sign.res1', body)
  const own = signatureShare(presignature, input, message.nonce)
  const s = mod((own.w + message.w) * secp256k1.Point.Fn.inv(mod(own.u + message.u)))
  return { r: own.r, s: s > ORDER / 2n ? ORDER - s : s, recoveryId: 0 }
}

// Which kits break one rule, while every hash, proof and signature in them is right? (SPEC 0.4, 5.1, 5.3)

import { concat } from '@tercet/protocol/bytes'
import { encodeScalar, ORDER } from '@tercet/protocol/curve'
import type { Random } from '@tercet/protocol/random'
import { integer } from '@tercet/protocol/transcript'
import type { JsonObject } from '@tercet/wire/canonical-json'
import { identityOf } from '../fixture.js'
import { put } from './change.js'
import { bytesAt, type SignedKit, withValue } from './documents.js'
import {
  deal,
  type KeygenPlan,
  keygenPlan,
  type Planned,
  type ResharePlan,
  recoveryIdentity,
  resharePlan,
  signed,
  USES,
} from './make.js'

const ZERO = new Uint8Array(32)
type Inputs = ResharePlan['sidInputs']

const useOf = (kind: string, dealers: string, changed?: string) => {
  const found = USES.find(
    (use) => use.kind === kind && use.dealers.join() === dealers && use.changed === changed,
  )
  if (found === undefined) throw new Error('no such use')
  return found
}
const REFRESH = useOf('refresh', '1,2')
const MOVED = useOf('replace', '1,2', 'device')
const SUCCEEDED = useOf('replace', '1,2', 'cosigner')
const LOST = useOf('replace', '2,3', 'device')
const GONE = useOf('replace', '1,3', 'cosigner')

type Change = (random: Random, plan: ResharePlan) => Partial<Omit<ResharePlan, 'sidInputs'>>
type InputChange = (random: Random, inputs: Inputs) => Partial<Inputs>
type Broken = (random: Random) => SignedKit

const dealt = (random: Random, planned: Planned<KeygenPlan | ResharePlan>): SignedKit => {
  const { record, signers } = deal(random, planned)
  return signed(record, signers)
}

const planned =
  (use: (typeof USES)[number], change: Change): Broken =>
  (random) => {
    const whole = resharePlan(random, use)
    return dealt(random, { ...whole, plan: { ...whole.plan, ...change(random, whole.plan) } })
  }

const withInputs =
  (use: (typeof USES)[number], change: InputChange): Broken =>
  (random) => {
    const whole = resharePlan(random, use)
    const sidInputs = { ...whole.plan.sidInputs, ...change(random, whole.plan.sidInputs) }
    return dealt(random, { ...whole, plan: { ...whole.plan, sidInputs } })
  }

const afterwards =
  (use: (typeof USES)[number], change: (document: JsonObject, random: Random) => JsonObject): Broken =>
  (random) => {
    const { document, signers } = dealt(random, resharePlan(random, use))
    return { document: change(document, random), signers }
  }

const setups: Change = (random) => ({ otSetupIds: [random(32), random(32)] })
const noSetups: Change = () => ({ otSetupIds: [ZERO, ZERO] })

/** A party that signs with a key on the curve of recovery parties. */
function recoveryParty(party: 'device' | 'cosigner', whole: Planned<KeygenPlan>, random: Random): SignedKit {
  const other = recoveryIdentity(random(32))
  const sidInputs = { ...whole.plan.sidInputs, [party === 'device' ? 'idD' : 'idC']: other.id }
  const signers = { ...whole.signers, [party]: other }
  return dealt(random, { ...whole, signers, plan: { ...whole.plan, sidInputs } })
}

/** The recovery party's signature by another key, on whichever curve. */
const dealerSigns =
  (identity: typeof identityOf, named: boolean): Broken =>
  (random) => {
    const whole = resharePlan(random, LOST)
    const recovery = identity(random(32))
    const idDealerB = named ? recovery.id : whole.plan.sidInputs.idDealerB
    const plan = { ...whole.plan, sidInputs: { ...whole.plan.sidInputs, idDealerB } }
    return dealt(random, { ...whole, plan, signers: { ...whole.signers, recovery } })
  }

const RECOVERY_SIGNATURE = ['signatures', 'recovery']

/** `s` for `q - s`: valid ECDSA, but not in the lower half. */
function upperHalf(document: JsonObject): JsonObject {
  const signature = bytesAt(document, RECOVERY_SIGNATURE)
  const s = encodeScalar(ORDER - integer(signature.slice(32)))
  return put(document, RECOVERY_SIGNATURE, concat(signature.slice(0, 32), s))
}

/** Every broken rule, by name. */
export const MISFITS: Readonly<Record<string, Broken>> = {
  'a refresh in which the device receives under another key': withInputs(REFRESH, (random) => ({
    ek1: random(32),
  })),
  'a refresh in which the cosigner receives under another key': withInputs(REFRESH, (_, { ekI }) => ({
    ek2: ekI,
  })),
  'a lost device, the cosigner receives under another key': withInputs(LOST, (_, { ekI }) => ({ ek2: ekI })),
  'an operator gone, the device receives under another key': withInputs(GONE, (_, { ekJ }) => ({ ek1: ekJ })),
  'a later epoch with number 0': planned(REFRESH, () => ({ epoch: 0 })),
  'a later epoch that follows nothing': planned(MOVED, () => ({ transcriptPrev: ZERO })),
  'a refresh with a new device': planned(MOVED, (random, plan) => ({
    ...setups(random, plan),
    kind: 'refresh',
  })),
  'a refresh by the recovery party': planned(LOST, (random, plan) => ({
    ...setups(random, plan),
    kind: 'refresh',
  })),
  'a refresh without OT setups': planned(REFRESH, noSetups),
  'a replace with nobody new': planned(REFRESH, (random, plan) => ({
    ...noSetups(random, plan),
    kind: 'replace',
  })),
  'a replace with two newcomers': withInputs(SUCCEEDED, (random) => ({
    idDealerA: identityOf(random(32)).id,
    ek1: random(32),
  })),
  'a replace with OT setups': planned(MOVED, setups),
  'a device that dealt with a recovery identity': withInputs(MOVED, (random) => ({
    idDealerA: recoveryIdentity(random(32)).id,
  })),
  'a cosigner that dealt with no point': withInputs(SUCCEEDED, () => ({
    idDealerB: Uint8Array.of(1, 2, ...ZERO.map(() => 255)),
  })),
  'a device with a recovery identity': (random) => recoveryParty('device', keygenPlan(random), random),
  'a cosigner with a recovery identity': (random) => recoveryParty('cosigner', keygenPlan(random), random),
  'a recovery party that signs with another key': dealerSigns(recoveryIdentity, false),
  'a recovery party that signs on P-256': dealerSigns(identityOf, true),
  'a recovery signature in the upper half': afterwards(LOST, upperHalf),
  'a recovery signature of chance': afterwards(GONE, (document, random) =>
    put(document, RECOVERY_SIGNATURE, random(64)),
  ),
  'no recovery signature': afterwards(LOST, (document) => {
    const { recovery: _, ...signatures } = document['signatures'] as JsonObject
    return { ...document, signatures }
  }),
  'a recovery signature where the recovery party did not deal': afterwards(MOVED, (document) =>
    withValue(document, ['signatures'], {
      ...(document['signatures'] as JsonObject),
      recovery: (document['signatures'] as { device: string }).device,
    }),
  ),
}

// How does a test make kits of every kind, good ones and ones that break a single rule? (SPEC 1.2, 5.1, 5.3)

import { secp256k1 } from '@noble/curves/secp256k1.js'
import { encodePoint, mod, mulBase, randomScalar } from '@tercet/protocol/curve'
import {
  completeRecord,
  type Dealers,
  type KeyRecord,
  type ReshareKind,
  reshareSidOf,
  rolesOf,
  sidOf,
  type UnfinishedKeygen,
  type UnfinishedReshare,
} from '@tercet/protocol/key-record'
import type { Random } from '@tercet/protocol/random'
import { TH, u32be, u64be } from '@tercet/protocol/transcript'
import { encodeKit } from '@tercet/wire/kit'
import { fixtureWallet, type Identity, identityOf } from '../fixture.js'
import { below } from '../random.js'
import { parsed, type SignedKit, type Signers } from './documents.js'
import { proveEncryption } from './prover.js'

type Dealt = 'commitments' | 'encryptions'
/** What is settled before the dealers deal. */
export type KeygenPlan = Omit<UnfinishedKeygen, Dealt>
export type ResharePlan = Omit<UnfinishedReshare, Dealt>

/** A plan with those who will sign it, and the secret of K. */
export interface Planned<P> {
  readonly plan: P
  readonly signers: Signers
  readonly kappa: bigint
}

/** The seven uses of a reshare, as far as a kit shows them. */
export const USES: readonly {
  readonly kind: ReshareKind
  readonly dealers: Dealers
  readonly changed?: 'device' | 'cosigner'
}[] = [
  { kind: 'refresh', dealers: [1, 2] },
  { kind: 'replace', dealers: [1, 2], changed: 'device' },
  { kind: 'replace', dealers: [1, 2], changed: 'cosigner' },
  { kind: 'replace', dealers: [2, 3], changed: 'device' },
  { kind: 'replace', dealers: [1, 3], changed: 'cosigner' },
]

const ADDRESSES = [
  'https://cosigner.example',
  'http://[::1]:8080/a?b="c"&d=\\e',
  'https://knoten.example/schlüssel/€/𝄞/\u0001\u001f\u007f\u2028',
  '',
  `https://cosigner.example/${'𝄞'.repeat(499)}`,
]

/** `count` different good kits: of a real key generation, of `made` records of every kind, and with other free parts. */
export function goodKits(random: Random, count: number, made: number): SignedKit[] {
  const fixture = fixtureWallet()
  const born = [{ record: fixture.record, signers: fixture.identities as Signers }]
  for (let i = 0; i < made; i++) {
    const use = USES[(i - 1) % (USES.length + 1)]
    born.push(deal(random, use === undefined ? keygenPlan(random) : resharePlan(random, use)))
  }
  return Array.from({ length: count }, (_, i) => {
    const { record, signers } = born[i % born.length] as (typeof born)[number]
    const address = ADDRESSES[i < born.length ? 0 : below(random, ADDRESSES.length)] as string
    return signed(i < born.length ? record : variant(random, record), signers, address)
  })
}

export function keygenPlan(random: Random): Planned<KeygenPlan> {
  const signers = { device: identityOf(random(32)), cosigner: identityOf(random(32)) }
  const kappa = randomScalar(random)
  const plan = {
    epoch: 0,
    attempt: 0,
    transcriptPrev: new Uint8Array(32),
    chainCodes: [random(32), random(32)],
    otSetupIds: [random(32), random(32)],
    sidInputs: {
      nD: random(32),
      nC: random(32),
      idD: signers.device.id,
      idC: signers.cosigner.id,
      ekD: random(32),
      ekC: random(32),
      recoveryKey: encodePoint(mulBase(kappa)),
      policyHash: random(32),
      commitment: random(32),
    },
  } as const
  return { plan, signers, kappa }
}

export function resharePlan(random: Random, use: (typeof USES)[number]): Planned<ResharePlan> {
  const { kind, dealers, changed } = use
  const old = { 1: identityOf(random(32)), 2: identityOf(random(32)), 3: recoveryIdentity(random(32)) }
  const device = changed === 'device' ? identityOf(random(32)) : old[1]
  const cosigner = changed === 'cosigner' ? identityOf(random(32)) : old[2]
  const kappa = randomScalar(random)
  const [ekI, ekJ] = [random(32), random(32)]
  const { initiator } = rolesOf(dealers)
  const ekOf = (party: 1 | 2) => {
    const stays = changed !== (party === 1 ? 'device' : 'cosigner') && [...dealers].some((d) => d === party)
    return stays ? (party === initiator ? ekI : ekJ) : random(32)
  }
  const setupId = () => (kind === 'refresh' ? random(32) : new Uint8Array(32))
  const plan = {
    kind,
    dealers,
    keyId: random(32),
    chainCode: random(32),
    epoch: 1 + below(random, 1000),
    attempt: below(random, 3),
    transcriptPrev: random(32),
    otSetupIds: [setupId(), setupId()],
    sidInputs: {
      nI: random(32),
      nJ: random(32),
      idDealerA: old[dealers[0]].id,
      idDealerB: old[dealers[1]].id,
      idD: device.id,
      idC: cosigner.id,
      ekI,
      ekJ,
      ek1: ekOf(1),
      ek2: ekOf(2),
      recoveryKey: encodePoint(mulBase(kappa)),
      policyHash: random(32),
      commitment: random(32),
    },
  } as const
  const signers = { device, cosigner, ...(dealers[1] === 3 ? { recovery: old[3] } : {}) }
  return { plan, signers, kappa }
}

/** Both dealers deal polynomials of their own: what a kit shows of an earlier epoch is its transcript alone. */
export function deal(
  random: Random,
  { plan, signers }: Planned<KeygenPlan | ResharePlan>,
): { record: KeyRecord; signers: Signers } {
  const later = 'kind' in plan
  const sid = later ? reshareSidOf(plan, plan.sidInputs) : sidOf(plan.sidInputs)
  const recipient = secp256k1.Point.fromBytes(plan.sidInputs.recoveryKey)
  const dealt = (later ? plan.dealers : ([1, 2] as const)).map((dealer) => {
    const [a0, a1] = [randomScalar(random), randomScalar(random)]
    const state = [u64be(plan.epoch), u64be(plan.attempt)] as const
    const label = TH('pve/lbl', sid, u32be(dealer), u32be(3), ...state)
    return {
      vector: [encodePoint(mulBase(a0)), encodePoint(mulBase(a1))] as const,
      encryption: proveEncryption(label, recipient, mod(a0 + 3n * a1), random),
    }
  })
  const [a, b] = dealt as [(typeof dealt)[number], (typeof dealt)[number]]
  const shared = {
    commitments: [a.vector, b.vector],
    encryptions: [a.encryption, b.encryption],
  } as const
  return { record: completeRecord({ ...plan, ...shared }).record, signers }
}

/** The same key, but the parts that nothing else is bound to are others. */
function variant(random: Random, record: KeyRecord): KeyRecord {
  if (record.version === 2) return completeRecord({ ...record, chainCode: random(32) }).record
  const chainCodes = [random(32), random(32)] as const
  const otSetupIds = [random(32), random(32)] as const
  return completeRecord({ ...record, chainCodes, otSetupIds }).record
}

/** The kit of a record, with every signature that belongs to it. */
export function signed(record: KeyRecord, signers: Signers, address = ADDRESSES[0] as string): SignedKit {
  const { keyId, transcript } = record
  const { device, cosigner, recovery } = signers
  const tr = (role: string, by: Identity) => by.sign(TH('sig/tr', role, keyId, transcript))
  const bytes = encodeKit({
    record,
    signatures: {
      device: tr('device', device),
      cosigner: tr('cosigner', cosigner),
      ...(recovery === undefined ? {} : { recovery: tr('recovery', recovery) }),
    },
    node: { address, signature: cosigner.sign(TH('sig/node', keyId, address)) },
  })
  const { checksum: _, ...document } = parsed(bytes)
  return { document, signers }
}

/** idV = 0x02 || K of a secret. */
export function recoveryIdentity(secret: Uint8Array): Identity {
  return {
    id: Uint8Array.of(2, ...secp256k1.getPublicKey(secret)),
    sign: (message) => secp256k1.sign(message, secret, { lowS: true, prehash: true }),
  }
}

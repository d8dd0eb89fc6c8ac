// Does a recovery go on with the node's newer kit, and with no kit that is not its wallet's? (SPEC 1.6, 5.4)

import { completeRecord } from '@tercet/protocol/key-record'
import type { Random } from '@tercet/protocol/random'
import { type ConsistentKit, verifyKit } from '@tercet/recovery/kit-verification'
import { type NewestKit, newestKit } from '@tercet/recovery/newest-kit'
import { NodeError } from '@tercet/recovery/node-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { sealed } from '../support/kits/documents.js'
import { deal, type ResharePlan, resharePlan, signed } from '../support/kits/make.js'
import { seededRandom } from '../support/random.js'
import {
  firstGeneration,
  type Generation,
  newRecoveryKey,
  reshare,
  USES,
  type Use,
} from '../support/reshare.js'

const random: Random = seededRandom('newest kit')
const use = (name: string) => USES.find((known) => known.name === name) as Use
const signersOf = ({ identities: [device, cosigner] }: Generation) => ({ device, cosigner })
const kitOf = (of: Generation) => sealed(signed(of.record, signersOf(of)).document)

let first: Generation
let refreshed: Generation
let moved: Generation
let elsewhere: Generation
/** Of the first epoch: what the owner has. */
let atHand: ConsistentKit

beforeAll(async () => {
  first = firstGeneration()
  refreshed = reshare(use('refresh'), first, random)
  moved = reshare(use('device moved'), first, random)
  elsewhere = reshare(use('operator changed'), first, random)
  atHand = await verifyKit(kitOf(first))
}, 300_000)

/** What comes of it when the node of a generation gives these bytes. */
function given(kit: Uint8Array, known = atHand, from: Generation = first): Promise<NewestKit> {
  const cosigner = from.record.sidInputs.idC
  return newestKit(known, { cosigner, ask: async () => kit })
}

describe('the kit that the node gives', () => {
  it('is used where it is newer than the kit at hand', async () => {
    const newest = await given(kitOf(refreshed))
    expect([newest.found.epoch, newest.changed]).toEqual([1, []])
  })

  it('is the kit at hand where nothing has changed', async () => {
    expect(await given(kitOf(first))).toEqual({ found: atHand, changed: [] })
  })

  it('is none where the node has none for this recovery key; any other failure is one', async () => {
    const failing = (code: 'not-found' | 'network') =>
      newestKit(atHand, {
        cosigner: first.record.sidInputs.idC,
        ask: () => Promise.reject(new NodeError(code, code)),
      })
    expect((await failing('not-found')).found).toBe(atHand)
    await expect(failing('network')).rejects.toMatchObject({ code: 'network' })
  })

  it('says which of the parties are others', async () => {
    expect((await given(kitOf(moved))).changed).toEqual(['device'])
    expect((await given(kitOf(elsewhere), atHand, elsewhere)).changed).toEqual(['node'])
  })
})

interface Wrong {
  readonly what: string
  readonly reason: string
  readonly kit: () => Uint8Array
  /** Of what the owner has, where that is not the first epoch. */
  readonly known?: () => Generation
}

/** Consistent kits that are not to be gone on with. */
const WRONG: readonly Wrong[] = [
  { what: 'of a node that was not asked', reason: 'other-wallet', kit: () => kitOf(elsewhere) },
  {
    what: 'with another recovery key',
    reason: 'other-wallet',
    kit: () => kitOf(reshare(use('refresh'), first, random, newRecoveryKey(random))),
  },
  { what: 'with another chain code', reason: 'other-wallet', kit: () => otherChainCode() },
  {
    what: 'with another key',
    reason: 'other-wallet',
    kit: () => otherKey(first.record.keyId),
  },
  { what: 'of another wallet', reason: 'other-wallet', kit: () => otherKey(random(32)) },
  { what: 'of an earlier epoch', reason: 'node-behind', kit: () => kitOf(first), known: () => refreshed },
  {
    what: 'of another reshare of the same epoch',
    reason: 'node-behind',
    kit: () => kitOf(moved),
    known: () => refreshed,
  },
]

describe('a kit from the node is refused', () => {
  it.each(WRONG)('$what', { timeout: 120_000 }, async ({ reason, kit, known = () => first }) => {
    const bytes = kit()
    const owned = await verifyKit(kitOf(known()))
    await expect(given(bytes, owned)).rejects.toMatchObject({ details: { reason } })
    // Positive control: in itself nothing is wrong with it.
    expect((await verifyKit(bytes)).walletId).toHaveLength(43)
  })

  it('that is damaged, for what is wrong with it', async () => {
    const bytes = kitOf(refreshed)
    const at = Buffer.from(bytes).indexOf('"signatures"') + 30
    const damaged = bytes.map((byte, i) => (i === at ? (byte === 65 ? 66 : 65) : byte))
    await expect(given(damaged)).rejects.toMatchObject({ details: { reason: 'malformed' } })
  })
})

/** Signed by both parties, for the same key: only the addresses are others. */
function otherChainCode(): Uint8Array {
  if (refreshed.record.version === 1) throw new Error('a refresh has version 2')
  const { record } = completeRecord({ ...refreshed.record, chainCode: random(32) })
  return sealed(signed(record, signersOf(first)).document)
}

/** What both parties together could make up for the recovery key. */
function otherKey(keyId: Uint8Array): Uint8Array {
  const [device, cosigner] = first.identities
  const { recoveryKey } = first.record.sidInputs
  const { plan, kappa } = resharePlan(random, { kind: 'refresh', dealers: [1, 2] })
  const parties = { idD: device.id, idC: cosigner.id, idDealerA: device.id, idDealerB: cosigner.id }
  const sidInputs = { ...plan.sidInputs, ...parties, recoveryKey }
  const made: ResharePlan = { ...plan, keyId, chainCode: first.record.chainCode, sidInputs }
  const { record, signers } = deal(random, { plan: made, signers: { device, cosigner }, kappa })
  return sealed(signed(record, signers).document)
}

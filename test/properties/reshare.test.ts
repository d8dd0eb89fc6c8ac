// Does every reshare give three new shares of the same key, of which any two sign, and none with an old one? (SPEC 5.1)

import { mod, mulBase } from '@tercet/protocol/curve'
import { ProtocolAbort } from '@tercet/protocol/errors'
import { lagrange } from '@tercet/protocol/internal/polynomial'
import { expose } from '@tercet/protocol/internal/secret'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import type { OtSetup } from '@tercet/protocol/ot-setup'
import type { Party } from '@tercet/protocol/party'
import { answerFresh, type SigningContext, startFresh } from '@tercet/protocol/presign'
import { verifyRecord } from '@tercet/protocol/recovery-share'
import { finishFresh } from '@tercet/protocol/sign'
import { describe, expect, it } from 'vitest'
import { below } from '../support/random.js'
import {
  firstGeneration,
  type Generation,
  newRecoveryKey,
  reshare,
  shareOf,
  USES,
  type Use,
} from '../support/reshare.js'
import { newSetups } from '../support/setup-session.js'
import { honestFaults, inputOf, type Pair } from '../support/signing.js'
import { DEEP, suite } from '../support/suite.js'

const run = suite('reshare')
const PAIRS = [
  [1, 2],
  [1, 3],
  [3, 2],
] as const
const secret = joined(of(shares(firstGeneration()), 1), of(shares(firstGeneration()), 2))

/** The secret that two shares stand for, by the interpolation of any signing pair. */
function joined(i: KeyShare, j: KeyShare): bigint {
  const own = lagrange(i.party, j.party) * expose(i.secretShare)
  return mod(own + lagrange(j.party, i.party) * expose(j.secretShare))
}

function shares(generation: Generation): readonly KeyShare[] {
  return ([1, 2, 3] as const).map((party) => shareOf(generation, party))
}

function of(all: readonly KeyShare[], party: Party): KeyShare {
  return all[party - 1] as KeyShare
}

/** What a new generation must be, next to every generation before it. */
function faultsOf(generation: Generation, before: readonly (readonly KeyShare[])[]): string[] {
  const { record } = generation
  const first = firstGeneration().record
  verifyRecord(record)
  const found: string[] = []
  const require = (holds: boolean, what: string): void => {
    run.count()
    if (!holds) found.push(`epoch ${record.epoch}: ${what}`)
  }
  const all = shares(generation)
  for (const share of all) {
    require(share.publicKey.equals(mulBase(secret)), 'another key')
    require(Buffer.from(share.keyId).equals(first.keyId), 'another name')
    require(Buffer.from(share.chainCode).equals(first.chainCode), 'another chain code')
    require(share.epoch === record.epoch, 'another epoch')
  }
  for (const [a, b] of PAIRS)
    require(joined(of(all, a), of(all, b)) === secret, `pair ${a}-${b} is of another key`)
  for (const old of before)
    for (const [a, b] of PAIRS) {
      require(joined(of(old, a), of(all, b)) !== secret, `old ${a} fits new ${b}`)
      require(joined(of(all, a), of(old, b)) !== secret, `new ${a} fits old ${b}`)
    }
  return found
}

const refreshUse = USES[0] as Use
/** Made once: a refresh costs as much as a keygen. */
const refreshed = reshare(refreshUse, firstGeneration(), run.random('refresh'))

describe.each(USES)('$name', (use) => {
  it('gives shares of the same key under the same name, and none that fits an old one', () => {
    const base = firstGeneration()
    const next = use === refreshUse ? refreshed : reshare(use, base, run.random(use.name))
    run.violations(faultsOf(next, [shares(base)]))
  })
})

/** A pair of a generation that signs, with setups of its own. */
function pairOf(generation: Generation, [i, j]: (typeof PAIRS)[number], setups: readonly OtSetup[]): Pair {
  const { record, identities } = generation
  const idOf = (party: Party) =>
    party === 3 ? record.sidInputs.idD : (identities[party - 1]?.id as Uint8Array)
  const context = (party: Party, otSetup: OtSetup | undefined): SigningContext => ({
    share: shareOf(generation, party),
    otSetup: otSetup as OtSetup,
    idInitiator: idOf(i),
    idResponder: idOf(j),
  })
  return { initiator: context(i, setups[0]), responder: context(j, setups[1]) }
}

describe('epochs that follow each other', () => {
  // Every use has its turn as the last but one; a refresh ends the chain, so that a setup is there to sign with.
  const chains = DEEP ? USES.flatMap((use) => Array.from({ length: 4 }, () => use)) : USES.slice(3, 4)

  it.each(chains.map((use, n) => [use.name, n, use] as const))('%s (%i), then a refresh', (name, n, use) => {
    const random = run.random(`chain ${name} ${n}`)
    const uses = DEEP ? [USES[below(random, USES.length)] as Use, use, refreshUse] : [use, refreshUse]
    let generation = firstGeneration()
    const before = [shares(generation)]
    for (const [step, next] of uses.entries()) {
      const change = step === 0 || below(random, 2) === 0 ? newRecoveryKey(random) : undefined
      generation = reshare(next, generation, random, change, 1 + below(random, 1000))
      run.violations(faultsOf(generation, before))
      before.push(shares(generation))
    }
    const setups = generation.otSetups as readonly [OtSetup, OtSetup]
    run.violations(honestFaults(pairOf(generation, [1, 2], setups), random))
    if (!DEEP) return
    for (const pair of PAIRS.slice(1)) {
      const made = newSetups(shareOf(generation, pair[0]), shareOf(generation, pair[1]), random)
      run.violations(honestFaults(pairOf(generation, pair, made), random))
    }
  })
})

describe('an old share with a new one', () => {
  const random = run.random('mixture')
  const base = firstGeneration()
  const next = refreshed
  const honest = pairOf(next, [1, 2], next.otSetups as readonly [OtSetup, OtSetup])
  const ends = ({ initiator, responder }: Pair): string => {
    const body = random(30)
    try {
      const a = startFresh(initiator, body, random)
      const b = answerFresh(responder, decodeMessage('fresh.req1', a.send), random)
      const input = inputOf(initiator.share, 'm/0', body)
      finishFresh(a.state, decodeMessage('fresh.res1', b.send), input, random)
    } catch (error) {
      if (error instanceof ProtocolAbort) return error.reason
      throw error
    }
    return 'accepted'
  }
  /** The old secret under the names of the new epoch: what a thief of an old share can do. */
  const disguised = (party: 1 | 2): KeyShare => ({
    ...(next.shares[party - 1] as KeyShare),
    secretShare: (base.shares[party - 1] as KeyShare).secretShare,
  })

  it('is of another epoch, and under a false name fails the check of its product', () => {
    expect(ends(honest)).toBe('accepted')
    const { initiator, responder } = honest
    const old = { ...responder, share: disguised(2) }
    expect(ends({ initiator, responder: old })).toBe('gamma')
    run.count()
  })
})

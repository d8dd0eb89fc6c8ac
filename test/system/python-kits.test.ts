// Do two verifiers that were written apart say the same of every kit, good or damaged? (product, Recovery kit; SPEC 1.6)

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { encodeScalar } from '@tercet/protocol/curve'
import { beforeAll, describe, expect, it } from 'vitest'
import { DAMAGES, ONLY } from '../support/kits/damage.js'
import { type SignedKit, sealed } from '../support/kits/documents.js'
import { type Candidate, disagreements, judged } from '../support/kits/judges.js'
import { goodKits, recoveryIdentity, signed } from '../support/kits/make.js'
import { MISFITS } from '../support/kits/misfits.js'
import { firstGeneration, reshare, USES } from '../support/reshare.js'
import { root } from '../support/root.js'
import { suite } from '../support/suite.js'

const { random, count, violations, times } = suite('python kits')
const GOOD = times(8, 200)
const MADE = times(6, 35)
const DAMAGED = times(80, 2000)

let kits: SignedKit[] = []
beforeAll(() => {
  kits = goodKits(random('good'), GOOD, MADE)
})

const at = (i: number): SignedKit => kits[i % kits.length] as SignedKit
const good = (): Candidate[] =>
  kits.map(({ document }, i) => ({ name: `good kit ${i}`, bytes: sealed(document), good: true }))

/** Another wallet's kit of the same kind of epoch. */
function neighbour(i: number): SignedKit {
  const { document } = at(i)
  const others = kits.filter((kit) => kit.document['version'] === document['version'])
  const different = others.filter((kit) => kit.document['walletId'] !== document['walletId'])
  return different[i % different.length] as SignedKit
}

/** One kit of each damage in turn. */
function damaged(): Candidate[] {
  const all = Object.entries(DAMAGES)
  const fresh = random('damage')
  return Array.from({ length: DAMAGED }, (_, i) => {
    const [name, damage] = all[i % all.length] as (typeof all)[number]
    return { name: `${name} (${i})`, bytes: damage(fresh, at(i), neighbour(i)), good: false }
  })
}

/** Kits that the programs made: those that are stored, and one of every use of a reshare of the stored wallet. */
function realKits(): Candidate[] {
  const stored = ['v1/kit', 'v2/kit-refresh', 'v2/kit-replace'].map((name) => ({
    name,
    bytes: Uint8Array.from(readFileSync(join(root, `test/compat/${name}.canonical`))),
    good: true,
  }))
  const base = firstGeneration()
  const reshared = USES.map((use) => {
    const { record, identities } = reshare(use, base, random(use.name))
    const [device, cosigner] = identities
    const recovery = use.dealers[1] === 3 ? { recovery: recoveryIdentity(encodeScalar(base.kappa)) } : {}
    const kit = signed(record, { device, cosigner, ...recovery })
    return { name: use.name, bytes: sealed(kit.document), good: true }
  })
  return [...stored, ...reshared]
}

describe('our verifier of kits and the one in Python', () => {
  it(`call the same ${GOOD} kits consistent`, async () => {
    const candidates = good()
    const { verdicts } = await judged(candidates)
    count(candidates.length)
    violations(disagreements(candidates, verdicts))
    expect(new Set(candidates.map(({ bytes }) => Buffer.from(bytes).toString('base64'))).size).toBe(GOOD)
  })

  it('need less than 3 s for a kit in Python, started for that kit alone', async () => {
    const seconds: number[] = []
    for (const kit of good().slice(0, 3)) seconds.push((await judged([kit])).pythonSeconds)
    expect(Math.min(...seconds)).toBeLessThan(3)
  })

  it('call what the programs themselves make consistent: key generations and every use of a reshare', async () => {
    const candidates = realKits()
    const { verdicts } = await judged(candidates)
    count(candidates.length)
    violations(disagreements(candidates, verdicts))
  })

  it(`refuse the same ${DAMAGED} damaged kits, for reasons of every kind`, async () => {
    const candidates = damaged()
    const { verdicts } = await judged(candidates)
    count(candidates.length)
    violations(disagreements(candidates, verdicts))
    const ours = new Set(verdicts.map((verdict) => verdict.ours))
    const deep = ['device-signature', 'cosigner-signature', 'recovery-signature'].filter(() => DAMAGED > 100)
    for (const reason of ['malformed', 'record', 'verifiable-encryption', 'address-signature', ...deep])
      expect([...ours]).toContain(`inconsistent: ${reason}`)
  })

  it('refuse every kit that breaks one rule, though each hash, proof and signature in it is right', async () => {
    const candidates = Object.entries(MISFITS).map(([name, make]) => ({
      name,
      bytes: sealed(make(random(name)).document),
      good: false,
    }))
    const { verdicts } = await judged(candidates)
    count(candidates.length)
    violations(disagreements(candidates, verdicts))
    expect(verdicts.map(({ ours }) => ours)).not.toContain('inconsistent: verifiable-encryption')
  })

  // The suite must notice a verifier that lacks a check, so each is left out once (positive control).
  it.each(Object.entries(ONLY))('disagree when Python leaves out its check %s', async (check, make) => {
    const kit = { name: check, bytes: make(random(check), at(0)), good: false }
    const whole = await judged([kit])
    expect(disagreements([kit], whole.verdicts)).toEqual([])
    const lax = await judged([kit], [check])
    expect(lax.verdicts[0]?.python).toBe('consistent')
    expect(disagreements([kit], lax.verdicts)).toHaveLength(1)
  })

  it('leaves no check of Python without such a control', () => {
    const { stdout } = spawnSync('python3', ['-c', 'import kit; print(*kit.CHECKS)'], {
      cwd: join(root, 'test/python'),
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
      encoding: 'utf8',
    })
    expect(stdout.trim().split(' ')).toEqual(Object.keys(ONLY))
  })
})

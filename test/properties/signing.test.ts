// Do any two of the three parties sign, for random paths and messages, in the eyes of three other implementations?

import { describe, expect, it } from 'vitest'
import { fixtureWallet } from '../support/fixture.js'
import { faults } from '../support/judges.js'
import { below } from '../support/random.js'
import { keyAt, type Pair, presign, signFresh, signPool } from '../support/signing.js'
import { suite } from '../support/suite.js'

const run = suite('signing')
const wallet = fixtureWallet()
const pairs: readonly (readonly [1 | 3, 2 | 3])[] = [
  [1, 2],
  [1, 3],
  [3, 2],
]
const pairOf = (initiator: 1 | 3, responder: 2 | 3): Pair => ({
  initiator: wallet.context(initiator, responder, 'initiator'),
  responder: wallet.context(initiator, responder, 'responder'),
})

describe.each(pairs)('parties %i and %i', (i, j) => {
  const pair = pairOf(i, j)
  const { share } = pair.initiator
  const random = run.random(`${i}-${j}`)
  const path = (): number[] => Array.from({ length: below(random, 6) }, () => below(random, 2 ** 31))
  const recoveryIds = new Set<number>()

  it('sign with presignatures', () => {
    // Of 1,000 signatures in a deep run, two of three pairs make 320 and the first makes 336 with them.
    const total = run.times(16, i === 1 && j === 2 ? 336 : 320)
    for (let made = 0; made < total; ) {
      const batch = Math.min(total - made, below(random, 16) + 1)
      for (const shared of presign(pair, batch, random)) {
        const at = path()
        const body = random(below(random, 300) + 1)
        const signature = signPool(shared, share, at, body, random)
        expect(faults(keyAt(share, at), body, signature)).toEqual([])
        recoveryIds.add(signature.recoveryId)
        run.count()
        made += 1
      }
    }
    expect([...recoveryIds].sort()).toEqual([0, 1])
  })

  it('sign in fresh mode', () => {
    for (let n = 0; n < run.times(2, 8); n++) {
      const at = path()
      const body = random(below(random, 300) + 1)
      expect(faults(keyAt(share, at), body, signFresh(pair, at, body, random))).toEqual([])
      run.count()
    }
  })
})

it('the judges object to a wrong signature', () => {
  const random = run.random('control')
  const pair = pairOf(1, 2)
  const { share } = pair.initiator
  const body = random(32)
  const good = signFresh(pair, [1], body, random)
  const key = keyAt(share, [1])
  const q = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  expect(faults(key, body, good)).toEqual([])
  expect(faults(key, body, { ...good, recoveryId: good.recoveryId === 0 ? 1 : 0 })).toEqual(['recovery id'])
  expect(faults(key, body, { ...good, s: q - good.s })).toContain('high s')
  expect(faults(key, random(32), good)).toEqual(expect.arrayContaining(['noble', 'OpenSSL', 'libsecp256k1']))
  expect(faults(keyAt(share, [2]), body, good)).toEqual(
    expect.arrayContaining(['noble', 'OpenSSL', 'libsecp256k1', 'recovery id']),
  )
})

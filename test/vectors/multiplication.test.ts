// Does the batched multiplication reproduce the values of an independent implementation? (SPEC 3.8, 11)

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { selectBytes } from '@tercet/protocol/bytes'
import { encodeScalar, randomScalar } from '@tercet/protocol/curve'
import { extend } from '@tercet/protocol/internal/oblivious/ot-extension'
import { multiplyFinish, multiplySend } from '@tercet/protocol/internal/oblivious/rvole'
import { extensionReceiver, extensionSender } from '@tercet/protocol/internal/oblivious/setup'
import { expect, it } from 'vitest'
import { seededRandom } from '../support/random.js'

interface Batch {
  readonly batch: number
  readonly delta: string
  readonly otSetupId: string
  readonly sidR: string
  readonly choices: string
  readonly uSha256: string
  readonly xt: string
  readonly hT: string
  readonly multiplications: readonly {
    readonly sidF: string
    readonly a: readonly string[]
    readonly ah: string
    readonly b: string
    readonly atSha256: string
    readonly eta: string
    readonly mu: string
    readonly c: readonly string[]
    readonly d: readonly string[]
  }[]
}

const { seed, batches } = JSON.parse(
  readFileSync(new URL('./multiplication.json', import.meta.url), 'utf8'),
) as { seed: string; batches: readonly Batch[] }

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const scalar = (n: bigint | undefined): string => hex(encodeScalar(n as bigint))
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

it.each(batches)('reproduces every value for B = $batch', (vector) => {
  // Drawn in this order: Delta, both keys of the 128 base OTs, otSetupId, sidR, sidF, inputs, x', ah.
  const random = seededRandom(`${seed}/${vector.batch}`)
  const delta = random(16)
  const [keys0, keys1] = [random(4096), random(4096)]
  const id = random(32)
  const sidR = random(32)
  const sidF = vector.multiplications.map(() => random(32))
  const inputs = sidF.map(() => [randomScalar(random), randomScalar(random)] as const)
  expect([hex(delta), hex(id), hex(sidR)]).toEqual([vector.delta, vector.otSetupId, vector.sidR])
  expect(sidF.map(hex)).toEqual(vector.multiplications.map((m) => m.sidF))
  expect(inputs.map((pair) => pair.map(scalar))).toEqual(vector.multiplications.map((m) => m.a))

  const chosen = Array.from({ length: 128 }, (_, i) =>
    selectBytes(
      ((delta[i >> 3] as number) >> (i & 7)) & 1,
      keys0.subarray(32 * i, 32 * i + 32),
      keys1.subarray(32 * i, 32 * i + 32),
    ),
  )
  const { state, message, b } = extend(extensionReceiver(id, keys0, keys1), sidR, vector.batch, random)
  expect(hex(state.choices)).toBe(vector.choices)
  expect([sha256(message.U), hex(message.xt), hex(message.hT)]).toEqual([
    vector.uSha256,
    vector.xt,
    vector.hT,
  ])

  const sender = extensionSender(id, delta, Buffer.concat(chosen))
  const answer = multiplySend(sender, sidR, sidF, vector.batch, message, inputs, random)
  const d = multiplyFinish(state, sidF, answer.message)
  vector.multiplications.forEach((expected, n) => {
    expect(scalar(b[n])).toBe(expected.b)
    expect(sha256(answer.message.at[n] as Uint8Array)).toBe(expected.atSha256)
    expect(scalar(answer.message.eta[n])).toBe(expected.eta)
    expect(hex(answer.message.mu[n] as Uint8Array)).toBe(expected.mu)
    expect(answer.c[n]?.map(scalar)).toEqual(expected.c)
    expect(d[n]?.map(scalar)).toEqual(expected.d)
  })
})

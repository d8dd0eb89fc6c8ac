// Who may start key generations, and how many? (invariant I22)

import { randomBytes } from 'node:crypto'
import { decodeMessage } from '@tercet/protocol/messages'
import { sessionId } from '@tercet/protocol/session'
import { builtInPolicy, policyHash as policyHashOf } from '@tercet/wire/policy'
import { expect, test, vi } from 'vitest'
import { LIMITS } from './config.js'
import { createKeygen } from './keys.js'
import { createMetrics } from './metrics.js'
import type { Node } from './node.js'
import type { Incoming } from './steps.js'

vi.mock('@tercet/protocol/messages', async (original) => ({
  ...(await original<typeof import('@tercet/protocol/messages')>()),
  decodeMessage: vi.fn(),
}))

const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const cosigner = random(34)

test('one network cannot keep everybody from making keys, however many identities it has', async () => {
  const policyHash = policyHashOf(builtInPolicy(0))
  const node = {
    identity: { publicIdentity: cosigner },
    engine: { run: async () => ({ send: Uint8Array.of(1) }) },
    metrics: createMetrics(),
    clock: { now: () => 1000, monotonic: () => 0 },
    random,
    policyHash,
  } as unknown as Node
  const keygen = createKeygen(node)
  const message = (source: string): Incoming => {
    const nonce = random(32)
    const identity = random(34)
    vi.mocked(decodeMessage).mockReturnValue({ nonce, policyHash } as never)
    const context = {
      sessionId: sessionId('keygen', nonce, identity, cosigner),
      step: 1,
      prevMsgHash: new Uint8Array(32),
    }
    return { auth: { identity, nonce, created: 1000, context } as never, body: random(8), source }
  }
  const first = message('192.0.2.1')
  for (let n = 0; n < 3; n++) expect((await keygen.start(first)).status).toBe(200)
  for (let n = 1; n < LIMITS.keygenStartsPerMinute; n++) await keygen.start(message('192.0.2.1'))
  await expect(keygen.start(message('192.0.2.1'))).rejects.toMatchObject({ code: 'rate-limited' })
  expect((await keygen.start(message('198.51.100.7'))).status).toBe(200)
})

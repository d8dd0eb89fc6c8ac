import { sessionId } from '@tercet/protocol/session'
import type { Context } from '@tercet/wire/context'
import { expect, test } from 'vitest'
import { createMetrics } from './metrics.js'
import type { Node } from './node.js'
import { Sessions } from './sessions.js'
import { firstStep, type Incoming } from './steps.js'

const device = new Uint8Array(34).fill(2)
const cosigner = new Uint8Array(34).fill(3)
const nonce = new Uint8Array(32).fill(4)
const node = {
  identity: { publicIdentity: cosigner },
  metrics: createMetrics(),
  log: { error: () => undefined },
  random: (length: number) => new Uint8Array(length),
} as unknown as Node

function message(body: Uint8Array): Incoming {
  const context: Context = {
    version: 1,
    idFrom: device,
    idTo: cosigner,
    keyId: new Uint8Array(32),
    epoch: 0,
    opType: 'presign',
    sessionId: sessionId('presign', nonce, device, cosigner),
    step: 1,
    prevMsgHash: new Uint8Array(32),
  }
  return { auth: { identity: device, nonce, created: 0, context }, body, source: '' }
}

test('state that a step makes after its session has ended does not stay', async () => {
  const held = new Set<string>()
  const sessions = new Sessions<null>(
    { kept: 4, open: 4, openPerOwner: 4 },
    () => 0,
    ({ id }) => held.delete(id),
  )
  const opening = { opType: 'presign', nonce, wallet: 'w', data: null, seconds: 10 } as const
  let proceed: () => void = () => undefined
  const read = new Promise<void>((resolve) => {
    proceed = resolve
  })
  const first = firstStep(node, sessions, message(Uint8Array.of(1)), opening, async ({ id }) => {
    await read
    held.add(id)
    return Uint8Array.of(9)
  })
  const other = firstStep(node, sessions, message(Uint8Array.of(2)), opening, async () => Uint8Array.of(8))
  await expect(other).rejects.toMatchObject({ code: 'conflict' })
  proceed()
  expect((await first).status).toBe(404)
  expect(held.size).toBe(0)
})

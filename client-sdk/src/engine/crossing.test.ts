// Do results and errors cross between threads as what they are, and does a dead worker leave nobody waiting?

import { Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import { describe, expect, it } from 'vitest'
import type { Call, Port, Reply, Steps } from './contract.js'
import { answerCall, connect } from './crossing.js'
import { platformRandom } from './platform-random.js'
import { createSteps } from './steps.js'

/** A port to a worker in this thread, with everything cloned on the way as between threads. */
function portTo(steps: Steps, starts = true) {
  let reply: (message: Reply) => void = () => undefined
  let fail: (error: unknown) => void = () => undefined
  const holds: boolean[] = []
  const port: Port = {
    post(call: Call) {
      const sent = structuredClone(call)
      queueMicrotask(() => reply(structuredClone(answerCall(steps, sent))))
    },
    listen(onReply, onFailure) {
      reply = onReply
      fail = onFailure
      if (starts) queueMicrotask(() => reply({ kind: 'ready' }))
    },
    hold: (busy) => holds.push(busy),
    close: async () => undefined,
  }
  return { port, holds, fail: (error: unknown) => fail(error) }
}

const throwing = (error: Error): Steps => ({
  ...createSteps(platformRandom),
  combine() {
    throw error
  },
})
const call = { handle: 1, response: new Uint8Array(2) }

describe('an engine behind a port', () => {
  it('carries errors with their class and what they say', async () => {
    const malformed = await connect(portTo(throwing(new Malformed('w'))).port)
    await expect(malformed.run('combine', call)).rejects.toSatisfy(
      (e) => e instanceof Malformed && e.field === 'w',
    )
    const abort = await connect(portTo(throwing(new ProtocolAbort('gamma'))).port)
    await expect(abort.run('combine', call)).rejects.toSatisfy(
      (e) => e instanceof ProtocolAbort && e.reason === 'gamma' && e.consequence === 'cheat',
    )
    const misuse = await connect(portTo(createSteps(platformRandom)).port)
    await expect(misuse.run('combine', call)).rejects.toBeInstanceOf(Misuse)
  })

  it('holds the process while it is waited for, and only then', async () => {
    const { port, holds } = portTo(createSteps(platformRandom))
    const engine = await connect(port)
    await engine.run('drop', [1, 2])
    expect(holds).toEqual([false, true, false])
  })

  it('refuses every call, waiting or new, when the worker is gone', async () => {
    const silent: Steps = createSteps(platformRandom)
    const { port, fail } = portTo(silent)
    const engine = await connect({ ...port, post: () => undefined })
    const waiting = engine.run('drop', [])
    fail(new Error('gone'))
    await expect(waiting).rejects.toMatchObject({ code: 'bug' })
    await expect(engine.run('drop', [])).rejects.toMatchObject({ code: 'bug' })
  })

  it('says so when the worker does not start', async () => {
    await expect(connect(portTo(createSteps(platformRandom), false).port, 10)).rejects.toThrow(
      'did not start',
    )
  })
})

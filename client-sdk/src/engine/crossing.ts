// How do calls and errors cross between the main thread and the engine's thread?

import { Malformed, Misuse, ProtocolAbort } from '@tercet/protocol/errors'
import { TercetError } from '../errors.js'
import type { Call, CrossedError, Engine, Port, Reply, StepName, Steps, StepTypes } from './contract.js'

/** Runs one step; for both sides of the crossing. */
export function runStep<N extends StepName>(
  steps: Steps,
  name: N,
  input: StepTypes[N]['in'],
): StepTypes[N]['out'] {
  return steps[name](input)
}

/** What the worker answers to a call. */
export function answerCall(steps: Steps, call: Call): Reply {
  try {
    return { kind: 'result', id: call.id, output: runStep(steps, call.name, call.input) }
  } catch (error) {
    return { kind: 'error', id: call.id, error: cross(error) }
  }
}

function cross(error: unknown): CrossedError {
  if (error instanceof Malformed) return { name: 'Malformed', field: error.field }
  if (error instanceof ProtocolAbort) return { name: 'ProtocolAbort', reason: error.reason }
  if (error instanceof Misuse) return { name: 'Misuse', message: error.message }
  return { name: 'Error', message: error instanceof Error ? error.message : 'unknown' }
}

function uncross(error: CrossedError): Error {
  switch (error.name) {
    case 'Malformed':
      return new Malformed(error.field)
    case 'ProtocolAbort':
      return new ProtocolAbort(error.reason)
    case 'Misuse':
      return new Misuse(error.message)
    default:
      return new Error(error.message)
  }
}

interface Waiting {
  readonly resolve: (output: never) => void
  readonly reject: (error: unknown) => void
}

/** An engine behind a worker. Resolves when the worker is ready; rejects if it does not start. */
export function connect(port: Port, startMilliseconds = 10_000): Promise<Engine> {
  const waiting = new Map<number, Waiting>()
  let next = 1
  let failure: unknown
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      failure ??=
        error instanceof TercetError
          ? error
          : new TercetError('bug', { cause: error, incident: 'the engine stopped' })
      for (const { reject: refuse } of waiting.values()) refuse(failure)
      waiting.clear()
      clearTimeout(timer)
      reject(error)
    }
    const timer = setTimeout(() => fail(new Error('the worker did not start')), startMilliseconds)
    const settle = (reply: Exclude<Reply, { kind: 'ready' }>): void => {
      const call = waiting.get(reply.id)
      waiting.delete(reply.id)
      port.hold(waiting.size > 0)
      if (reply.kind === 'result') call?.resolve(reply.output as never)
      else call?.reject(uncross(reply.error))
    }
    const engine: Engine = {
      run(name, input) {
        return new Promise((done, refuse) => {
          if (failure !== undefined) return refuse(failure)
          const id = next++
          waiting.set(id, { resolve: done, reject: refuse })
          port.hold(true)
          port.post({ id, name, input })
        })
      },
      async close() {
        fail(new TercetError('closed'))
        await port.close()
      },
    }
    port.listen((reply) => {
      if (reply.kind !== 'ready') return settle(reply)
      clearTimeout(timer)
      port.hold(false)
      resolve(engine)
    }, fail)
  })
}

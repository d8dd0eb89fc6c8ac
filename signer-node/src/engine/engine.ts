// Who runs the heavy steps? One worker for setups, one for signing; each keeps the states it made.

import { Worker } from 'node:worker_threads'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { Call, Failure, Outcome, WorkerSettings } from './calls.js'
import type { NewcomerSteps } from './newcomer-steps.js'
import type { ReshareSteps } from './reshare-steps.js'
import type { SetupSteps } from './setup-steps.js'
import type { SigningSteps } from './signing-steps.js'

type Steps = SetupSteps & ReshareSteps & NewcomerSteps & SigningSteps

/** Prefixes of the steps that the setup worker runs. */
const SETUP_STEPS = ['keygen.', 'ot.', 'setup.', 'reshare.', 'newcomer.']

/** A step failed inside a worker in a way that no peer can cause. */
export class EngineFault extends Error {
  override readonly name = 'EngineFault'
  readonly where: string
  constructor(where: string) {
    super(`engine fault: ${where}`)
    this.where = where
  }
}

export interface Engine {
  /**
   * Runs a step in its worker; calls to one worker run in order.
   * @throws Malformed, ProtocolAbort as the step does; EngineFault for anything else
   */
  run<N extends keyof Steps>(step: N, input: Parameters<Steps[N]>[0]): Promise<ReturnType<Steps[N]>>
  close(): Promise<void>
}

export interface EngineSettings {
  readonly wrappingKey: Uint8Array
  readonly setupStates: number
  readonly signingStates: number
  /** Keys whose opened material the signing worker keeps. */
  readonly keys: number
  /** A worker ended; its states are gone and the process must end. */
  readonly onExit: (role: string) => void
}

export function startEngine(settings: EngineSettings): Engine {
  const { keys, onExit } = settings
  const start = (role: WorkerSettings['role'], states: number) =>
    startWorker({ role, states, keys, wrappingKey: settings.wrappingKey.slice() }, onExit)
  const setup = start('setup', settings.setupStates)
  const signing = start('signing', settings.signingStates)
  return {
    run: (step, input) => {
      const isSetup = SETUP_STEPS.some((prefix) => step.startsWith(prefix))
      return (isSetup ? setup : signing).run(step, input) as Promise<never>
    },
    close: async () => {
      await Promise.all([setup.close(), signing.close()])
    },
  }
}

function startWorker(settings: WorkerSettings, onExit: (role: string) => void) {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: settings })
  settings.wrappingKey.fill(0)
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let last = 0
  let closing = false
  worker.on('message', ({ id, result, failure }: Outcome) => {
    const caller = waiting.get(id)
    waiting.delete(id)
    if (failure === undefined) caller?.resolve(result)
    else caller?.reject(errorOf(failure))
  })
  const ended = (where: string) => {
    for (const caller of waiting.values()) caller.reject(new EngineFault(where))
    waiting.clear()
    if (!closing) onExit(settings.role)
    closing = true
  }
  worker.on('error', () => ended('worker error'))
  worker.on('exit', () => ended('worker exit'))
  return {
    run: (step: string, input: unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        if (closing) return reject(new EngineFault('worker ended'))
        const call: Call = { id: ++last, step, input }
        waiting.set(call.id, { resolve, reject })
        worker.postMessage(call)
      }),
    close: async () => {
      closing = true
      await worker.terminate()
    },
  }
}

function errorOf(failure: Failure): Error {
  switch (failure.name) {
    case 'Malformed':
      return new Malformed(failure.field)
    case 'ProtocolAbort':
      return new ProtocolAbort(failure.reason)
    case 'bug':
      return new EngineFault(failure.where)
  }
}

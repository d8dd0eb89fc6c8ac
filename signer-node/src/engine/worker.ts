// How does a worker thread run steps, one at a time, and what does it tell of a failure?

import { randomFillSync } from 'node:crypto'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { assertRandom } from '@tercet/protocol/random'
import { whereOf } from '../log.js'
import { createSealer } from '../seal.js'
import type { Call, Outcome, WorkerSettings } from './calls.js'
import { newcomerSteps } from './newcomer-steps.js'
import { reshareSteps } from './reshare-steps.js'
import { setupSteps } from './setup-steps.js'
import { signingSteps } from './signing-steps.js'

const settings = workerData as WorkerSettings
const random = (length: number): Uint8Array => randomFillSync(new Uint8Array(length))
assertRandom(random)
const sealer = createSealer(settings.wrappingKey, random)
settings.wrappingKey.fill(0)

// On Linux the number 0 means the calling thread, so that a key generation never slows a signature or a health check.
if (settings.role === 'setup' && process.platform === 'linux') setPriority(0, 5)

const steps: Readonly<Record<string, (input: never) => unknown>> =
  settings.role === 'setup'
    ? {
        ...setupSteps(sealer, random, settings.states),
        ...reshareSteps(sealer, random, settings.states),
        ...newcomerSteps(sealer, random, settings.states),
      }
    : signingSteps(sealer, random, { states: settings.states, keys: settings.keys })

parentPort?.on('message', ({ id, step, input }: Call) => {
  let outcome: Outcome
  try {
    const run = steps[step]
    if (run === undefined) throw new Error('no such step')
    outcome = { id, result: run(input as never) }
  } catch (error) {
    outcome = { id, failure: failureOf(error) }
  }
  parentPort?.postMessage(outcome)
})

function failureOf(error: unknown): Exclude<Outcome['failure'], undefined> {
  if (error instanceof Malformed) return { name: 'Malformed', field: error.field }
  if (error instanceof ProtocolAbort) return { name: 'ProtocolAbort', reason: error.reason }
  return { name: 'bug', where: whereOf(error) }
}

// Where do the heavy steps run? In a worker where there is one; in this thread otherwise.

import type { Random } from '@tercet/protocol/random'
import { openPort } from '#engine-host'
import { TercetError } from '../errors.js'
import type { Engine } from './contract.js'
import { connect, runStep } from './crossing.js'
import { platformRandom } from './platform-random.js'

/** Starts an engine. An injected source of randomness cannot cross threads, so it keeps the steps here. */
export async function startEngine(random: Random | undefined): Promise<Engine> {
  if (random === undefined) {
    const engine = await startWorker()
    if (engine !== undefined) return engine
  }
  return inline(random ?? platformRandom)
}

async function startWorker(): Promise<Engine | undefined> {
  try {
    const port = openPort()
    if (port === undefined) return undefined
    return await connect(port).catch(async () => {
      await port.close()
      return undefined
    })
  } catch {
    // A page's policy or a bundler may leave no worker: slower is better than not at all.
    return undefined
  }
}

async function inline(random: Random): Promise<Engine> {
  const { createSteps } = await import('./steps.js')
  let steps: ReturnType<typeof createSteps> | undefined = createSteps(random)
  return {
    async run(name, input) {
      if (steps === undefined) throw new TercetError('closed')
      return runStep(steps, name, input)
    },
    async close() {
      steps = undefined
    },
  }
}

// The engine inside a worker thread of Node.

import { parentPort } from 'node:worker_threads'
import type { Call, Reply } from './contract.js'
import { answerCall } from './crossing.js'
import { platformRandom } from './platform-random.js'
import { createSteps } from './steps.js'

const steps = createSteps(platformRandom)
const reply = (message: Reply): void => parentPort?.postMessage(message)

parentPort?.on('message', (call: Call) => reply(answerCall(steps, call)))
reply({ kind: 'ready' })

// The engine inside a Web Worker.

import type { Call, Reply } from './contract.js'
import { answerCall } from './crossing.js'
import { platformRandom } from './platform-random.js'
import { createSteps } from './steps.js'

const steps = createSteps(platformRandom)
const reply = (message: Reply): void => globalThis.postMessage(message)

globalThis.addEventListener('message', (event: MessageEvent<Call>) => reply(answerCall(steps, event.data)))
reply({ kind: 'ready' })

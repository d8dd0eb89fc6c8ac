// Does whoever is killed at a durable call find a wallet that both sides hold, or plainly none? A sample; all scenarios are in the deep tier. (SPEC 5.2)

import { deviceLost } from '../support/crash/scenarios/device-lost.js'
import { keygen } from '../support/crash/scenarios/keygen.js'
import { refresh } from '../support/crash/scenarios/refresh.js'
import { crashTests } from '../support/crash/suite.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const crash = suite('crash')
const folder = temporaryFolder('crash')
for (const scenario of [keygen, refresh, deviceLost]) crashTests(scenario, crash, folder)

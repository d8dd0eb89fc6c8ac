// Lost devices whose replacement loses its last messages: 200 runs. (SPEC 5.2)
import { lossTest } from '../support/loss/suite.js'
import { deviceLost } from '../support/loss/uses/device-lost.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(deviceLost, suite('loss device'), temporaryFolder('loss-device'))

// A move to a new device, the last messages lost: 200 runs. (SPEC 5.1)
import { lossTest } from '../support/loss/suite.js'
import { deviceMoved } from '../support/loss/uses/device-moved.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(deviceMoved, suite('loss device-moved'), temporaryFolder('loss-device-moved'))

// Do recoveries come out well although their last messages are lost? A sample; all runs are in the deep tier. (SPEC 5.2, 5.3)
import { lossControl, lossTest } from '../support/loss/suite.js'
import { deviceLost, forgetfulDevice } from '../support/loss/uses/device-lost.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const loss = suite('loss of recoveries')
const folder = temporaryFolder('loss')
lossTest(deviceLost, loss, folder)
lossControl(forgetfulDevice, loss, folder)

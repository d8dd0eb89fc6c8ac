// A device that is lost and replaced, whoever dies at whichever durable call: every point, both ways. (SPEC 5.2, 5.3)
import { deviceLost } from '../support/crash/scenarios/device-lost.js'
import { crashTests } from '../support/crash/suite.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

crashTests(deviceLost, suite('crash device lost'), temporaryFolder('crash-device-lost'))

// Changes of operator without the old node whose last messages are lost: 200 runs. (SPEC 5.3)
import { lossTest } from '../support/loss/suite.js'
import { operatorLost } from '../support/loss/uses/operator-lost.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(operatorLost, suite('loss operator lost'), temporaryFolder('loss-operator-lost'))

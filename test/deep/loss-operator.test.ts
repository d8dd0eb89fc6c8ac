// Changes of operator whose last messages are lost: 200 runs. (SPEC 5.3)
import { lossTest } from '../support/loss/suite.js'
import { operator } from '../support/loss/uses/operator.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(operator, suite('loss operator'), temporaryFolder('loss-operator'))

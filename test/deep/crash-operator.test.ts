// A change of operator, whoever dies at whichever durable call: every point, both ways. (SPEC 5.3)
import { operator } from '../support/crash/scenarios/operator.js'
import { crashTests } from '../support/crash/suite.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

crashTests(operator, suite('crash change of operator'), temporaryFolder('crash-operator'))

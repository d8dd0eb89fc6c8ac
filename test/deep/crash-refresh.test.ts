// Refresh, whoever dies at whichever durable call: every point, both ways. (SPEC 5.2)
import { refresh } from '../support/crash/scenarios/refresh.js'
import { crashTests } from '../support/crash/suite.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

crashTests(refresh, suite('crash refresh'), temporaryFolder('crash-refresh'))

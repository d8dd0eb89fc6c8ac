// Key generation, whoever dies at whichever durable call: every point, both ways. (SPEC 1.2; product, crash-safe HTTP)
import { keygen } from '../support/crash/scenarios/keygen.js'
import { crashTests } from '../support/crash/suite.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

crashTests(keygen, suite('crash keygen'), temporaryFolder('crash-keygen'))

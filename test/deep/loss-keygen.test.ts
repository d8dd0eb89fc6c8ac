// Key generation whose last messages are lost: 200 runs. (SPEC 1.2)
import { lossTest } from '../support/loss/suite.js'
import { keygen } from '../support/loss/uses/keygen.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(keygen, suite('loss keygen'), temporaryFolder('loss-keygen'))

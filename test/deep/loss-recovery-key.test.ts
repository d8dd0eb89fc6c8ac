// Changes of the recovery key whose last messages are lost: 200 runs. (SPEC 5.4)
import { lossTest } from '../support/loss/suite.js'
import { recoveryKey } from '../support/loss/uses/recovery-key.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(recoveryKey, suite('loss recovery key'), temporaryFolder('loss-recovery-key'))

// Refreshes whose last messages are lost: 200 runs. (SPEC 5.2)
import { lossTest } from '../support/loss/suite.js'
import { refresh } from '../support/loss/uses/refresh.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

lossTest(refresh, suite('loss refresh'), temporaryFolder('loss-refresh'))

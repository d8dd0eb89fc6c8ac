// Do operations whose last messages are lost end well? A sample of every use; all runs are in the deep tier. (SPEC 5.2)
import { lossControl, lossTest } from '../support/loss/suite.js'
import { forgetfulRefresh, refresh } from '../support/loss/uses/refresh.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const loss = suite('loss')
const folder = temporaryFolder('loss')
for (const use of [refresh]) lossTest(use, loss, folder)
lossControl(forgetfulRefresh, loss, folder)

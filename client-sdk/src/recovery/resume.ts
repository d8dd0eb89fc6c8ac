// What is continued when a wallet is opened? A change of operator or of device that was cut off.

import { exclusively } from '../exclusive.js'
import type { Live } from '../live.js'
import { finishMove } from './move-commit.js'
import { finishOperatorChange } from './operator-commit.js'

/** Goes on where it stopped, and says farewell to an old node. @throws TercetError */
export function resumeChange(live: Live): Promise<void> {
  const { storage, walletId, stopped } = live
  return exclusively(storage, walletId, async () => {
    if (live.closed) return
    await finishOperatorChange(live, () => undefined, stopped)
    await finishMove(live, stopped)
  })
}

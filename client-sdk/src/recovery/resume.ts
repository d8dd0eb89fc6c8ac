// What is continued when a wallet is opened? A change of operator or of device that was cut off.

import { loadEpochs } from '../epoch-records.js'
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

/**
 * Ends a change of operator that may have left the present node serving nothing: it has let go, and the next one was not
 * asked yet. Whether one was under way and is not any more, ended by this call or by another that had its turn before.
 */
export async function endOperatorChange(live: Live, signal?: AbortSignal): Promise<boolean> {
  const { storage, walletId, records } = live
  const { pend, commitSent } = await loadEpochs(storage, walletId, records.kit)
  const isOperator = pend?.role === 'operator' || pend?.role === 'operator-alone'
  if (!isOperator || !commitSent) return false
  return exclusively(storage, walletId, async () => {
    await finishOperatorChange(live, () => undefined, signal).catch(() => undefined)
    return (await loadEpochs(storage, walletId, live.records.kit)).pend === null
  })
}

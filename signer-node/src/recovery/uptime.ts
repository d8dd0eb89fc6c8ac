// How long was the node up, by a clock that nobody can set? (SPEC 5.4: recorded durably every 60 s)

import type { Node } from '../node.js'
import type { Tx } from '../store/open.js'

/** How often the clock is recorded while a claim waits. */
export const RECORD_SECONDS = 60

/** Counts whole seconds of the monotonic clock into one durable row. What is not recorded has not passed. */
export function createUptime({ store, clock }: Pick<Node, 'store' | 'clock'>) {
  let counted = clock.monotonic()

  const passed = (): number => Math.floor((clock.monotonic() - counted) / 1000)

  /** Records what has passed since the last time. */
  async function record(): Promise<void> {
    const seconds = passed()
    if (seconds <= 0) return
    // Before anything is waited for, so that no second is counted twice; given back when it did not become durable.
    counted += seconds * 1000
    try {
      await store.write((tx) =>
        tx
          .updateTable('uptime')
          .set((row) => ({ seconds: row('seconds', '+', seconds) }))
          .execute(),
      )
    } catch (error) {
      counted -= seconds * 1000
      throw error
    }
  }

  return {
    record,
    /** Records when it is time to, and says whether it did. */
    async tick(): Promise<boolean> {
      if (passed() < RECORD_SECONDS) return false
      await record()
      return true
    },
  }
}

/** What is recorded. */
export async function uptimeOf(db: Pick<Tx, 'selectFrom'>): Promise<number> {
  return (await db.selectFrom('uptime').select('seconds').executeTakeFirstOrThrow()).seconds
}

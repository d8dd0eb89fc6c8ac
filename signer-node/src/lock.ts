// How is work on one key done one at a time? (SPEC 3.5: sessions on one OT setup are serialised at the check)

/** Runs the works of one name strictly one after the other; names do not wait for each other. */
export function createLocks() {
  const tails = new Map<string, Promise<unknown>>()
  return async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = tails.get(name)
    const run = (async () => {
      await before?.catch(() => undefined)
      return work()
    })()
    tails.set(name, run)
    try {
      return await run
    } finally {
      if (tails.get(name) === run) tails.delete(name)
    }
  }
}

export type Exclusively = ReturnType<typeof createLocks>

// How does the engine name the states that never leave it?

import { Misuse } from '@tercet/protocol/errors'
import type { Handle } from './contract.js'

/** Numbers for states: one row of numbers, one typed table a state. */
export class Handles {
  #next: Handle = 1
  readonly #tables: Map<Handle, unknown>[] = []

  of<T>() {
    const table = new Map<Handle, T>()
    this.#tables.push(table)
    const peek = (handle: Handle): T => {
      const state = table.get(handle)
      if (state === undefined) throw new Misuse('no such state')
      return state
    }
    return {
      add: (state: T): Handle => {
        const handle = this.#next++
        table.set(handle, state)
        return handle
      },
      peek,
      /** The state is gone from the table whatever becomes of it. */
      take: (handle: Handle): T => {
        const state = peek(handle)
        table.delete(handle)
        return state
      },
    }
  }

  drop(list: readonly Handle[]): void {
    for (const table of this.#tables) for (const handle of list) table.delete(handle)
  }
}

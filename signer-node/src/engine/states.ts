// Where do one-time states live between two messages? In the worker that made them, named by a handle. (SPEC 0.5)

import { Misuse } from '@tercet/protocol/errors'

/** States by handle. They cannot leave this thread; a restart forgets them all. */
export class States<S> {
  readonly #held = new Map<string, S>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  /** @throws Misuse when the handle is taken or the table is full: callers bound their sessions first */
  put(handle: string, state: S): void {
    if (this.#held.has(handle)) throw new Misuse('handle in use')
    if (this.#held.size >= this.#limit) throw new Misuse('too many states')
    this.#held.set(handle, state)
  }

  /** Removes the state and returns it. @throws Misuse when there is none */
  take(handle: string): S {
    const state = this.#held.get(handle)
    if (state === undefined) throw new Misuse('no such state')
    this.#held.delete(handle)
    return state
  }

  drop(handle: string): void {
    this.#held.delete(handle)
  }

  get size(): number {
    return this.#held.size
  }
}

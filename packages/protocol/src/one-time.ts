// How does a secret state open exactly once? (SPEC 0.5; not in the package's exports)

import { Misuse } from './errors.js'

let create: <N extends string, C>(name: N, content: C) => OneTime<N, C>
let open: <N extends string, C>(state: OneTime<N, C>, name: N) => C
let spent: (state: OneTime<string, unknown>) => boolean

/**
 * A box around the secret state between two steps. It has no accessor, no encoder and no copy: only a step of this
 * package can take its content, and taking empties it. JSON and inspection show the name alone; a structured clone
 * or an object made elsewhere is refused by every step.
 */
export class OneTime<Name extends string, Content> {
  readonly name: Name
  #content: Content | undefined

  private constructor(name: Name, content: Content) {
    this.name = name
    this.#content = content
  }

  /** A short display, never the content. */
  toJSON(): string {
    return this.name
  }
  toString(): string {
    return this.name
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.name
  }

  static {
    create = (name, content) => new OneTime(name, content)
    open = <N extends string, C>(state: OneTime<N, C>, name: N): C => {
      if (typeof state !== 'object' || state === null || !(#content in state) || state.name !== name)
        throw new Misuse(`not a ${name} state`)
      const content = state.#content
      if (content === undefined) throw new Misuse(`${name} is spent`)
      state.#content = undefined
      return content
    }
    spent = (state) => !(#content in state) || state.#content === undefined
  }
}

/** Puts a state into a fresh box. */
export function box<N extends string, C>(name: N, content: C): OneTime<N, C> {
  return create(name, content)
}

/** Empties the box and returns what was in it, before anything is computed. @throws Misuse if spent, cloned or forged */
export function take<N extends string, C>(state: OneTime<N, C>, name: N): C {
  return open(state, name)
}

/** Whether the state was taken. */
export function isSpent(state: OneTime<string, unknown>): boolean {
  return spent(state)
}

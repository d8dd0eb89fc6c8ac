// Which states can actors reach that lose, repeat, delay and reorder every message, and is each of them good? (SPEC 5.2)

/** Plain data that names its addressee. */
export interface Message {
  readonly to: string
}

/** One thing that an actor may do: what a person would call it, its next durable state, what it sends. */
export interface Outcome<State, M extends Message> {
  readonly label: string
  readonly state: State
  readonly send: readonly M[]
}

/** A machine, as far as it is durable: whatever it forgets in a crash is no part of it. */
export interface Machine<State, M extends Message> {
  readonly name: string
  readonly first: State
  /** Everything it may do by itself, in any order: a crash before any of it is that it does not do it yet. */
  act(state: State): readonly Outcome<State, M>[]
  /** Everything a message may make of it. */
  receive(state: State, message: M): readonly Outcome<State, M>[]
  /** Whether a message to it can never have an effect again, whatever happens: then it is forgotten. */
  stale?(state: State, message: M): boolean
}

/** An actor of a search: its states are numbered, and each step is computed once. */
export interface Actor<State> {
  readonly name: string
  readonly first: number
  value(state: number): State
  act(state: number): readonly Step[]
  receive(state: number, message: number): readonly Step[]
  stale(state: number, message: number): boolean
}
interface Step {
  readonly label: string
  readonly state: number
  /** One character a message. */
  readonly send: string
}

/** The messages of one search, numbered. */
export class Post<M extends Message> {
  readonly #table = new Table<M>()
  readonly #to: string[] = []

  number(message: M): number {
    const at = this.#table.number(message)
    this.#to[at] = message.to
    return at
  }

  value(message: number): M {
    return this.#table.value(message)
  }

  to(message: number): string {
    return this.#to[message] as string
  }
}

/** Makes an actor of a machine. */
export function actor<State, M extends Message>(post: Post<M>, machine: Machine<State, M>): Actor<State> {
  const table = new Table<State>()
  const acts: (readonly Step[])[] = []
  const receives: (readonly Step[])[][] = []
  const stales: boolean[][] = []
  const steps = (from: number, outcomes: readonly Outcome<State, M>[]): readonly Step[] =>
    outcomes
      .map(({ label, state, send }) => ({
        label: `${machine.name}: ${label}`,
        state: table.number(state),
        send: String.fromCharCode(...send.map((message) => post.number(message))),
      }))
      .filter(({ state, send }) => state !== from || send !== '')
  return {
    name: machine.name,
    first: table.number(machine.first),
    value: (state) => table.value(state),
    act: (state) => {
      acts[state] ??= steps(state, machine.act(table.value(state)))
      return acts[state]
    },
    receive: (state, message) => {
      receives[state] ??= []
      const known = receives[state]
      known[message] ??= steps(state, machine.receive(table.value(state), post.value(message)))
      return known[message]
    },
    stale: (state, message) => {
      if (machine.stale === undefined) return false
      stales[state] ??= []
      const known = stales[state]
      known[message] ??= machine.stale(table.value(state), post.value(message))
      return known[message]
    },
  }
}

/** What is searched: actors, and what must hold of their states together. */
export interface World<M extends Message> {
  readonly post: Post<M>
  readonly actors: readonly Actor<unknown>[]
  /** What is wrong with these states, one an actor, or null. */
  check(states: readonly number[]): string | null
}

/** How many states there are, and the shortest way to a bad one. */
export interface Found {
  readonly states: number
  readonly violation: { readonly what: string; readonly trace: readonly string[] } | null
}

/**
 * Breadth first, until everything was seen or something is wrong. Messages are a set that only grows: each may come
 * never, once or again at any time, which is loss, duplication, reordering and delay without a bound.
 */
export function search<M extends Message>(world: World<M>): Found {
  const { actors, post } = world
  const width = actors.length
  const byName = new Map(actors.map((who, index) => [who.name, index]))
  const seen = new Set<string>()
  const keys: string[] = []
  const parents: number[] = []
  const labels: string[] = []
  const verdicts = new Map<string, string | null>()
  const visit = (key: string, parent: number, label: string): void => {
    if (seen.has(key)) return
    seen.add(key)
    keys.push(key)
    parents.push(parent)
    labels.push(label)
  }
  const verdict = (parts: string): string | null => {
    const known = verdicts.get(parts)
    if (known !== undefined) return known
    const what = world.check(Array.from(parts, (part) => part.charCodeAt(0)))
    verdicts.set(parts, what)
    return what
  }
  const trace = (at: number): string[] => {
    const way: string[] = []
    for (let i = at; i > 0; i = parents[i] as number) way.unshift(labels[i] as string)
    return way
  }
  const addressee = (message: number): number => byName.get(post.to(message)) ?? -1
  /** The mail as a sorted set, with what was sent, without what is stale. */
  const carry = (mail: string, sent: string, index: number, parts: string): string => {
    let all = ''
    const state = parts.charCodeAt(index)
    for (let i = 0; i < mail.length; i++) {
      const message = mail.charCodeAt(i)
      if (addressee(message) !== index || !(actors[index] as Actor<unknown>).stale(state, message)) {
        all += mail[i]
      }
    }
    let added = false
    for (let i = 0; i < sent.length; i++) {
      if (all.includes(sent[i] as string)) continue
      const message = sent.charCodeAt(i)
      const to = addressee(message)
      if (to === -1 || (actors[to] as Actor<unknown>).stale(parts.charCodeAt(to), message)) continue
      all += sent[i]
      added = true
    }
    return added ? [...all].sort().join('') : all
  }
  visit(String.fromCharCode(...actors.map((who) => who.first)), -1, '')
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string
    const parts = key.slice(0, width)
    const mail = key.slice(width)
    const what = verdict(parts)
    if (what !== null) return { states: keys.length, violation: { what, trace: trace(at) } }
    const follow = (index: number, step: Step): void => {
      const next = parts.slice(0, index) + String.fromCharCode(step.state) + parts.slice(index + 1)
      visit(next + carry(mail, step.send, index, next), at, step.label)
    }
    for (let index = 0; index < width; index++) {
      const who = actors[index] as Actor<unknown>
      for (const step of who.act(parts.charCodeAt(index))) follow(index, step)
    }
    for (let i = 0; i < mail.length; i++) {
      const message = mail.charCodeAt(i)
      const index = addressee(message)
      const who = actors[index] as Actor<unknown>
      for (const step of who.receive(parts.charCodeAt(index), message)) follow(index, step)
    }
  }
  return { states: keys.length, violation: null }
}

/** Numbers below the surrogates, so that a string of them is a string of characters. */
const LIMIT = 0xd800

/** Plain data by number, equal data by the same one. */
class Table<Value> {
  readonly #numbers = new Map<string, number>()
  readonly #values: Value[] = []

  number(value: Value): number {
    const text = JSON.stringify(value, sorted)
    const known = this.#numbers.get(text)
    if (known !== undefined) return known
    if (this.#values.length === LIMIT) throw new RangeError('too many different values')
    this.#numbers.set(text, this.#values.length)
    this.#values.push(value)
    return this.#values.length - 1
  }

  value(at: number): Value {
    return this.#values[at] as Value
  }
}

/** Makes equal data equal text. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

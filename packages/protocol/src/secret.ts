// How is a long-lived secret kept from being printed by accident? (invariant I17; not in the package's exports)

let read: <N extends string, V>(secret: Secret<N, V>) => V

/** A secret that prints as its name: in JSON, in templates and under inspection. */
export class Secret<Name extends string, Value> {
  readonly name: Name
  readonly #value: Value

  constructor(name: Name, value: Value) {
    this.name = name
    this.#value = value
  }

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
    read = <N extends string, V>(secret: Secret<N, V>): V => secret.#value
  }
}

/** The value of a secret; for this package's own steps and encoders. */
export function expose<N extends string, V>(secret: Secret<N, V>): V {
  return read(secret)
}

// How does a command answer? One line on stdout.

/** Prints a line: text as it is, anything else as JSON. */
export function print(line: object | string): void {
  process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`)
}

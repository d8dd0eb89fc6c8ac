// What does a recovery program tell the person at its machine?

import type { Program } from './processes.js'

/** What stands behind a name in a line of its error stream: `link`, `invitation`. Rejects if the program ends before. */
export async function lineOf(program: Program, name: string): Promise<string> {
  for (;;) {
    const lines = program.stderr().split('\n').slice(0, -1)
    const line = lines.find((text) => text.startsWith(`${name} `))
    if (line !== undefined) return line.slice(name.length).trim()
    const { exitCode, signalCode } = program.child
    if (exitCode !== null || signalCode !== null)
      throw new Error(`recovery ended with ${exitCode ?? signalCode}: ${program.stderr()}${program.stdout()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

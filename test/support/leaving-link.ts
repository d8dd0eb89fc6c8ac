// Where does a recovery program wait for its device?

import type { Program } from './processes.js'

/** The link as the recovery program names it. */
export async function linkOf(program: Program): Promise<string> {
  for (;;) {
    const line = program
      .stderr()
      .split('\n')
      .slice(0, -1)
      .find((text) => text.startsWith('link '))
    if (line !== undefined) return line.slice('link '.length).trim()
    if (program.child.exitCode !== null) throw new Error(`recovery ended: ${program.stderr()}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

// How does the demo use the recovery program? As a person would, on a machine of its own: commands, a key file, a passphrase.
import process from 'node:process'
import { type Program, run, start } from '../support/processes.js'
import { built } from '../support/root.js'

/** The recovery machine. */
export interface RecoveryParty {
  /** Runs a command to its end; what it says as JSON. */
  command(...args: readonly string[]): Promise<Record<string, unknown>>
  /** Starts a command that works with a device over a link. It is confirmed beforehand. */
  start(...args: readonly string[]): Program
  /** Waits for the end of a started command; what it said. Rejects with its own words unless it ended well. */
  result(program: Program): Promise<Record<string, unknown>>
}

/** `passphrase` opens the key file; it goes to the program on descriptor 3. */
export function recoveryParty(passphrase: string): RecoveryParty {
  const program = built('packages/recovery/dist/main.js')
  return {
    async command(name, ...args) {
      const ended = await run(
        `recovery ${name}`,
        process.execPath,
        [program, '--json', name ?? '', ...args],
        passphrase,
      )
      return JSON.parse(ended.stdout()) as Record<string, unknown>
    },
    start(name, ...args) {
      const command = [program, '--json', name ?? '', ...args, '--yes']
      const stdio = { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] as ('ignore' | 'pipe')[] }
      const started = start(`recovery ${name}`, process.execPath, command, stdio)
      const descriptor = started.child.stdio[3]
      if (descriptor && 'end' in descriptor) descriptor.end(`${passphrase}\n`)
      return started
    },
    async result(started) {
      const code = await started.ended()
      if (code !== 0)
        throw new Error(`${started.name} ended with ${code}: ${started.stderr()}${started.stdout()}`)
      return JSON.parse(started.stdout()) as Record<string, unknown>
    },
  }
}

// How do tests run a real node process? `init`, `start` on free ports, stop, start again.
import process from 'node:process'
import type { Place } from './leak-search.js'
import { type Program, run, start } from './processes.js'
import { built } from './root.js'

export interface NodeProcess {
  readonly pid: number
  readonly port: number
  readonly metricsPort: number
  /** base64url of idC. */
  readonly identity: string
  output(): Place[]
  /** SIGTERM; the exit code. */
  stop(): Promise<number | string>
}

const main = () => built('signer-node/dist/main.js')

/** Makes a data folder. */
export function initNode(dataDir: string): Promise<Program> {
  return run('node init', process.execPath, [main(), 'init', '--data-dir', dataDir])
}

/** Starts a node; resolves when it serves. */
export async function startNode(dataDir: string, ...args: readonly string[]): Promise<NodeProcess> {
  const free = ['--port', '0', '--metrics-port', '0']
  const program = start('node', process.execPath, [main(), 'start', '--data-dir', dataDir, ...free, ...args])
  const line = JSON.parse(await program.line((text) => text.startsWith('{'))) as Record<string, unknown>
  return {
    pid: Number(line['pid']),
    port: Number(line['port']),
    metricsPort: Number(line['metricsPort']),
    identity: String(line['identity']),
    output: () => program.output(),
    stop: () => program.stop(),
  }
}

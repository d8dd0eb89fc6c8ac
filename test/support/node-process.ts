// How does a test get a real node: its own process and data folder, perhaps under something, stopped, killed, restarted? (security.md 5)
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import process from 'node:process'
import { type Program, run, start } from './processes.js'
import { built } from './root.js'

export interface NodeOptions {
  readonly dataDir: string
  /** 0, or left out, picks a free port. */
  readonly port?: number
  /** A command that runs the node in its turn: strace, say. */
  readonly under?: readonly string[]
  /** Options of Node itself. */
  readonly nodeOptions?: readonly string[]
  /** More options of `tercet-node start`. */
  readonly options?: readonly string[]
}

export interface NodeProcess {
  readonly url: string
  readonly metricsUrl: string
  readonly dataDir: string
  readonly port: number
  readonly metricsPort: number
  /** base64url of idC. */
  readonly identity: string
  /** Of the node itself, whatever it runs under. */
  readonly pid: number
  /** What was started; its output is kept. */
  readonly program: Program
  /** Everything on stderr so far: the log. */
  log(): string
  /** SIGTERM, and the end of the process; its exit code. */
  stop(): Promise<number | string>
  /** SIGKILL, and the end of the process. */
  kill(): Promise<number | string>
  /** Starts a node on the same data folder and the same port, once this one has ended; it runs under nothing. */
  restart(changed?: Partial<NodeOptions>): Promise<NodeProcess>
}

interface StartLine {
  readonly port: number
  readonly metricsPort: number
  readonly pid: number
  readonly identity: string
}

const main = () => built('signer-node/dist/main.js')

/** Options of a node that logs all it can. */
export const VERBOSE = ['--log-level', 'trace'] as const

/** Runs `tercet-node` to its end, whatever that is. */
export function runNodeProgram(...args: readonly string[]) {
  return spawnSync(process.execPath, [main(), ...args], { encoding: 'utf8' })
}

/** Makes a data folder. */
export function initNode(dataDir: string): Promise<Program> {
  return run('node init', process.execPath, [main(), 'init', '--data-dir', dataDir])
}

/** Makes a data folder inside another folder. Returns its path. */
export async function newDataDir(folder: string, name: string): Promise<string> {
  const dataDir = join(folder, name)
  await initNode(dataDir)
  return dataDir
}

/** Starts a node's process and waits for nothing. */
export function launchNode(options: NodeOptions): Program {
  const { dataDir, port = 0, under = [], nodeOptions = [] } = options
  const node = [process.execPath, ...nodeOptions, main(), 'start']
  const settings = ['--data-dir', dataDir, '--port', String(port), '--metrics-port', '0']
  const [command = process.execPath, ...args] = [...under, ...node, ...settings, ...(options.options ?? [])]
  return start('node', command, args)
}

/** Starts a node and waits for its start line. Rejects if it ends before that. */
export async function startNode(options: NodeOptions): Promise<NodeProcess> {
  const program = launchNode(options)
  const line = await program.line((text) => text.startsWith('{"port":'))
  const { port, metricsPort, pid, identity } = JSON.parse(line) as StartLine
  return {
    url: `http://127.0.0.1:${port}`,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    dataDir: options.dataDir,
    port,
    metricsPort,
    identity,
    pid,
    program,
    log: () => program.stderr(),
    stop: () => signalled(program, pid, 'SIGTERM'),
    kill: () => signalled(program, pid, 'SIGKILL'),
    restart: async (changed = {}) => {
      await program.ended()
      return startNode({ ...options, port, under: [], ...changed })
    },
  }
}

async function signalled(program: Program, pid: number, signal: NodeJS.Signals): Promise<number | string> {
  const { child } = program
  if (child.exitCode === null && child.signalCode === null) {
    try {
      process.kill(pid, signal)
    } catch {
      // It has ended, and what it ran under is about to.
    }
  }
  return program.ended()
}

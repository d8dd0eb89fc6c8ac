// How does a test get a node that may run under something, on a given port, and be killed? (security.md 5)
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { afterAll } from 'vitest'
import { initNode } from './node-process.js'
import { type Program, start, stopAll } from './processes.js'
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

export interface KillableNode {
  readonly url: string
  readonly port: number
  readonly metricsPort: number
  /** Of the node itself, whatever it runs under. */
  readonly pid: number
  readonly program: Program
  /** SIGTERM, and the end of the process; its exit code. */
  stop(): Promise<number | string>
  /** SIGKILL, and the end of the process. */
  kill(): Promise<number | string>
}

/** A folder that goes away with the test file, and everything that still runs with it. */
export function temporaryFolder(label: string): string {
  const folder = mkdtempSync(join(tmpdir(), `tercet-${label}-`))
  afterAll(async () => {
    await stopAll()
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
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
  const node = [process.execPath, ...nodeOptions, built('signer-node/dist/main.js'), 'start']
  const settings = ['--data-dir', dataDir, '--port', String(port), '--metrics-port', '0']
  const [command = process.execPath, ...args] = [...under, ...node, ...settings, ...(options.options ?? [])]
  return start('node', command, args)
}

/** Starts a node and waits for its start line. Rejects if it ends before that. */
export async function startKillableNode(options: NodeOptions): Promise<KillableNode> {
  const program = launchNode(options)
  const line = await program.line((text) => text.startsWith('{"port":'))
  const { port, metricsPort, pid } = JSON.parse(line) as StartLine
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    metricsPort,
    pid,
    program,
    stop: () => signalled(program, pid, 'SIGTERM'),
    kill: () => signalled(program, pid, 'SIGKILL'),
  }
}

interface StartLine {
  readonly port: number
  readonly metricsPort: number
  readonly pid: number
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

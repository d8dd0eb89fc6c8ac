// How does a test run a real node: its own process, its own data folder, free ports?

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../../signer-node/dist/main.js', import.meta.url))

export interface StartLine {
  readonly port: number
  readonly metricsPort: number
  readonly pid: number
  readonly identity: string
}

export interface NodeProcess {
  readonly url: string
  readonly metricsUrl: string
  readonly dataDir: string
  readonly line: StartLine
  readonly child: ChildProcess
  /** Everything on stderr so far: the log. */
  log(): string
  /** Sends the signal and resolves with the exit code, or the signal that ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>
}

/** Runs the program to its end. */
export function runNodeProgram(...args: readonly string[]) {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: 'utf8' })
}

/** A fresh data folder with an initialised node in it. */
export function newDataDir(): string {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'tercet-node-')), 'data')
  const made = runNodeProgram('init', '--data-dir', dataDir)
  if (made.status !== 0) throw new Error(`init failed: ${made.stderr}`)
  return dataDir
}

/** Starts a node and waits for its start line. */
export async function startNode(
  dataDir: string = newDataDir(),
  ...more: readonly string[]
): Promise<NodeProcess> {
  const ports = ['--port', '0', '--metrics-port', '0', '--host', '127.0.0.1', '--log-level', 'trace']
  const args = [PROGRAM, 'start', '--data-dir', dataDir, ...ports, ...more]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? -1))
  })
  const line = await new Promise<StartLine>((resolve, reject) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const end = out.indexOf('\n')
      if (end >= 0) resolve(JSON.parse(out.slice(0, end)) as StartLine)
    })
    void ended.then((code) => reject(new Error(`the node ended with ${code}: ${err}`)))
  })
  return {
    url: `http://127.0.0.1:${line.port}`,
    metricsUrl: `http://127.0.0.1:${line.metricsPort}`,
    dataDir,
    line,
    child,
    log: () => err,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

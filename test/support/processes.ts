// How are real processes started, watched and ended? Everything they print is kept; only their own pids are signalled.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Place } from './leak-search.js'

/** A process of ours. */
export interface Program {
  readonly name: string
  readonly child: ChildProcess
  /** Resolves with the first line of stdout that matches; rejects if the process ends or time runs out. */
  line(matches: (line: string) => boolean, timeoutMs?: number): Promise<string>
  /** What it printed so far. */
  output(): Place[]
  /** What it printed to stdout so far. */
  stdout(): string
  stderr(): string
  /** Waits for the end; the exit code, or the signal's name. */
  ended(): Promise<number | string>
  /** SIGTERM, then SIGKILL when the process has not ended in time. The exit code or signal. */
  stop(graceMs?: number): Promise<number | string>
}

const started = new Set<Program>()

/** Starts a program. `options.stdio` must leave stdout and stderr as pipes. */
export function start(
  name: string,
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Program {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  const out = collect(child.stdout)
  const err = collect(child.stderr)
  const end = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'unknown'))
  })
  const program: Program = {
    name,
    child,
    line: (matches, timeoutMs = 30_000) => lineOf(program, matches, timeoutMs),
    output: () => [
      { name: `${name}: stdout`, bytes: Buffer.concat(out) },
      { name: `${name}: stderr`, bytes: Buffer.concat(err) },
    ],
    stdout: () => Buffer.concat(out).toString(),
    stderr: () => Buffer.concat(err).toString(),
    ended: () => end,
    stop: async (graceMs = 15_000) => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      const result = await end
      clearTimeout(timer)
      return result
    },
  }
  started.add(program)
  void end.then(() => started.delete(program))
  return program
}

/** Ends every process that was started here and still runs. */
export async function stopAll(): Promise<void> {
  await Promise.all([...started].map((program) => program.stop(3000)))
}

/** Runs a program to its end. `secret` reaches it on file descriptor 3. Rejects unless it ends with 0. */
export async function run(
  name: string,
  command: string,
  args: readonly string[],
  secret?: string,
): Promise<Program> {
  const program = start(name, command, args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] })
  const descriptor = program.child.stdio[3]
  if (descriptor && 'end' in descriptor) {
    descriptor.on('error', () => {})
    descriptor.end(secret === undefined ? '' : `${secret}\n`)
  }
  const result = await program.ended()
  if (result !== 0) throw new Error(`${name} ended with ${result}: ${program.stderr()}${program.stdout()}`)
  return program
}

function collect(stream: Readable | null): Buffer[] {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk))
  return chunks
}

async function lineOf(
  program: Program,
  matches: (line: string) => boolean,
  timeoutMs: number,
): Promise<string> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const ended = program.ended().then((result) => {
    throw new Error(`${program.name} ended with ${result}: ${program.stderr().slice(-2000)}`)
  })
  ended.catch(() => {})
  for (;;) {
    const line = program.stdout().split('\n').slice(0, -1).find(matches)
    if (line !== undefined) return line
    if (program.child.stdout === null) throw new Error(`${program.name} has no stdout`)
    await Promise.race([once(program.child.stdout, 'data', { signal: deadline }), ended])
  }
}

// How is a server of the benchmark started, found and stopped?

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import process from 'node:process'
import { createInterface } from 'node:readline'

const LOG_CHARACTERS = 2_000

export interface Server {
  /** `http://127.0.0.1:port` */
  readonly address: string
  stop(): Promise<void>
}

/** Starts a Node program that prints a JSON line with its port when it listens. @throws Error if it ends instead */
export async function startServer(file: string, args: readonly string[] = []): Promise<Server> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  // A node logs every request here; only the end of it matters, and only when it does not start.
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log = `${log}${text}`.slice(-LOG_CHARACTERS)
  })
  const ended = once(child, 'exit')
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  try {
    const port = await Promise.race([portOf(child.stdout), ended.then(() => undefined)])
    if (port === undefined) throw new Error(`${file} ended before it listened\n${log}`)
    return { address: `http://127.0.0.1:${port}`, stop }
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
}

/** Runs a Node program to its end. @throws Error unless it exits with 0 */
export async function runProgram(file: string, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${code}`)
}

async function portOf(output: NodeJS.ReadableStream): Promise<number | undefined> {
  for await (const line of createInterface({ input: output })) {
    const port = portIn(line)
    if (port !== undefined) {
      output.resume()
      return port
    }
  }
  return undefined
}

function portIn(line: string): number | undefined {
  const found = /"port":([0-9]+)/.exec(line)
  return found === null ? undefined : Number(found[1])
}

// Where does a secret that the user types come from? A file descriptor or the terminal, never the command line.

import { readFileSync } from 'node:fs'
import { Refused } from './exit.js'
import { askHidden } from './terminal.js'

/** One line from a file descriptor, or typed without echo. `name` is what the user is asked for. */
export async function readSecret(name: string, descriptor: number | undefined): Promise<string> {
  const secret = descriptor === undefined ? await askHidden(name) : fromDescriptor(name, descriptor)
  if (secret === '') throw new Refused('usage', `the ${name} is empty`)
  return secret
}

/** A new secret: typed twice at a terminal. */
export async function readNewSecret(name: string, descriptor: number | undefined): Promise<string> {
  const secret = await readSecret(name, descriptor)
  if (descriptor === undefined && (await askHidden(`${name} again`)) !== secret)
    throw new Refused('usage', `the two entries of the ${name} differ`)
  return secret
}

/** Reads a descriptor's number from an option. */
export function parseDescriptor(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new Refused('usage', `not a file descriptor: ${text}`)
  return Number(text)
}

function fromDescriptor(name: string, descriptor: number): string {
  try {
    return readFileSync(descriptor, 'utf8').replace(/\r?\n$/, '')
  } catch {
    throw new Refused('usage', `cannot read the ${name} from file descriptor ${descriptor}`)
  }
}

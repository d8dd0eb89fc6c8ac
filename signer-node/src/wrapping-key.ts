// Where does the wrapping key come from, and who may read it? (security.md 1; invariant I17)

import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { StartRefused } from './refusal.js'
import { WRAPPING_KEY_BYTES } from './seal.js'

const PREFIX = 'tercet-wrapping-key-1:'

/** Makes the key file, mode 0600; an existing file is never overwritten. Returns the key. @throws StartRefused */
export function createWrappingKey(path: string, random: (length: number) => Uint8Array): Uint8Array {
  const key = random(WRAPPING_KEY_BYTES)
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch {
    throw new StartRefused(`cannot create ${path}: does it exist already?`)
  }
  try {
    writeSync(file, `${PREFIX}${toBase64url(key)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  return key
}

/** Reads the key file; refuses one that anyone but its owner may read. @throws StartRefused */
export function readWrappingKey(path: string): Uint8Array {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    throw new StartRefused(`no wrapping key at ${path}: run \`tercet-node init\` first`)
  }
  try {
    // The open file is examined, not its name, so that no swap in between goes unnoticed.
    const { mode } = fstatSync(file)
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new StartRefused(
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 it`,
      )
    }
    const text = readFileSync(file, 'utf8').trimEnd()
    if (!text.startsWith(PREFIX)) throw new StartRefused(`${path} is not a wrapping key`)
    return fromBase64url(text.slice(PREFIX.length), 'wrappingKey', WRAPPING_KEY_BYTES)
  } catch (error) {
    if (error instanceof StartRefused) throw error
    throw new StartRefused(`${path} is not a wrapping key`)
  } finally {
    closeSync(file)
  }
}

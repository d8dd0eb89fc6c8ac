// How does the program read and make its files?

import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { Refused } from './exit.js'

/** The file's bytes. @throws Refused `file` */
export function readInput(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch {
    throw new Refused('file', `cannot read ${path}`)
  }
}

/** A new file, mode 0600, on the disk when this returns; an existing one is never overwritten. @throws Refused `file` */
export function writeNew(path: string, bytes: Uint8Array): void {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch {
    throw new Refused('file', `cannot create ${path}: does it exist already?`)
  }
  let written = false
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
    fsyncSync(file)
    written = true
  } catch {
    throw new Refused('file', `cannot write ${path}`)
  } finally {
    closeSync(file)
    if (!written) unlinkSync(path)
  }
}

// How does the program read and make its files?

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import process from 'node:process'
import { Refused } from './exit.js'

/** The file's bytes. @throws Refused `file` */
export function readInput(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path))
  } catch {
    throw new Refused('file', `cannot read ${path}`)
  }
}

/** The entry of a file in its folder is on the disk when this returns, where folders can be opened: not on Windows. */
export function syncFolderOf(path: string): void {
  if (process.platform === 'win32') return
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

/** A new file could be made here. @throws Refused `file` */
export function assertCanCreate(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK)
  } catch {
    throw new Refused('file', `cannot write into the folder of ${path}`)
  }
  if (existsSync(path)) throw new Refused('file', `cannot create ${path}: it exists already`)
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
    syncFolderOf(path)
    written = true
  } catch {
    throw new Refused('file', `cannot write ${path}`)
  } finally {
    closeSync(file)
    if (!written) unlinkSync(path)
  }
}

// How does the program read and make its files?

import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import { encodePoint } from '@tercet/protocol/curve'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { Refused } from './exit.js'
import { readSecret } from './passphrase.js'
import { KeyFileError, openKeyFile, readKeyFileHeader } from './recovery-key-file.js'

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

/** K of a key file, which needs no passphrase. @throws Refused */
export function readPublicKey(path: string): Uint8Array {
  return refusing(path, () => readKeyFileHeader(readInput(path)).publicKey)
}

/** kappa and K of a key file; asks for the passphrase when there is one. @throws Refused */
export async function openKey(
  path: string,
  descriptor: number | undefined,
): Promise<{ kappa: bigint; publicKey: Uint8Array }> {
  const file = readInput(path)
  const { encrypted } = refusing(path, () => readKeyFileHeader(file))
  const passphrase = encrypted ? await readSecret('passphrase', descriptor) : undefined
  try {
    const { kappa, publicKey } = recoveryKeyFromSeed(await openKeyFile(file, passphrase))
    return { kappa, publicKey: encodePoint(publicKey) }
  } catch (error) {
    throw asRefused(path, error)
  }
}

function refusing<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw asRefused(path, error)
  }
}

function asRefused(path: string, error: unknown): unknown {
  if (!(error instanceof KeyFileError)) return error
  return new Refused(error.code === 'damaged' ? 'file' : 'passphrase', `${path}: ${error.message}`, {
    reason: error.code,
  })
}

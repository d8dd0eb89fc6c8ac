// How does a test of the program's commands draw and hand over secrets? Seeded, and by a descriptor.
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Named in every suite, so that a failure can be repeated. */
export const seed = randomBytes(8).toString('hex')
let drawn = 0

/** The next bytes of this run. */
export function random(length: number): Uint8Array<ArrayBuffer> {
  const bytes = createHash('shake256', { outputLength: length }).update(`${seed}/${drawn++}`).digest()
  return new Uint8Array(bytes)
}

/** Costs that a test can afford. */
export const LIGHT = { memoryKiB: 64, passes: 1 } as const

/** Writes a secret to a file and gives its descriptor, as a shell's `3<file` does. */
export async function withSecret<T>(secret: string, work: (descriptor: number) => Promise<T>): Promise<T> {
  const path = join(tmpdir(), `tercet-secret-${seed}-${drawn++}`)
  writeFileSync(path, `${secret}\n`, { mode: 0o600 })
  const descriptor = openSync(path, 'r')
  rmSync(path)
  try {
    return await work(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

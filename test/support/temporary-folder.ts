// Where does a test file keep its files, and who ends what it started?
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { stopAll } from './processes.js'

/** A folder that goes away with the test file, and everything that still runs with it. */
export function temporaryFolder(label: string): string {
  const folder = mkdtempSync(join(tmpdir(), `tercet-${label}-`))
  afterAll(async () => {
    await stopAll()
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

// Does the address outlive phone, operator and node? The demo of recovery, played and judged. (product, Promises 6 and 7)
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createQuietOutput } from '../demo/output.js'
import { tellRecovery } from '../demo/recovery-story.js'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tercet-recovery-story-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('every share is lost once, and everything is as claimed', async () => {
  const output = createQuietOutput()
  await tellRecovery(output, folder)
  expect(output.broken()).toEqual([])
  expect(output.claims()).toBeGreaterThanOrEqual(9)
}, 240_000)

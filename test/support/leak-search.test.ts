// Is a planted secret found in every spelling, wherever it lies, and nothing found where nothing is?
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ENCODINGS, spell } from './encodings.js'
import { filesBelow, searchLeaks } from './leak-search.js'

const secret = { name: 'planted', bytes: new Uint8Array(randomBytes(32)) }
const hint = Buffer.from(secret.bytes).toString('hex')
const noise = (length: number) => randomBytes(length)

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tercet-leaks-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(ENCODINGS)(`a secret (${hint}) as %s`, (encoding) => {
  const spelled = spell(secret.bytes, encoding)

  it('is found in memory', async () => {
    const bytes = Buffer.concat([noise(1001), spelled, noise(77)])
    const { findings } = await searchLeaks([secret], [{ name: 'memory', bytes }])
    expect(findings.map((finding) => finding.encoding)).toContain(encoding)
  })

  it('is found in a file, across the boundary of what is read at once', async () => {
    for (const before of [0, (1 << 20) - 5, (1 << 20) - Math.floor(spelled.length / 2), (1 << 20) + 3]) {
      const path = join(folder, 'file')
      writeFileSync(path, Buffer.concat([Buffer.alloc(before, 7), spelled, noise(3)]))
      const result = await searchLeaks([secret], [{ name: 'file', path }])
      expect(result.findings, `at ${before}`).not.toEqual([])
      expect(result.bytes).toBe(before + spelled.length + 3)
    }
  })

  it('is found when something stands between its halves', async () => {
    const middle = encoding === 'decimal' ? spelled.length >> 1 : Math.ceil(spelled.length / 2) + 1
    const bytes = Buffer.concat([spelled.subarray(0, middle), noise(40), spelled.subarray(middle)])
    const { findings } = await searchLeaks([secret], [{ name: 'cut', bytes }])
    expect(findings).not.toEqual([])
  })
})

it.each([1, 2, 3, 4, 5])('base64 of a longer value that holds a secret %i bytes in', async (before) => {
  const longer = Buffer.concat([noise(before), secret.bytes, noise(9)])
  for (const encoding of ['base64', 'base64url'] as const) {
    const { findings } = await searchLeaks(
      [secret],
      [{ name: 'text', bytes: Buffer.from(longer.toString(encoding)) }],
    )
    expect(findings.length, hint).toBeGreaterThan(0)
  }
})

it('finds nothing in noise, and lists all files below a folder', async () => {
  writeFileSync(join(folder, 'file'), noise(3_000_000))
  writeFileSync(join(folder, 'empty'), '')
  const places = await filesBelow(folder, 'data')
  expect(places.map(({ name }) => name)).toEqual(['data/empty', 'data/file'])
  const secrets = Array.from({ length: 12 }, (_, i) => ({ name: String(i), bytes: noise(32) }))
  const result = await searchLeaks(secrets, places)
  expect(result).toEqual({ findings: [], places: 2, bytes: 3_000_000 })
})

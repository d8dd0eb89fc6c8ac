// With logging at its most verbose: does any secret reach a file, an output or the wire? The demo's story, searched.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { newPlanted } from '../demo/leak-check.js'
import { createQuietOutput } from '../demo/output.js'
import { type Remains, tellStory } from '../demo/story.js'
import { ENCODINGS, spell } from '../support/encodings.js'
import { keySecrets } from '../support/key-secrets.js'
import { filesBelow, type Place, searchLeaks } from '../support/leak-search.js'

const planted = newPlanted()
const quiet = createQuietOutput()

let folder = ''
let remains: Remains
/** Every file that was there when the processes had ended. */
let left: Place[] = []
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tercet-leaks-'))
  const nodeArguments = ['--log-level', 'trace']
  remains = await tellStory(quiet, { folder, nodeArguments, planted: planted.text })
  left = await filesBelow(folder, '')
}, 180_000)
afterAll(() => rm(folder, { recursive: true, force: true }))

const named = (...names: string[]) =>
  remains.places.filter(({ name }) => names.some((wanted) => name.startsWith(wanted)))
const inClearByDesign = (place: Place) => 'path' in place && place.path.endsWith('wrapping.key')

it('everything in the flow was as claimed', () => {
  expect(quiet.broken()).toEqual([])
})

it('the search covers the files, outputs and wire of every party, and the node logged', () => {
  for (const name of ['node files', 'node files, after keygen', 'device files', 'recovery files']) {
    expect(named(name), name).not.toEqual([])
  }
  for (const name of ['node: stderr', 'device: stdout', 'recovery register: stdout', 'connection 1,']) {
    expect(named(name), name).not.toEqual([])
  }
  const logged = named('node: stderr').map((place) => ('bytes' in place ? place.bytes.length : 0))
  expect(Math.max(...logged)).toBeGreaterThan(1000)
})

it('a planted secret on the wire is found in every encoding', async () => {
  const { findings } = await searchLeaks([planted.secret], named('connection'))
  expect(new Set(findings.map(({ encoding }) => encoding))).toEqual(new Set(ENCODINGS))
})

it('no share, sub-share, key or recovery key occurs anywhere in clear', async () => {
  const { secrets, wrappingKey } = await keySecrets(remains.evidence)
  const names = secrets.map(({ name }) => name)
  const shares = ["the device's share", "the cosigner's share", 'the recovery share']
  for (const name of ['the key', ...shares, "the device's identity key", "the node's identity key"]) {
    expect(names).toContain(name)
  }
  const everywhere = await searchLeaks(secrets, remains.places)
  expect(everywhere.findings).toEqual([])
  expect(everywhere.bytes).toBeGreaterThan(500_000)
  const elsewhere = remains.places.filter((place) => !inClearByDesign(place))
  expect((await searchLeaks([wrappingKey], elsewhere)).findings).toEqual([])
  // The same search finds each of them where it is put, and what is there: the wrapping key in its own file.
  for (const { name, bytes } of secrets) {
    const { findings } = await searchLeaks(secrets, [{ name: 'put there', bytes: spell(bytes, 'decimal') }])
    expect(findings.map(({ secret }) => secret)).toEqual([name])
  }
  const own = await searchLeaks([wrappingKey], remains.places.filter(inClearByDesign))
  expect(own.findings.map(({ encoding }) => encoding)).toContain('base64url')
})

it('the temporary folder held nothing that was not searched', () => {
  const searched = new Set(remains.places.flatMap((place) => ('path' in place ? [place.path] : [])))
  const missed = left.filter((place) => !('path' in place) || !searched.has(place.path))
  expect(missed).toEqual([])
})

// Did anything get out? Planted secrets are found first; then the real ones are looked for everywhere.
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import { ENCODINGS, type Secret, spell } from '../support/encodings.js'
import { keySecrets } from '../support/key-secrets.js'
import { type Finding, type Place, searchLeaks } from '../support/leak-search.js'
import { run } from '../support/processes.js'
import type { Output } from './output.js'
import type { Remains } from './story.js'

/** A secret for the positive control, and what was sent over the wire of it. */
export interface Planted {
  readonly secret: Secret
  /** Every spelling, one a line. */
  readonly text: Uint8Array
}

export function newPlanted(): Planted {
  const secret = { name: 'planted', bytes: new Uint8Array(randomBytes(32)) }
  const lines = ENCODINGS.map((encoding) => Buffer.concat([spell(secret.bytes, encoding), Buffer.from('\n')]))
  return { secret, text: new Uint8Array(Buffer.concat(lines)) }
}

/** Searches what the story left. The planted secret is on the wire already; here it comes into a file and an output. */
export async function checkLeaks(
  output: Output,
  remains: Remains,
  planted: Planted,
  folder: string,
): Promise<void> {
  const control = await plantEverywhere(planted, folder)
  const places = [...remains.places, ...control]
  const found = await output.step('look for a planted secret first', () =>
    searchLeaks([planted.secret], places),
  )
  const kinds: [string, (place: string) => boolean][] = [
    ['a file', (place) => place.startsWith('planted file')],
    ['an output', (place) => place.startsWith('planted output')],
    ['the wire', (place) => place.startsWith('connection')],
  ]
  for (const [kind, isKind] of kinds) {
    const encodings = new Set(
      found.findings.filter(({ place }) => isKind(place)).map(({ encoding }) => encoding),
    )
    output.claim(
      `the planted secret was found in ${kind}, in ${encodings.size} of ${ENCODINGS.length} encodings`,
      ENCODINGS.every((encoding) => encodings.has(encoding)),
    )
  }
  const { secrets, wrappingKey } = await output.step(
    'open every store in the checker alone, and compute what must not be found',
    () => keySecrets(remains.evidence),
  )
  output.detail(
    `${secrets.length + 1} values: the key, all shares and sub-shares, both polynomials, the recovery key, ...`,
  )
  output.detail('each was checked against its public point')
  const result = await output.step('search all files, outputs and wire bytes for them', async () => {
    const all = await searchLeaks(secrets, remains.places)
    // The wrapping key stands in clear in its own file, and nowhere else.
    const own = (place: Place) => 'path' in place && place.path.endsWith('wrapping.key')
    const wrapping = await searchLeaks(
      [wrappingKey],
      remains.places.filter((place) => !own(place)),
    )
    return { ...all, findings: [...all.findings, ...wrapping.findings] }
  })
  const size = (result.bytes / 1e6).toFixed(1)
  output.detail(
    `${result.places} places, ${size} MB, ${ENCODINGS.length} encodings, ${remains.requests} HTTP requests`,
  )
  for (const finding of result.findings) output.detail(describe(finding))
  output.claim('the key occurs nowhere', none(result.findings, 'the key'))
  output.claim('no share, sub-share or recovery key occurs anywhere in clear', result.findings.length === 0)
}

/** The planted secret in a file and in what a process printed. */
async function plantEverywhere(planted: Planted, folder: string): Promise<Place[]> {
  const path = join(folder, 'planted')
  await writeFile(path, planted.text)
  const copy = `process.stdout.write(require('node:fs').readFileSync(${JSON.stringify(path)}))`
  const printer = await run('planted output', process.execPath, ['-e', copy])
  return [{ name: 'planted file', path }, ...printer.output()]
}

function none(findings: readonly Finding[], prefix: string): boolean {
  return !findings.some(({ secret }) => secret.startsWith(prefix))
}

function describe({ secret, encoding, place, offset }: Finding): string {
  return `FOUND ${secret} as ${encoding} in ${place} at byte ${offset}`
}

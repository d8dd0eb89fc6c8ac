// Does the specification list exactly what the code has: tags, messages, aborts, deviations, and every section that is cited?

import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { consequence } from '@tercet/protocol/errors'
import { type FieldSpec, MESSAGES, type MessageName, messageLength } from '@tercet/protocol/messages'
import { TAGS } from '@tercet/protocol/tags'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const protocol = join(root, 'packages/protocol/src')
const specification = readFileSync(join(root, 'packages/protocol/SPEC.md'), 'utf8')

/** The rows of the first table below a heading or line, as cells; the two rows of its head left out. */
function table(below: string): string[][] {
  const rest = specification.slice(specification.indexOf(below) + below.length)
  const lines = rest.slice(rest.indexOf('\n|') + 1).split('\n')
  const end = lines.findIndex((line) => !line.startsWith('|'))
  return lines.slice(2, end).map((line) => line.slice(2, -2).split(' | '))
}

const plain = (cell: string | undefined): string => (cell ?? '').replaceAll('`', '')

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)(dist|node_modules)\//.test(name))
    .map((name) => join(folder, name))
}

/** How the registry table writes a field. */
function written(field: FieldSpec): string {
  const each = field.count === 'batch' ? '·B' : ''
  const forms = {
    bytes: `${field.name}[${field.length}]${each}`,
    point: `${field.name} point${each}`,
    points: `${field.name} points`,
    scalar: `${field.name} scalar${each}`,
    scalars: `${field.name} scalars${each}`,
    variable: `${field.name} n<=${field.length}`,
    choice: `${field.name} choice: ${(field.values ?? []).join(', ')}`,
    counter: `${field.name} u64be`,
    batch: `${field.name} u32be`,
    extension: `${field.name}[U(B)]`,
  }
  return forms[field.type]
}

describe('the specification', () => {
  it('lists exactly the tags, in their order, and each once', () => {
    const listed = table('#### Tags').map(([tag]) => plain(tag))
    expect(listed).toEqual([...TAGS])
    expect(new Set(TAGS).size).toBe(TAGS.length)
  })

  it('lists exactly the messages with type, step, fields and length', () => {
    const expected = Object.entries(MESSAGES).map(([name, { type, step, direction, fields }]) => [
      name,
      type.toString(16).padStart(2, '0'),
      `${step} ${direction}`,
      fields.map(written).join('; '),
      String(messageLength(name as MessageName)),
    ])
    expect(table('#### Message registry').map((row) => row.map(plain))).toEqual(expected)
    expect(new Set(expected.map(([, type]) => type)).size).toBe(expected.length)
  })

  it('puts a variable field last and has one at most', () => {
    for (const { fields } of Object.values(MESSAGES)) {
      const at = fields.findIndex((field) => field.type === 'variable')
      expect(at === -1 || at === fields.length - 1).toBe(true)
    }
  })

  it('lists exactly the reasons of an abort with their classes', () => {
    const listed = table('which class a failure has').map(([reason, group]) => [plain(reason), plain(group)])
    expect(listed).toEqual(Object.entries(consequence))
  })

  it('lists exactly the deviations that the code marks', () => {
    const marked = sources(protocol)
      .filter((file) => !file.endsWith('.test.ts'))
      .flatMap((file) => {
        const count = readFileSync(file, 'utf8').split('Deviation:').length - 1
        return Array.from({ length: count }, () => relative(protocol, file))
      })
    const listed = table('## 12. Deviations').map(([file]) => plain(file))
    expect(listed.toSorted()).toEqual(marked.toSorted())
    expect(table('## 12. Deviations').every((row) => row.length === 4)).toBe(true)
  })

  it('has every section that a comment cites', () => {
    const folders = ['packages', 'signer-node', 'client-sdk', 'test'].map((name) => join(root, name))
    const cited = new Set<string>()
    for (const file of folders.flatMap(sources)) {
      for (const [, list = ''] of readFileSync(file, 'utf8').matchAll(
        /SPEC ((?:\d+(?:\.\d+)?(?:, | and | to )?)+)/g,
      ))
        for (const [section] of list.matchAll(/\d+(?:\.\d+)?/g)) cited.add(section)
    }
    expect(cited.size).toBeGreaterThan(20)
    const missing = [...cited].filter((section) => !hasSection(section))
    expect(missing).toEqual([])
    expect(hasSection('3.9')).toBe(false)
  })
})

function hasSection(section: string): boolean {
  const name = section.replaceAll('.', '\\.')
  return new RegExp(`^(#{2,3} ${name}\\.? |\\| ${name} \\|)`, 'm').test(specification)
}

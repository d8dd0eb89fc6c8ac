// Who may import whom? The whole repository is judged, and every rule is shown to catch a planted violation.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { checkArchitecture, type Rule } from './architecture/check.js'
import type { SourceFile } from './architecture/module-record.js'
import { packageRules } from './architecture/packages.js'
import { repositorySources } from './architecture/sources.js'

const root = fileURLToPath(new URL('..', import.meta.url))

describe('the repository', () => {
  const files = repositorySources(root)

  it('has source files of its packages to judge', () => {
    const begun = packageRules.filter(({ folder }) => existsSync(join(root, folder, 'package.json')))
    const without = begun.filter(({ folder }) => !files.some(({ path }) => path.startsWith(`${folder}/`)))
    expect(begun.length).toBeGreaterThan(0)
    expect(without.map(({ folder }) => folder)).toEqual([])
  })

  it('keeps the architecture', () => {
    expect(checkArchitecture(files)).toEqual([])
  })
})

const file = (path: string, text: string): SourceFile => ({ path, text })
const planted: [Rule, string, ...SourceFile[]][] = [
  ['import-table', 'protocol on wire', file('packages/protocol/src/a.ts', "import '@tercet/wire/codes'")],
  ['import-table', 'chains on wire', file('packages/chains/src/a.ts', "export { a } from '@tercet/wire/a'")],
  ['import-table', 'client on node', file('client-sdk/src/a.ts', "const a = import('@tercet/node/app')")],
  ['import-table', 'node on client', file('signer-node/src/a.ts', "import type { W } from '@tercet/client'")],
  ['import-table', 'a type', file('client-sdk/src/a.ts', "export type A = import('@tercet/node/app').A")],
  ['import-table', 'node on recovery', file('signer-node/src/a.ts', "import '@tercet/recovery/kit'")],
  ['internal', 'node', file('signer-node/src/a.ts', "import '@tercet/protocol/internal/secret'")],
  ['internal', 'a unit test', file('packages/wire/src/a.test.ts', "import '@tercet/protocol/internal/seal'")],
  ['server-only', 'hono', file('client-sdk/src/a.ts', "import { Hono } from 'hono'")],
  ['server-only', 'kysely', file('packages/wire/src/a.ts', "import { Kysely } from 'kysely'")],
  ['server-only', 'pino', file('packages/recovery/src/a.ts', "import { pino } from 'pino'")],
  ['server-only', 'a driver', file('packages/chains/src/a.ts', "import 'better-sqlite3'")],
  ['server-only', 'a subpath', file('client-sdk/src/a.ts', "import '@hono/node-server/serve-static'")],
  ['outside', 'viem in protocol', file('packages/protocol/src/a.ts', "import { keccak256 } from 'viem'")],
  ['node-module', 'protocol', file('packages/protocol/src/a.ts', "import { readFile } from 'node:fs'")],
  ['node-module', 'wire', file('packages/wire/src/a.ts', "import 'node:crypto'")],
  ['leaves-package', 'up', file('signer-node/src/a.ts', "import '../../packages/protocol/src/seal.js'")],
  ['leaves-package', 'absolute', file('packages/wire/src/a.ts', "import '/etc/a.js'")],
  ['leaves-package', 'dynamic', file('client-sdk/src/a.ts', "const a = import('../../test/a.js')")],
  ['computed-import', 'a variable', file('client-sdk/src/a.ts', 'const a = (b: string) => import(b)')],
  ['export-all', 'star', file('packages/wire/src/a.ts', "export * from './b.js'")],
  ['export-all', 'named star', file('packages/wire/src/a.ts', "export * as b from './b.js'")],
  ['default-export', 'a value', file('packages/wire/src/a.ts', 'export default 1')],
  [
    'default-export',
    'a renamed name',
    file('packages/wire/src/a.ts', 'const a = 1; export { a as default }'),
  ],
  [
    'cycle',
    'of three files',
    file('packages/wire/src/a.ts', "import './b.js'"),
    file('packages/wire/src/b.ts', "import type { C } from './c/c.js'; export type B = C"),
    file('packages/wire/src/c/c.ts', "export { a } from '../a.js'"),
  ],
  ['cycle', 'of one file', file('packages/wire/src/a.ts', "import './a.js'")],
]

describe('a planted violation is found', () => {
  it.each(planted)('%s: %s', (rule, _name, ...files) => {
    expect(checkArchitecture(files).map((violation) => violation.rule)).toEqual([rule])
  })

  it('in a file that does not parse', () => {
    expect(() => checkArchitecture([file('packages/wire/src/a.ts', 'import from from')])).toThrow(SyntaxError)
  })
})

describe('what is allowed passes', () => {
  it.each([
    file('packages/protocol/src/a.ts', "import { sha256 } from '@noble/hashes/sha2.js'; import './b.js'"),
    file('packages/protocol/src/a.test.ts', "import { it } from 'vitest'; import 'node:crypto'"),
    file('signer-node/src/a.ts', "import 'hono/cors'; import 'node:fs'; import '@tercet/chains/evm'"),
    file('test/adversary/a.test.ts', "import '@tercet/protocol/internal/secret'; import '../seeds.js'"),
    file('client-sdk/vite.config.ts', 'export default {}'),
  ])('$path: $text', (allowed) => {
    expect(checkArchitecture([allowed])).toEqual([])
  })
})

// Does a set of source files keep the architecture: import table, access to internals, cycles, exports?
import { posix } from 'node:path'
import { findCycles } from './cycles.js'
import { type ModuleRecord, moduleRecord, type SourceFile } from './module-record.js'
import { names, type PackageRule, packageOf, serverOnly } from './packages.js'

export type Rule =
  | 'import-table'
  | 'internal'
  | 'server-only'
  | 'outside'
  | 'node-module'
  | 'leaves-package'
  | 'computed-import'
  | 'export-all'
  | 'default-export'
  | 'cycle'

export type Violation = { readonly rule: Rule; readonly path: string; readonly detail: string }

/** Every violation in the given files, taken together (a cycle needs all its files). */
export function checkArchitecture(files: readonly SourceFile[]): Violation[] {
  const records = files.map(moduleRecord)
  const violations = records.flatMap(checkFile)
  for (const cycle of findCycles(records)) {
    violations.push({ rule: 'cycle', path: cycle[0] ?? '', detail: cycle.join(' -> ') })
  }
  return violations
}

function checkFile(record: ModuleRecord): Violation[] {
  const { path } = record
  const found: Violation[] = []
  const home = packageOf(path)
  if (home === undefined) return found
  const inTests = home.name === '@tercet/test'
  if (record.exportsAll) found.push({ rule: 'export-all', path, detail: 'export *' })
  if (record.exportsDefault && !path.endsWith('.config.ts')) {
    found.push({ rule: 'default-export', path, detail: 'export default' })
  }
  if (record.hasComputedImport && !inTests && !isTest(path)) {
    found.push({ rule: 'computed-import', path, detail: 'import() of a computed name' })
  }
  for (const specifier of record.imports) {
    const rule = brokenRule(path, specifier, home)
    if (rule !== undefined) found.push({ rule, path, detail: specifier })
  }
  return found
}

function brokenRule(path: string, specifier: string, home: PackageRule): Rule | undefined {
  const inTests = home.name === '@tercet/test'
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    const target = posix.join(posix.dirname(path), specifier)
    return target.startsWith(`${home.folder}/`) && specifier.startsWith('.') ? undefined : 'leaves-package'
  }
  if (specifier.startsWith('@tercet/')) {
    if (names(specifier, '@tercet/protocol/internal') && !inTests) return 'internal'
    return home.mayImport.some((name) => names(specifier, name)) ? undefined : 'import-table'
  }
  if (inTests) return undefined
  if (home.name !== '@tercet/node' && serverOnly.some((name) => names(specifier, name))) return 'server-only'
  // A unit test beside its file may use the test runner, Node, and a second opinion.
  if (isTest(path)) return undefined
  if (specifier.startsWith('node:')) return home.node ? undefined : 'node-module'
  if (home.outside !== undefined && !home.outside.some((name) => names(specifier, name))) return 'outside'
  return undefined
}

function isTest(path: string): boolean {
  return path.endsWith('.test.ts')
}

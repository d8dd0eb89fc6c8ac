// What does a source file import and export? Parsed with oxc, types and dynamic imports included.
import { parseSync, Visitor } from 'oxc-parser'

/** A source file under judgement: its path from the repository root, and its text. */
export type SourceFile = { readonly path: string; readonly text: string }

/** What the rules look at in one file. */
export type ModuleRecord = {
  readonly path: string
  /** Specifiers as written, of static, re-exporting, dynamic and type imports. */
  readonly imports: readonly string[]
  readonly hasComputedImport: boolean
  readonly exportsAll: boolean
  readonly exportsDefault: boolean
}

/** Parses a file. Throws when it is not TypeScript: an unreadable file must not pass as a clean one. */
export function moduleRecord(file: SourceFile): ModuleRecord {
  const { module, program, errors } = parseSync(file.path, file.text)
  const [error] = errors
  if (error !== undefined) throw new SyntaxError(`${file.path}: ${error.message}`)
  const imports = module.staticImports.map((entry) => entry.moduleRequest.value)
  const exported = module.staticExports.flatMap((statement) => statement.entries)
  for (const entry of exported) if (entry.moduleRequest) imports.push(entry.moduleRequest.value)
  let hasComputedImport = false
  const add = (source: { type: string; value?: unknown }) => {
    if (source.type === 'Literal' && typeof source.value === 'string') imports.push(source.value)
    else hasComputedImport = true
  }
  new Visitor({
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
  }).visit(program)
  return {
    path: file.path,
    imports,
    hasComputedImport,
    exportsAll: exported.some(({ importName: { kind } }) => kind === 'AllButDefault' || kind === 'All'),
    exportsDefault: exported.some(
      ({ exportName }) => exportName.kind === 'Default' || exportName.name === 'default',
    ),
  }
}

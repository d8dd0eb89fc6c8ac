// Which source files does the repository have?
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { SourceFile } from './module-record.js'
import { packageRules } from './packages.js'

const skipped = new Set(['node_modules', 'dist', 'coverage', '.tercet'])

/** Every TypeScript file of every package under `root`, with paths from `root` and forward slashes. */
export function repositorySources(root: string): SourceFile[] {
  return packageRules
    .flatMap(({ folder }) => filesUnder(join(root, folder)))
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => ({
      path: relative(root, file).split(sep).join('/'),
      text: readFileSync(file, 'utf8'),
    }))
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (skipped.has(entry.name)) return []
    const path = join(folder, entry.name)
    return entry.isDirectory() ? filesUnder(path) : [path]
  })
}

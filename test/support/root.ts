// Where is the repository, whether this runs from source or as built?
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function findRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package-lock.json'))) return folder
    if (folder === dirname(folder)) throw new Error('not inside the repository')
  }
}

/** The repository's folder. */
export const root = findRoot()

/** A built file, by its path in the repository. Throws if it was not built. */
export function built(path: string): string {
  const file = join(root, path)
  if (!existsSync(file)) throw new Error(`${path} is missing: run \`npm run build\``)
  return file
}

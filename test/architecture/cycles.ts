// Which relative imports form a cycle? (type imports count: a cycle of types is a cycle of ideas)
import { posix } from 'node:path'
import type { ModuleRecord } from './module-record.js'

/** Empty exactly when no files import each other; a cycle is the list of paths that closes on itself. */
export function findCycles(records: readonly ModuleRecord[]): string[][] {
  const graph = new Map(records.map((record) => [record.path, relativeTargets(record)]))
  const done = new Set<string>()
  const trail: string[] = []
  const cycles: string[][] = []
  const visit = (path: string) => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path])
    if (start >= 0 || done.has(path)) return
    trail.push(path)
    for (const target of graph.get(path) ?? []) visit(target)
    trail.pop()
    done.add(path)
  }
  for (const path of graph.keys()) visit(path)
  return cycles
}

function relativeTargets({ path, imports }: ModuleRecord): string[] {
  return imports
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier).replace(/\.js(x?)$/, '.ts$1'))
}

// Does a piece of the README compile and run in a given project, as an application's own code would?
import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const timeout = 170_000

/**
 * Makes the built programs of these package folders callable by name in `project`, as an installed package's are:
 * in a fresh clone they are built after the installation, which therefore neither links nor marks them.
 */
export function linkPrograms(project: string, folders: readonly string[]): void {
  mkdirSync(join(project, 'programs'))
  for (const folder of folders) {
    const { bin = {} } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest
    for (const [name, file] of Object.entries(bin)) {
      const link = join(project, 'programs', name)
      writeFileSync(link, `#!/bin/sh\nexec '${process.execPath}' '${join(root, folder, file)}' "$@"\n`)
      chmodSync(link, 0o755)
    }
  }
}

interface Manifest {
  readonly bin?: Readonly<Record<string, string>>
}

/** Runs a shell block in `project`; the empty string, or what went wrong. */
export function runShell(project: string, code: string): string {
  return run(project, 'sh', ['-ec', code])
}

/** Compiles a TypeScript block in `project` without the `source` condition and runs it; as `runShell`. */
export function compileAndRun(project: string, name: string, code: string): string {
  writeFileSync(join(project, `${name}.ts`), code)
  const flags = '--strict --target es2022 --lib es2022,dom --module nodenext --skipLibCheck --types node'
  const types = ['--typeRoots', join(root, 'node_modules/@types')]
  const compiled = run(project, 'tsc', [...flags.split(' '), ...types, '--outDir', 'out', `${name}.ts`])
  return compiled || run(project, process.execPath, [join('out', `${name}.js`)])
}

function run(project: string, command: string, args: string[]): string {
  // The project's own programs come first; from here come only the compiler and what the caller has.
  const folders = [
    join(project, 'programs'),
    join(project, 'node_modules/.bin'),
    join(root, 'node_modules/.bin'),
  ]
  const path = [...folders, process.env['PATH'] ?? ''].join(':')
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    timeout,
  })
  return status === 0 ? '' : `${command}: ${signal ?? `exit ${status}`}\n${stdout}\n${stderr}`
}

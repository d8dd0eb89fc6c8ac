// Does a piece of the README compile and run in a given project, as an application's own code would?
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const timeout = 170_000

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
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
  const { status, signal, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    timeout,
  })
  return status === 0 ? '' : `${command}: ${signal ?? `exit ${status}`}\n${stdout}\n${stderr}`
}

// Which steps does each task have, and which of them failed?
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { runDeep } from './deep.mjs'
import { root } from './install.mjs'

/** Vitest's JSON reports, one a task; they are what `.ci/run` adds up. */
const reports = join(root, '.tercet/reports')

const tool = (name, ...args) => ({ command: join(root, 'node_modules/.bin', name), args })
const program = (file, args) => ({ command: process.execPath, args: [join(root, file), ...args] })
const vitest = (report, projects, args) =>
  tool(
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${join(reports, `${report}.json`)}`,
    ...projects.map((project) => `--project=${project}`),
    ...args,
  )

const build = { name: 'build', ...tool('tsc', '-b') }

const tasks = {
  build: (args) => [{ name: 'build', ...tool('tsc', '-b', ...args) }],
  demo: (args) => [build, { name: 'demo', ...program('test/dist/demo/main.js', args) }],
  bench: (args) => [build, { name: 'bench', ...program('test/dist/bench/main.js', args) }],
  test: (args) => [build, { name: 'tests', ...vitest('test', ['unit', 'e2e'], args) }],
  'test:system': (args) => [
    build,
    { name: 'system tests', ...vitest('system', ['system'], args) },
    // One after the other: the first measure how quick things are.
    { name: 'long tests', ...vitest('long', ['long-unit', 'long-e2e'], ['--passWithNoTests', ...args]) },
  ],
  'test:deep': (args) => [build, { name: 'deep tests', run: () => runDeep(args) }],
  format: (args) => [{ name: 'format', ...tool('biome', 'check', '--write', ...args) }],
  verify: () => [...checks, { name: 'tests', ...vitest('test', ['unit', 'e2e'], []) }],
  // What `verify` asks beyond the tests, for a run that has had the tests already.
  'verify:static': () => checks,
}

const checks = [
  build,
  { name: 'types of unit tests', ...tool('tsc', '-p', 'test/tsconfig.units.json') },
  { name: 'type programs', ...tool('tsc', '-p', 'test/types/tsconfig.json') },
  { name: 'lint', ...tool('biome', 'lint', '--error-on-warnings') },
  { name: 'format', ...tool('biome', 'format') },
  { name: 'unused code', ...tool('knip') },
  {
    name: 'architecture',
    ...vitest('architecture', ['unit'], ['test/architecture.test.ts', 'test/lock.test.ts']),
  },
  { name: 'README code blocks', ...vitest('readme', ['e2e'], ['test/e2e/readme.test.ts']) },
  { name: 'bundle size', ...vitest('bundle', ['e2e'], ['test/e2e/bundle-size.test.ts']) },
]

/** Runs a task's steps; the exit code of the process. `verify` goes on after a failure and names every one. */
export async function runTask(task, args) {
  const steps = tasks[task]?.(args)
  if (steps === undefined) {
    process.stderr.write(`Unknown task "${task}". Tasks: ${Object.keys(tasks).join(', ')}.\n`)
    return 2
  }
  mkdirSync(reports, { recursive: true })
  return task.startsWith('verify') ? await runAll(steps) : await runInOrder(steps)
}

async function runInOrder(steps) {
  for (const step of steps) {
    const code = await (step.run ?? run)(step)
    if (code !== 0) return code
  }
  return 0
}

async function runAll(steps) {
  const failed = []
  for (const step of steps) {
    process.stdout.write(`\nverify: ${step.name}\n`)
    if ((await run(step)) !== 0) failed.push(step.name)
  }
  writeFileSync(
    join(reports, 'verify.json'),
    JSON.stringify({
      numPassedTests: steps.length - failed.length,
      numFailedTests: failed.length,
      numPendingTests: 0,
    }),
  )
  process.stdout.write(`\nverify: ${steps.length - failed.length} of ${steps.length} steps passed\n`)
  for (const name of failed) process.stdout.write(`verify: FAILED ${name}\n`)
  return failed.length === 0 ? 0 : 1
}

function run({ command, args }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
    // The terminal signals the child as well; waiting for it lets it clean up before we leave.
    const ignore = () => {}
    process.on('SIGINT', ignore)
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`)
      resolve(127)
    })
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore)
      resolve(code ?? 128 + (constants.signals[signal] ?? 0))
    })
  })
}

// How do the deep suites go on where a run that was broken off stopped?
import { spawn, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, relative } from 'node:path'
import process from 'node:process'
import { root } from './install.mjs'

const record = join(root, '.tercet/deep.json')
const folders = ['test/properties', 'test/adversary', 'test/simulation', 'test/deep']

/** A file of suites is run by itself, and kept once it has passed: the unit of resuming is the file. */
export async function runDeep(args) {
  const files = suites().filter((file) => args.length === 0 || args.some((arg) => file.includes(arg)))
  const state = resume(sourceState())
  const seed = state.seed
  process.stdout.write(`deep: ${files.length} files, seed ${seed}\n`)
  const failed = []
  const queue = [...files]
  const worker = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const done = state.passed[file]
      if (done !== undefined) {
        process.stdout.write(`${done.join('\n')}\ndeep: ${file} passed before, with this source\n`)
        continue
      }
      const { code, summaries } = await run(file, seed)
      if (code === 0) {
        state.passed[file] = summaries
        writeFileSync(record, JSON.stringify(state, null, 2))
      } else failed.push(file)
    }
  }
  await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))
  for (const file of failed) process.stdout.write(`deep: FAILED ${file} (TERCET_SEED=${seed})\n`)
  process.stdout.write(`deep: ${files.length - failed.length} of ${files.length} files passed\n`)
  return failed.length === 0 ? 0 : 1
}

function suites() {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)),
    )
    .filter((file) => file.endsWith('.test.ts'))
    .sort()
}

/** What was run is named by the commit and by what differs from it; other source starts anew. */
function sourceState() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' }).stdout ?? ''
  const text = git('rev-parse', 'HEAD') + git('diff', 'HEAD') + git('status', '--porcelain')
  return createHash('sha256').update(text).digest('hex')
}

function resume(source) {
  mkdirSync(join(root, '.tercet'), { recursive: true })
  const wanted = process.env['TERCET_SEED']
  if (existsSync(record)) {
    const state = JSON.parse(readFileSync(record, 'utf8'))
    if (state.source === source && (wanted === undefined || wanted === state.seed)) return state
  }
  return { source, seed: wanted ?? randomBytes(8).toString('hex'), passed: {} }
}

function run(file, seed) {
  return new Promise((resolve) => {
    const args = ['run', '--project=deep', file]
    const child = spawn(join(root, 'node_modules/.bin/vitest'), args, {
      cwd: root,
      env: { ...process.env, TERCET_SEED: seed },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.on('data', (data) => {
      output += data
    })
    child.on('error', () => resolve({ code: 127, summaries: [] }))
    child.on('close', (code) => {
      const summaries = output.split('\n').filter((line) => line.startsWith('{"suite":'))
      process.stdout.write(code === 0 ? `${summaries.join('\n')}\n` : output)
      process.stdout.write(`deep: ${relative(root, join(root, file))} ${code === 0 ? 'passed' : 'FAILED'}\n`)
      resolve({ code: code ?? 1, summaries })
    })
  })
}

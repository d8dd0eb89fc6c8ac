// Do the packed packages work where nothing of this repository is? In an empty Node project, and in a page's bundle.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { markedBlocks } from '../readme/code-blocks.js'
import { compileAndRun } from '../readme/run-block.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const folders = [
  'packages/protocol',
  'packages/wire',
  'packages/chains',
  'packages/recovery',
  'signer-node',
  'client-sdk',
]

type Manifest = {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  readonly bin?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

const read = (path: string) => readFileSync(path, 'utf8')
const manifest = (folder: string) => JSON.parse(read(join(root, folder, 'package.json'))) as Manifest
const packages = folders
  .filter((folder) => existsSync(join(root, folder, 'package.json')))
  .map((folder) => ({ folder, ...manifest(folder) }))

/** A package's modules: those an application can import, or those only this repository's tests can. */
function subpaths(pack: Manifest, wanted: 'public' | 'internal'): string[] {
  return Object.entries(pack.exports ?? {})
    .filter(([, target]) => typeof target !== 'string' && 'default' in target === (wanted === 'public'))
    .map(([path]) => join(pack.name, path))
}

function run(cwd: string, command: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}\n${stderr}`)
  return stdout
}

let project = ''
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'tercet-pack-'))
  const tarballs = packages.map(({ folder, name, version }) => {
    run(join(root, folder), 'npm', 'pack', '--pack-destination', project)
    return `./${name.slice(1).replace('/', '-')}-${version}.tgz`
  })
  const peers = packages.flatMap((pack) => Object.entries(pack.peerDependencies ?? {}))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  const wanted = [...tarballs, ...peers.map(([name, range]) => `${name}@${range}`)]
  run(project, 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...wanted)
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

describe.each(packages)('$name', (pack) => {
  const installed = () => join(project, 'node_modules', pack.name)

  it('carries the licence, no source and no test', () => {
    expect(read(join(installed(), 'LICENSE'))).toBe(read(join(root, 'LICENSE')))
    expect(existsSync(join(installed(), 'src'))).toBe(false)
    expect(run(installed(), 'find', '.', '-name', '*.test.*', '-not', '-path', './node_modules/*')).toBe('')
  })

  it('has every public subpath imported', () => {
    for (const path of subpaths(pack, 'public')) {
      run(project, process.execPath, '--input-type=module', '-e', `await import(${JSON.stringify(path)})`)
    }
  })

  it('has no internal subpath imported', () => {
    for (const path of subpaths(pack, 'internal')) {
      const code = `await import(${JSON.stringify(path)})`
      expect(() => run(project, process.execPath, '--input-type=module', '-e', code)).toThrow(
        'ERR_PACKAGE_PATH_NOT_EXPORTED',
      )
    }
  })
})

it.each(packages.flatMap(({ bin }) => Object.keys(bin ?? {})))('the program %s starts', (program) => {
  expect(run(project, join(project, 'node_modules/.bin', program), '--help')).toContain(program)
})

describe("the README's TypeScript", () => {
  for (const { language, line, code } of markedBlocks(read(join(root, 'README.md')))) {
    if (language !== 'ts') continue
    it(`of line ${line} runs with the packed packages`, () => {
      expect(compileAndRun(project, `line${line}`, code)).toBe('')
    })
  }

  it('is judged against what is installed', () => {
    const code = "import { DEVICE } from '@tercet/protocol/party'\nconst wrong: string = DEVICE\n"
    expect(compileAndRun(project, 'wrong', code)).toContain('TS2322')
  })
})

it('a blank Vite app builds with the client', () => {
  writeFileSync(join(project, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>')
  writeFileSync(
    join(project, 'main.js'),
    "import { Wallet } from '@tercet/client'\ndocument.title = typeof Wallet.create\n",
  )
  // Only the bundler comes from here; everything it bundles is installed in the project.
  symlinkSync(join(root, 'node_modules/vite'), join(project, 'node_modules/vite'))
  const built = run(project, process.execPath, join(root, 'node_modules/vite/bin/vite.js'), 'build')
  expect(built).toContain('dist/index.html')
})

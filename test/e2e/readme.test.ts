// Is every marked code block of the README true? TypeScript is compiled against the built packages and run.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { markedBlocks } from './code-blocks.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const blocks = markedBlocks(readFileSync(join(root, 'README.md'), 'utf8'))
const timeout = 180_000

/** A project that sees the packages as an installed application would: no `source` condition. */
let project = ''
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'tercet-readme-'))
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  mkdirSync(join(project, 'out'))
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

function run(command: string, args: string[]): string {
  const path = `${join(root, 'node_modules/.bin')}:${process.env['PATH'] ?? ''}`
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: project,
    env: { ...process.env, PATH: path },
    encoding: 'utf8',
    timeout: timeout - 5_000,
  })
  return status === 0 ? '' : `exit ${status}\n${stdout}\n${stderr}`
}

function compileAndRun(name: string, code: string): string {
  writeFileSync(join(project, `${name}.ts`), code)
  const flags = '--strict --target es2022 --lib es2022,dom --module nodenext --skipLibCheck --types node'
  const compiled = run('tsc', [...flags.split(' '), '--rootDir', '.', '--outDir', 'out', `${name}.ts`])
  return compiled || run(process.execPath, [join('out', `${name}.js`)])
}

describe('README', () => {
  it('has its marked blocks found', () => {
    const text = 'a\n```ts run\nlet a\n```\n```ts\nlet b\n```\n```sh run\ntrue\n```\n'
    expect(markedBlocks(text)).toEqual([
      { language: 'ts', line: 2, code: 'let a' },
      { language: 'sh', line: 8, code: 'true' },
    ])
    expect(() => markedBlocks('```ts run\nlet a\n')).toThrow('never ends')
  })

  it('a block that does not compile, or fails, is found', { timeout }, () => {
    expect(compileAndRun('wrong', "export const a: number = 'a'")).toContain('TS2322')
    expect(compileAndRun('failing', "throw new Error('planted')")).toContain('planted')
    expect(
      compileAndRun(
        'right',
        "import { DEVICE } from '@tercet/protocol/party'\nif (DEVICE !== 1) throw DEVICE",
      ),
    ).toBe('')
  })

  for (const { language, line, code } of blocks) {
    it(`line ${line}: the ${language} block works`, { timeout }, () => {
      const failure = language === 'ts' ? compileAndRun(`line${line}`, code) : run('sh', ['-ec', code])
      expect(failure).toBe('')
    })
  }
})

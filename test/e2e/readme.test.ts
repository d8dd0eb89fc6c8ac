// Is every marked code block of the README true? TypeScript is compiled against the built packages and run.
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { markedBlocks } from '../readme/code-blocks.js'
import { compileAndRun, linkPrograms, runShell } from '../readme/run-block.js'

const root = fileURLToPath(new URL('../..', import.meta.url))
const blocks = markedBlocks(readFileSync(join(root, 'README.md'), 'utf8'))
const timeout = 360_000

let project = ''
beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'tercet-readme-'))
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'))
  writeFileSync(join(project, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  linkPrograms(project, ['signer-node', 'packages/recovery'])
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

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
    const right = "import { DEVICE } from '@tercet/protocol/party'\nif (DEVICE !== 1) throw DEVICE"
    expect(compileAndRun(project, 'wrong', "export const a: number = 'a'")).toContain('TS2322')
    expect(compileAndRun(project, 'failing', "throw new Error('planted')")).toContain('planted')
    expect(compileAndRun(project, 'right', right)).toBe('')
    expect(runShell(project, 'false\ntrue')).toContain('exit 1')
  })

  for (const { language, line, code } of blocks) {
    it(`line ${line}: the ${language} block works`, { timeout }, () => {
      const failure =
        language === 'ts' ? compileAndRun(project, `line${line}`, code) : runShell(project, code)
      expect(failure).toBe('')
    })
  }
})

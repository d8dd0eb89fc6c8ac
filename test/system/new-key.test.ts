// What does a person see who makes a recovery key at a terminal? The words once, a question about them, nothing else kept. (product, Recovery key)

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.js'

const folder = temporaryFolder('new-key')
const typeBack = fileURLToPath(new URL('../python/type_back.py', import.meta.url))
const program = fileURLToPath(new URL('../../packages/recovery/dist/main.js', import.meta.url))

interface Session {
  readonly code: number
  readonly screen: string
  readonly report: string
  readonly echoed: boolean
  readonly asked: number
}

function atTerminal(mode: 'right' | 'wrong', ...options: readonly string[]): Session {
  const command = [typeBack, mode, process.execPath, program, '--json', 'new-key', ...options]
  return JSON.parse(execFileSync('python3', command, { encoding: 'utf8' })) as Session
}

function wordsOn(screen: string): string[] {
  const rows = screen.split('\n').filter((line) => /^[ \d]\d [a-z]/.test(line))
  return rows.flatMap((row) => row.match(/[a-z]+/g) ?? [])
}

describe('a recovery key made at a terminal', () => {
  it('is shown once, confirmed by typing words back without echo, and kept encrypted where asked', () => {
    const out = join(folder, 'kept.key')
    const { code, screen, report, echoed, asked } = atTerminal('right', '--out', out)
    const words = wordsOn(screen)
    expect({ code, echoed, asked }).toEqual({ code: 0, echoed: false, asked: 5 })
    expect(words).toHaveLength(24)
    const said = JSON.parse(report) as { publicKey: string; confirmed: boolean }
    expect(said.confirmed).toBe(true)
    expect(report).not.toContain(words[0] as string)
    const kept = readFileSync(out, 'utf8')
    expect(words.filter((word) => word.length > 4 && kept.includes(word))).toEqual([])
    const again = execFileSync(process.execPath, [program, '--json', 'show-public', '--phrase-fd', '0'], {
      encoding: 'utf8',
      input: words.join(' '),
    })
    expect(JSON.parse(again)).toMatchObject({ publicKey: said.publicKey })
  })

  it('is kept nowhere when the words are not typed back, however often', () => {
    const out = join(folder, 'lost.key')
    const { code, report } = atTerminal('wrong', '--out', out)
    expect(code).toBe(3)
    expect(JSON.parse(report)).toMatchObject({ ok: false, reason: 'not-confirmed' })
    expect(existsSync(out)).toBe(false)
  })
})

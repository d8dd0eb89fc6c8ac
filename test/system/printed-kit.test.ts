// Can a person read a printed kit back from paper? The page as it is rendered, its words and its square code. (product, Recovery kit)

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { kitAddress, verifyKit } from '@tercet/recovery/kit-verification'
import { parseCanonical } from '@tercet/wire/canonical-json'
import { decodeQR } from 'qr/decode.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { sealed } from '../support/kits/documents.js'
import { goodKits } from '../support/kits/make.js'
import { built, root } from '../support/root.js'
import { suite } from '../support/suite.js'
import { temporaryFolder } from '../support/temporary-folder.js'

const { random, count } = suite('printed kit')
const folder = temporaryFolder('printed-kit')
const program = built('packages/recovery/dist/main.js')
/** Dots per inch of a poor copy, and of a good one. */
const RESOLUTIONS = [96, 150, 300]

interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

function run(command: string, args: readonly string[]): Buffer {
  const { status, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 2 ** 28 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr.toString()}`)
  return stdout
}

/** The first page as grey dots. */
function rendered(pdf: string, resolution: number): Picture {
  const file = run('pdftoppm', ['-gray', '-r', String(resolution), '-f', '1', '-l', '1', pdf])
  const header = /^P5\s+(\d+)\s+(\d+)\s+255\s/.exec(file.subarray(0, 64).toString('latin1'))
  if (header === null) throw new Error('pdftoppm: no grey picture')
  const [width, height] = [Number(header[1]), Number(header[2])]
  const dots = file.subarray(header[0].length)
  const data = new Uint8Array(width * height * 4).fill(255)
  for (let i = 0; i < width * height; i++) data.fill(dots[i] as number, i * 4, i * 4 + 3)
  return { width, height, data }
}

const read = (picture: Picture): string => decodeQR(picture, { timeLimit: 10_000 })
const words = (pdf: string): string => run('pdftotext', ['-layout', pdf, '-']).toString()

/** A kit's file and its print, made by the program. */
function printed(name: string, bytes: Uint8Array) {
  const [kit, pdf] = [join(folder, `${name}.json`), join(folder, `${name}.pdf`)]
  writeFileSync(kit, bytes)
  run(process.execPath, [program, 'print', kit, '--out', pdf])
  return { bytes, pdf }
}

async function expectedCode(bytes: Uint8Array) {
  const { kit, walletId, epoch, fingerprint } = await verifyKit(bytes)
  return {
    type: 'tercet-kit',
    walletId,
    address: kitAddress(kit),
    epoch: String(epoch),
    fingerprint: Buffer.from(fingerprint).toString('base64url'),
    sha256: createHash('sha256').update(bytes).digest('base64url'),
  }
}

let prints: { readonly bytes: Uint8Array; readonly pdf: string }[] = []
beforeAll(() => {
  const stored = Uint8Array.from(readFileSync(join(root, 'test/compat/v1/kit.canonical')))
  const made = goodKits(random('kits'), 2, 2).map(({ document }) => sealed(document))
  prints = [stored, ...made].map((bytes, i) => printed(String(i), bytes))
})

describe('a printed kit', () => {
  it.each(RESOLUTIONS)('is read back from the rendered page at %d dots per inch', async (resolution) => {
    for (const { bytes, pdf } of prints) {
      const text = read(rendered(pdf, resolution))
      const code = parseCanonical(new TextEncoder().encode(text), 'code')
      expect(code).toEqual(await expectedCode(bytes))
      count()
    }
  })

  it('shows the same values in words', async () => {
    for (const { bytes, pdf } of prints) {
      const text = words(pdf)
      const { address, walletId, fingerprint, sha256 } = await expectedCode(bytes)
      for (const value of [address, walletId, fingerprint, sha256]) expect(text).toContain(value)
    }
  })

  it('is another page for another kit, and none where the code is painted over (positive control)', () => {
    const [first, second] = prints.map(({ pdf }) => rendered(pdf, 150)) as [Picture, Picture]
    expect(read(first)).not.toBe(read(second))
    const painted = first.data.map((dot, i) => (i > first.data.length / 6 ? dot : 255))
    expect(() => decodeQR({ ...first, data: painted }, { timeLimit: 500 })).toThrow()
  })

  it('names only commands and options that the program has', () => {
    const typed =
      words(prints[0]?.pdf as string).match(/tercet-recovery [a-z-]+ KIT[^\n]*(\n +--[^\n]*)*/g) ?? []
    expect(typed.length).toBeGreaterThanOrEqual(4)
    for (const line of typed) {
      const command = line.split(' ')[1] as string
      const help = run(process.execPath, [program, command, '--help']).toString()
      expect(help).toContain(`tercet-recovery ${command}`)
      for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(help, line).toContain(option)
    }
  })
})

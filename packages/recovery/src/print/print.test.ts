// Does the printed kit say what the kit says, in words and in its square code, and the same every time?
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inflateSync } from 'node:zlib'
import { parseCanonical } from '@tercet/wire/canonical-json'
import { decodeQR } from 'qr/decode.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type ConsistentKit, verifyKit } from '../kit-verification.js'
import { codeModules, codeText, kitCode } from './code.js'
import { print } from './command.js'
import { printKit } from './page.js'
import { printable, wrap } from './sheet.js'

const stored = new URL('../../../../test/compat/v1/kit.canonical', import.meta.url)
const bytes = Uint8Array.from(readFileSync(stored))
const folder = mkdtempSync(join(tmpdir(), 'tercet-print-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let found: ConsistentKit
beforeAll(async () => {
  found = await verifyKit(bytes)
})

/** A picture of the modules, with the white border that a reader needs. */
function picture(modules: readonly (readonly boolean[])[], scale = 3) {
  const side = (modules.length + 8) * scale
  const data = new Uint8Array(side * side * 4).fill(255)
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dark = modules[Math.floor(y / scale) - 4]?.[Math.floor(x / scale) - 4] === true
      if (dark) data.fill(0, (y * side + x) * 4, (y * side + x) * 4 + 3)
    }
  }
  return { width: side, height: side, data }
}

/** The words that the PDF's pages draw. */
function textOf(pdf: Uint8Array): string {
  const file = Buffer.from(pdf)
  const streams = [...file.toString('latin1').matchAll(/stream\r?\n/g)].map(({ index, 0: { length } }) => {
    const from = index + length
    try {
      return inflateSync(file.subarray(from, file.indexOf('endstream', from))).toString('latin1')
    } catch {
      return ''
    }
  })
  const drawn = [...streams.join('\n').matchAll(/<([0-9A-F]*)> Tj/g)]
  return drawn.map(([, hex]) => Buffer.from(hex ?? '', 'hex').toString('latin1')).join(' ')
}

describe('a printed kit', () => {
  it('has a square code that reads as wallet id, address, epoch, fingerprint and the hash of the file', () => {
    const text = codeText(kitCode(found, bytes))
    const read = decodeQR(picture(codeModules(text)), { timeLimit: 5000 })
    expect(read).toBe(text)
    expect(parseCanonical(new TextEncoder().encode(read), 'code')).toEqual({
      type: 'tercet-kit',
      walletId: found.walletId,
      address: expect.stringMatching(/^0x[0-9a-fA-F]{40}$/),
      epoch: '0',
      fingerprint: Buffer.from(found.fingerprint).toString('base64url'),
      sha256: createHash('sha256').update(bytes).digest('base64url'),
    })
  })

  it('cannot be read when its code is damaged beyond repair (positive control)', () => {
    const modules = codeModules(codeText(kitCode(found, bytes)))
    const torn = modules.map((row, y) => row.map((dark, x) => (x > 20 && y > 20 ? (x + y) % 2 === 0 : dark)))
    expect(() => decodeQR(picture(torn), { timeLimit: 200 })).toThrow()
  })

  it('says every public part, and the steps, in words', async () => {
    const text = textOf(await printKit(found, bytes))
    const { address, walletId, fingerprint, sha256 } = kitCode(found, bytes)
    for (const part of [address, walletId, fingerprint, sha256, 'https://cosigner.example'])
      expect(text).toContain(part)
    for (const step of ['verify', 'drill', 'recover', 'exit'])
      expect(text).toContain(`tercet-recovery ${step} KIT`)
  })

  it('is the same bytes every time, with no date in it', async () => {
    const pdf = await printKit(found, bytes)
    expect(await printKit(found, bytes)).toEqual(pdf)
    expect(Buffer.from(pdf).toString('latin1')).not.toMatch(/D:\d{4}|CreationDate|ModDate/)
  })

  it('takes any address of a node, and puts none into a line to type', async () => {
    const steps = (text: string) => text.slice(text.indexOf('What to do'))
    const plain = textOf(await printKit(found, bytes))
    for (const address of ['https://x.example/$(reboot)', 'https://€.example', '', 'x'.repeat(1024)]) {
      const kit = { ...found.kit, node: { ...found.kit.node, address } }
      const text = textOf(await printKit({ ...found, kit, node: address }, bytes))
      expect(text).toContain(`Address of the node ${printable(address).slice(0, 20)}`)
      expect(steps(text)).toBe(steps(plain))
    }
  })

  it('is written to a new file of its owner', async () => {
    const [kit, out] = [join(folder, 'kit.json'), join(folder, 'kit.pdf')]
    writeFileSync(kit, bytes)
    const { document } = await print(kit, { out })
    expect(document).toMatchObject({ printed: out, address: kitCode(found, bytes).address })
    expect(readFileSync(out).subarray(0, 5).toString()).toBe('%PDF-')
    expect(statSync(out).mode & 0o777).toBe(0o600)
    await expect(print(kit, { out })).rejects.toMatchObject({ exit: 'file' })
  })

  it('is not made of a damaged kit', async () => {
    const [kit, out] = [join(folder, 'bad.json'), join(folder, 'bad.pdf')]
    writeFileSync(
      kit,
      bytes.map((byte, i) => (i === 1000 ? byte ^ 1 : byte)),
    )
    await expect(print(kit, { out })).rejects.toMatchObject({ exit: 'failed' })
    expect(() => statSync(out)).toThrow()
  })
})

describe('its lines', () => {
  it('break at blanks, and inside a word that fits no line', () => {
    const fits = (line: string) => line.length <= 5
    expect(wrap('ab cd efgh ijklmnopq r', fits)).toEqual(['ab cd', 'efgh', 'ijklm', 'nopq', 'r'])
    expect(wrap('', fits)).toEqual([''])
  })

  it('hold nothing that the fonts have not', () => {
    expect(printable('a€𝄞\n~')).toBe('a\\u{20ac}\\u{1d11e}\\u{a}~')
  })
})

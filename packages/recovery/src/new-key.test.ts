// Are recovery keys made, kept and read again as they must be?
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodePoint } from '@tercet/protocol/curve'
import { recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { toBase64url } from '@tercet/wire/base64url'
import { generateIdentity } from '@tercet/wire/identity'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newKey, register, showPublic } from './new-key.js'
import { phraseToSeed, seedToPhrase } from './phrase.js'
import { encodeKeyFile, KeyFileError, openKeyFile } from './recovery-key-file.js'
import { LIGHT, random, seed, withSecret } from './testing/secrets.js'

let folder = ''
let device = ''
const file = (name: string) => join(folder, name)
const text = (report: { document: Readonly<Record<string, unknown>> }, name: string) =>
  String(report.document[name])

beforeAll(async () => {
  device = toBase64url((await generateIdentity()).publicIdentity)
  folder = mkdtempSync(join(tmpdir(), 'tercet-recovery-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe(`new recovery keys (seed ${seed})`, () => {
  it('are kept encrypted, in a file that is its owner’s alone and opens with its passphrase only', async () => {
    const made = await withSecret('correct horse', (passphraseFd) =>
      newKey({ out: file('a.key'), showPhrase: true, passphraseFd }),
    )
    expect(statSync(file('a.key')).mode & 0o777).toBe(0o600)
    expect(text(await showPublic({ key: file('a.key') }), 'publicKey')).toBe(text(made, 'publicKey'))
    const bytes = readFileSync(file('a.key'))
    const kept = await openKeyFile(bytes, 'correct horse')
    expect(phraseToSeed(text(made, 'phrase'))).toEqual(kept)
    for (const spelling of [toBase64url(kept), Buffer.from(kept).toString('hex')])
      expect(bytes.includes(spelling)).toBe(false)
    await expect(
      withSecret('battery', (passphraseFd) => register(device, { key: file('a.key'), passphraseFd })),
    ).rejects.toMatchObject({ exit: 'passphrase', details: { reason: 'wrong-passphrase' } })
    const again = withSecret('x', (passphraseFd) => newKey({ out: file('a.key'), passphraseFd }))
    await expect(again).rejects.toMatchObject({ exit: 'file' })
  })

  it('are the same from the same words or bytes, and written nowhere unless asked', async () => {
    const made = await newKey({ showPhrase: true })
    const phrase = text(made, 'phrase')
    const again = await withSecret(phrase, (phraseFd) => newKey({ phraseFd }))
    const shown = await withSecret(phrase, (phraseFd) => showPublic({ phraseFd }))
    const bytes = toBase64url(phraseToSeed(phrase) ?? new Uint8Array())
    const fromBytes = await withSecret(bytes, (bytesFd) => newKey({ bytesFd }))
    for (const report of [again, shown, fromBytes])
      expect(text(report, 'publicKey')).toBe(text(made, 'publicKey'))
    expect(made.document['encrypted']).toBe(false)
    expect(phraseToSeed(seedToPhrase(random(32)).replace(/^\w+/, 'zoo zoo'))).toBeUndefined()
  })

  it('are not made where they would be lost, or from what is no phrase', async () => {
    await expect(newKey({})).rejects.toMatchObject({ exit: 'usage' })
    await expect(withSecret('zoo zoo', (phraseFd) => newKey({ phraseFd }))).rejects.toMatchObject({
      exit: 'passphrase',
      details: { reason: 'not-a-phrase' },
    })
    await expect(withSecret('AAAA', (bytesFd) => newKey({ bytesFd }))).rejects.toMatchObject({
      details: { reason: 'not-a-seed' },
    })
  })
})

describe(`a key file that was changed (seed ${seed})`, () => {
  it('never opens', async () => {
    const good = await encodeKeyFile(random(32), 'correct horse', random, LIGHT)
    expect(await openKeyFile(good, 'correct horse')).toHaveLength(32)
    for (let at = 0; at < good.length - 1; at++) {
      const bad = good.slice()
      bad[at] = (bad[at] ?? 0) ^ 1
      await expect(openKeyFile(bad, 'correct horse'), `byte ${at}`).rejects.toThrow(KeyFileError)
    }
    await expect(openKeyFile(good, undefined)).rejects.toMatchObject({ code: 'passphrase-needed' })
  })
  it('is read where an earlier version wrote it in clear', async () => {
    const kept = random(32)
    const publicKey = toBase64url(encodePoint(recoveryKeyFromSeed(kept).publicKey))
    const document = { kind: 'tercet-recovery-key', publicKey, seed: toBase64url(kept), version: 1 }
    const bytes = new TextEncoder().encode(JSON.stringify(document))
    expect(await openKeyFile(bytes, undefined)).toEqual(kept)
  })
})

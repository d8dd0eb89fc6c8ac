// Do the commands say yes to a right kit, and the right no to every other? One real key generation.
import { createHash, randomBytes } from 'node:crypto'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodePoint } from '@tercet/protocol/curve'
import { answer, confirm, deal, finish, open, start } from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { generateIdentity, type Identity, signTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drill, newKey, register, showPublic, verify } from './commands.js'
import { KitRefused, verifyKit } from './kit-verification.js'
import { phraseToSeed, seedToPhrase } from './phrase.js'
import { encodeKeyFile, KeyFileError, openKeyFile } from './recovery-key-file.js'

const seed = randomBytes(8).toString('hex')
let counter = 0
const random = (length: number) => {
  const bytes = createHash('shake256', { outputLength: length }).update(`${seed}/${counter++}`).digest()
  return new Uint8Array(bytes)
}
const light = { memoryKiB: 64, passes: 1 }

let folder = ''
let device: Identity
let cosigner: Identity
let kit: Kit
const file = (name: string) => join(folder, name)
const text = (report: { document: Readonly<Record<string, unknown>> }, name: string) =>
  String(report.document[name])

/** Writes the passphrase to a file and gives its descriptor, as a shell's `3<file` does. */
async function withPassphrase<T>(passphrase: string, work: (descriptor: number) => Promise<T>): Promise<T> {
  const path = file(`passphrase-${counter++}`)
  writeFileSync(path, `${passphrase}\n`)
  const descriptor = openSync(path, 'r')
  try {
    return await work(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

async function makeKit(publicKey: string, proof: string): Promise<Kit> {
  const parties = { idDevice: device.publicIdentity, idCosigner: cosigner.publicIdentity }
  const policyHash = random(32)
  const recovery = {
    recoveryKey: decodePoint(fromBase64url(publicKey, 'K'), 'K'),
    recoveryProof: fromBase64url(proof, 'proof'),
  }
  const d1 = start({ parties, ...recovery, policyHash }, random)
  const c1 = answer({ parties, policyHash }, decodeMessage('keygen.req1', d1.send), random)
  const d2 = open(d1.state, decodeMessage('keygen.res1', c1.send), random)
  const c2 = deal(c1.state, decodeMessage('keygen.req2', d2.send), random)
  const byCosigner = await signTagged(cosigner, 'sig/tr', 'cosigner', c2.keyId, c2.transcript)
  const res2 = encodeMessage('keygen.res2', { ...c2.send, signature: byCosigner })
  const d3 = finish(d2.state, decodeMessage('keygen.res2', res2), random)
  const byDevice = await signTagged(device, 'sig/tr', 'device', c2.keyId, c2.transcript)
  confirm(
    c2.state,
    decodeMessage('keygen.req3', encodeMessage('keygen.req3', { ...d3.send, signature: byDevice })),
  )
  const address = 'https://node.example'
  return {
    record: d3.key.record,
    signatures: { device: byDevice, cosigner: byCosigner },
    node: { address, signature: await signTagged(cosigner, 'sig/node', c2.keyId, address) },
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tercet-recovery-'))
  device = await generateIdentity()
  cosigner = await generateIdentity()
  await newKey({ out: file('plain.key'), plain: true, showPhrase: false, fromPhrase: false })
  const registration = await register(file('plain.key'), toBase64url(device.publicIdentity), undefined)
  kit = await makeKit(text(registration, 'publicKey'), text(registration, 'proof'))
  writeFileSync(file('kit.json'), encodeKit(kit))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe(`the program's commands (seed ${seed})`, () => {
  it('make an encrypted key file, its owner’s alone, that opens with its passphrase only', async () => {
    const made = await withPassphrase('correct horse', (passphraseFd) =>
      newKey({ out: file('a.key'), plain: false, showPhrase: true, fromPhrase: false, passphraseFd }),
    )
    expect(statSync(file('a.key')).mode & 0o777).toBe(0o600)
    expect(text(showPublic(file('a.key')), 'publicKey')).toBe(text(made, 'publicKey'))
    const bytes = readFileSync(file('a.key'))
    const kept = await openKeyFile(bytes, 'correct horse')
    expect(phraseToSeed(text(made, 'phrase'))).toEqual(kept)
    for (const spelling of [toBase64url(kept), Buffer.from(kept).toString('hex')])
      expect(bytes.includes(spelling)).toBe(false)
    const idD = toBase64url(device.publicIdentity)
    await expect(
      withPassphrase('battery', (descriptor) => register(file('a.key'), idD, descriptor)),
    ).rejects.toMatchObject({ exit: 'passphrase', details: { reason: 'wrong-passphrase' } })
    const again = withPassphrase('x', (passphraseFd) =>
      newKey({ out: file('a.key'), plain: false, showPhrase: false, fromPhrase: false, passphraseFd }),
    )
    await expect(again).rejects.toMatchObject({ exit: 'file' })
  })

  it('make the same key from its 24 words', async () => {
    const first = await newKey({ out: file('b.key'), plain: true, showPhrase: true, fromPhrase: false })
    const second = await withPassphrase(text(first, 'phrase'), (phraseFd) =>
      newKey({ out: file('c.key'), plain: true, showPhrase: false, fromPhrase: true, phraseFd }),
    )
    expect(text(second, 'publicKey')).toBe(text(first, 'publicKey'))
    expect(phraseToSeed(seedToPhrase(random(32)).replace(/^\w+/, 'zoo zoo'))).toBeUndefined()
  })

  it('verify: consistent alone, valid when key, recovery key and both parties were compared', async () => {
    const alone = await verify(file('kit.json'), {})
    expect(alone.document['verdict']).toBe('consistent')
    const address = text(alone, 'address')
    const known = {
      address,
      key: file('plain.key'),
      device: toBase64url(device.publicIdentity),
      node: toBase64url(cosigner.publicIdentity),
    }
    expect((await verify(file('kit.json'), known)).document['verdict']).toBe('valid for this wallet')
    const brief = { address, fingerprint: text(alone, 'fingerprint') }
    expect((await verify(file('kit.json'), brief)).document['verdict']).toBe('valid for this wallet')
    expect((await verify(file('kit.json'), { address })).document['verdict']).toBe('consistent')
    const other = { ...known, node: known.device }
    await expect(verify(file('kit.json'), other)).rejects.toMatchObject({
      exit: 'failed',
      details: { different: ['cosigner'] },
    })
  })

  it('drill with the right key, and say when it is another one', async () => {
    const passed = await drill(file('kit.json'), file('plain.key'), undefined)
    expect(passed.document['drill']).toBe('passed')
    await newKey({ out: file('other.key'), plain: true, showPhrase: false, fromPhrase: false })
    await expect(drill(file('kit.json'), file('other.key'), undefined)).rejects.toMatchObject({
      details: { reason: 'other-recovery-key' },
    })
  })
})

describe(`a kit that was changed (seed ${seed})`, () => {
  const flip = (bytes: Uint8Array, at = 5) => {
    const changed = bytes.slice()
    changed[at] = (changed[at] ?? 0) ^ 1
    return changed
  }
  it.each<[string, (good: Kit) => Kit]>([
    [
      'device-signature',
      (k) => ({ ...k, signatures: { ...k.signatures, device: flip(k.signatures.device) } }),
    ],
    [
      'cosigner-signature',
      (k) => ({ ...k, signatures: { ...k.signatures, cosigner: flip(k.signatures.cosigner) } }),
    ],
    ['address-signature', (k) => ({ ...k, node: { ...k.node, address: 'https://elsewhere.example' } })],
    ['record', (k) => ({ ...k, record: { ...k.record, transcript: flip(k.record.transcript) } })],
    [
      'record',
      (k) => ({
        ...k,
        record: { ...k.record, encryptions: [flip(k.record.encryptions[0], 200), k.record.encryptions[1]] },
      }),
    ],
  ])('is refused: %s', async (reason, change) => {
    await expect(verifyKit(encodeKit(change(kit)))).rejects.toMatchObject({ reason })
  })

  it('is refused whichever byte of the file was flipped', async () => {
    const good = encodeKit(kit)
    expect(decodeKit(good)).toEqual(kit)
    for (let i = 0; i < 40; i++) {
      const at = new DataView(random(4).buffer).getUint32(0) % good.length
      await expect(verifyKit(flip(good, at))).rejects.toThrow(KitRefused)
    }
  })
})

describe(`a key file that was changed (seed ${seed})`, () => {
  it('never opens', async () => {
    const good = await encodeKeyFile(random(32), 'correct horse', random, light)
    expect(await openKeyFile(good, 'correct horse')).toHaveLength(32)
    for (let at = 0; at < good.length - 1; at++) {
      const bad = good.slice()
      bad[at] = (bad[at] ?? 0) ^ 1
      await expect(openKeyFile(bad, 'correct horse'), `byte ${at}`).rejects.toThrow(KeyFileError)
    }
    await expect(openKeyFile(good, undefined)).rejects.toMatchObject({ code: 'passphrase-needed' })
  })
})

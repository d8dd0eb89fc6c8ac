// Do both carriers hand over what was sent, in order, and say clearly when they cannot?
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateIdentity, type Identity } from '@tercet/wire/identity'
import { encodeFrame, type FrameType } from '@tercet/wire/link'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderLink } from './folder.js'
import { loopbackLink } from './loopback.js'

let folder = ''
let identity: Identity
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tercet-link-'))
  identity = await generateIdentity()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const frame = (step: number, type: FrameType) =>
  encodeFrame(identity, {
    session: new Uint8Array(16),
    to: identity.publicIdentity,
    step,
    type,
    previous: new Uint8Array(32),
    body: new Uint8Array(20),
  })

describe('a folder', () => {
  it('hands over whole files, each once, in the order of their steps, and never its own', async () => {
    const path = join(folder, 'a')
    const link = await folderLink(path)
    const [first, second, third] = [
      await frame(1, 'request'),
      await frame(2, 'ot.res1'),
      await frame(3, 'ot.req2'),
    ]
    await link.send(second)
    expect(readdirSync(path)).toEqual(['02-ot.res1.json'])
    expect(statSync(join(path, '02-ot.res1.json')).mode & 0o777).toBe(0o600)
    writeFileSync(join(path, '03-ot.req2.json'), third)
    writeFileSync(join(path, '01-request.json'), first)
    writeFileSync(join(path, 'notes.json'), '{}')
    expect(await link.receive()).toEqual(first)
    expect(await link.receive()).toEqual(third)
    await expect(link.receive(AbortSignal.timeout(400))).rejects.toThrow()
  })

  it('reads a file again that was copied in two halves, and waits while it is away', async () => {
    const path = join(folder, 'b')
    const link = await folderLink(path)
    const whole = await frame(1, 'request')
    writeFileSync(join(path, '01-request.json'), whole.subarray(0, 50))
    expect(await link.receive()).toHaveLength(50)
    rmSync(path, { recursive: true })
    const waiting = link.receive()
    await new Promise((resolve) => setTimeout(resolve, 300))
    mkdirSync(path)
    writeFileSync(join(path, '01-request.json'), whole)
    expect(await waiting).toEqual(whole)
    await link.close()
    await expect(link.receive()).rejects.toMatchObject({ code: 'closed' })
  })

  it('of an earlier session is refused', async () => {
    const path = join(folder, 'c')
    mkdirSync(path)
    writeFileSync(join(path, '02-ot.res1.json'), 'x')
    await expect(folderLink(path)).rejects.toMatchObject({ code: 'carrier' })
    writeFileSync(join(folder, 'd'), 'a file')
    await expect(folderLink(join(folder, 'd'))).rejects.toMatchObject({ code: 'carrier' })
  })
})

describe('loopback HTTP', () => {
  it('takes frames and gives frames under its code alone', async () => {
    const link = await loopbackLink()
    const post = (url: string, body: Uint8Array) => fetch(url, { method: 'POST', body: new Uint8Array(body) })
    expect((await post(link.url, Uint8Array.of(1))).status).toBe(204)
    expect(await link.receive()).toEqual(Uint8Array.of(1))
    const other = `${link.url.slice(0, -1)}${link.url.endsWith('A') ? 'B' : 'A'}`
    for (const url of [other, new URL('/', link.url).href]) {
      expect((await post(url, Uint8Array.of(2))).status).toBe(404)
      expect((await fetch(`${url}?from=0`)).status).toBe(404)
    }
    // A page that has the code may speak, another learns nothing.
    const preflight = (url: string) =>
      fetch(url, { method: 'OPTIONS', headers: { origin: 'https://wallet.example' } })
    expect((await preflight(link.url)).headers.get('access-control-allow-origin')).toBe('*')
    expect((await preflight(other)).headers.get('access-control-allow-origin')).toBeNull()
    const asked = fetch(`${link.url}?from=0`)
    await link.send(Uint8Array.of(3))
    expect(new Uint8Array(await (await asked).arrayBuffer())).toEqual(Uint8Array.of(3))
    expect((await post(link.url, new Uint8Array(262_145))).status).toBe(413)
    await expect(link.receive(AbortSignal.timeout(100))).rejects.toThrow()
    await link.close()
    await expect(fetch(link.url)).rejects.toThrow()
  })

  it('waits at its end until the last frame was fetched', async () => {
    const link = await loopbackLink()
    await link.send(Uint8Array.of(9))
    const closed = link.close()
    await new Promise((resolve) => setTimeout(resolve, 200))
    const answer = await fetch(`${link.url}?from=0`)
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(Uint8Array.of(9))
    await closed
    await expect(link.receive()).rejects.toMatchObject({ code: 'closed' })
  })
})

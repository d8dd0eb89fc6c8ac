// Does a conversation take every frame of the other side once, in order, and nothing else?
import { beforeAll, describe, expect, it } from 'vitest'
import { toBase64url } from './base64url.js'
import { canonicalize, parseCanonical } from './canonical-json.js'
import { Conversation, type Link } from './conversation.js'
import { generateIdentity, type Identity } from './identity.js'
import { decodeFrame, encodeFrame, FRAME_TYPES, frameFileName, stepOfFileName, verifyFrame } from './link.js'

let device: Identity
let recovery: Identity
let stranger: Identity
const session = new Uint8Array(16).fill(7)
const zero = new Uint8Array(32)
const text = (value: string) => new TextEncoder().encode(value)

beforeAll(async () => {
  ;[device, recovery, stranger] = await Promise.all([
    generateIdentity(),
    generateIdentity(),
    generateIdentity(),
  ])
})

/** A link in memory whose one end a test can also feed by hand. */
function wire() {
  const ends = [0, 1].map(() => ({ waiting: [] as Uint8Array[], wake: () => {} }))
  const link = (own: number): Link => ({
    async send(frame) {
      ends[1 - own]?.waiting.push(frame)
      ends[1 - own]?.wake()
    },
    async receive(signal) {
      const end = ends[own]
      for (;;) {
        const frame = end?.waiting.shift()
        if (frame !== undefined) return frame
        await new Promise<void>((resolve, reject) => {
          if (end !== undefined) end.wake = resolve
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
        })
      }
    },
    async close() {},
  })
  return { left: link(0), right: link(1), queue: (end: number) => ends[end]?.waiting ?? [] }
}

function pair(timeoutMilliseconds = 2000) {
  const { left, right, queue } = wire()
  const D = new Conversation({
    link: left,
    identity: device,
    peer: recovery.publicIdentity,
    session,
    timeoutMilliseconds,
  })
  const V = new Conversation({
    link: right,
    identity: recovery,
    peer: device.publicIdentity,
    timeoutMilliseconds,
  })
  return { D, V, toV: queue(1), toD: queue(0) }
}

describe('a frame', () => {
  it('is read from its canonical bytes alone, and names its file', async () => {
    const fields = { session, to: recovery.publicIdentity, step: 3, type: 'ot.req2', previous: zero } as const
    const bytes = await encodeFrame(device, { ...fields, body: text('body') })
    const frame = decodeFrame(bytes)
    expect(frame).toMatchObject({ ...fields, from: device.publicIdentity, body: text('body') })
    expect(await verifyFrame(frame)).toBe(true)
    expect(frameFileName(bytes)).toBe('03-ot.req2.json')
    for (const type of FRAME_TYPES) expect(stepOfFileName(`12-${type}.json`)).toBe(12)
    for (const name of ['12-other.json', '.12-ack.json', '12-ack.json.part', '1-ack.json'])
      expect(stepOfFileName(name)).toBeUndefined()
    expect(() => decodeFrame(text(` ${new TextDecoder().decode(bytes)}`))).toThrow('malformed: frame')
  })

  it('no longer verifies when any of its members was changed', async () => {
    const fields = { session, to: recovery.publicIdentity, step: 1, type: 'request', previous: zero } as const
    const bytes = await encodeFrame(device, { ...fields, body: text('body') })
    const document = parseCanonical(bytes, 'frame') as Record<string, string | number>
    const somebody = toBase64url(stranger.publicIdentity)
    const other = { session: 'A'.repeat(22), from: somebody, to: somebody, step: 2 }
    const changes = { ...other, type: 'ack', previous: `${'A'.repeat(42)}E`, body: 'AAAA' }
    for (const [name, value] of Object.entries(changes)) {
      const changed = decodeFrame(canonicalize({ ...document, [name]: value }))
      expect(await verifyFrame(changed), name).toBe(false)
    }
  })
})

describe('a conversation', () => {
  it('carries frames both ways', async () => {
    const { D, V } = pair()
    await D.send('request', text('one'))
    expect(await V.receive('request', 'assemble')).toEqual({ type: 'request', body: text('one') })
    expect(V.session).toEqual(session)
    const asked = D.ask('ot.req1', text('three'), 'ot.res1')
    await V.receive('ot.req1')
    await V.send('ot.res1', text('four'))
    expect(await asked).toEqual(text('four'))
  })

  it('drops what is damaged, foreign, repeated, early or of another session, and goes on', async () => {
    const { D, V, toV } = pair()
    await D.send('request', text('one'))
    const first = toV[0] as Uint8Array
    const frame = decodeFrame(first)
    const to = recovery.publicIdentity
    const { step, type, previous, body } = frame
    await V.receive('request')
    toV.push(
      text('{}'),
      first,
      await encodeFrame(stranger, { session, to, step: 2, type, previous, body }),
      await encodeFrame(device, { session, to: stranger.publicIdentity, step: 2, type, previous, body }),
      await encodeFrame(device, { session, to, step: step + 1, type, previous, body }),
      await encodeFrame(device, { session: zero.slice(16), to, step: 2, type, previous, body }),
    )
    await D.send('ot.req1', text('two'))
    expect((await V.receive('ot.req1')).body).toEqual(text('two'))
    await expect(pair(50).V.receive('request')).rejects.toMatchObject({ code: 'timeout' })
  })

  it('says at the end of its patience what it dropped', async () => {
    const { D, V, toV } = pair(100)
    await D.send('request', text('one'))
    toV.push(toV[0] as Uint8Array)
    await V.receive('request')
    await expect(V.receive('ot.req1')).rejects.toThrow('dropped: 1 repeated or out of order')
  })

  it('ends with the reason that the other side gives, also when that crossed a frame of ours', async () => {
    const { D, V } = pair()
    await D.send('request', text('one'))
    await V.receive('request')
    await V.send('ot.res1', text('two'))
    await D.stop('aborted')
    await expect(V.receive('ot.req2')).rejects.toMatchObject({ code: 'stopped', reason: 'aborted' })
    await expect(V.send('ot.res1', text('x'))).rejects.toMatchObject({ code: 'closed' })
  })

  it('ends when the other side is elsewhere, and when the caller says so', async () => {
    const { D, V } = pair()
    await D.send('request', text('one'))
    await expect(V.receive('assemble')).rejects.toMatchObject({ code: 'unexpected' })
    await expect(D.receive('ot.res1')).rejects.toMatchObject({ code: 'stopped', reason: 'unexpected' })
    const controller = new AbortController()
    const { left } = wire()
    const options = { link: left, identity: device, peer: recovery.publicIdentity, session }
    const waiting = new Conversation({ ...options, timeoutMilliseconds: 5000, signal: controller.signal })
    const heard = waiting.receive('ot.res1')
    controller.abort()
    await expect(heard).rejects.toMatchObject({ code: 'aborted' })
  })
})

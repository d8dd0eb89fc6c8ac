import { expect, test } from 'vitest'
import { declaredLength, type Lengths, readBody as readDeclared } from './body.js'

const read = async (request: Request, lengths: Lengths, reserve: (length: number) => void) =>
  readDeclared(request, declaredLength(request, lengths), reserve)
const upTo = (most: number) => ({ most, isPossible: (length: number) => length <= most })
const readBody = (request: Request, cap: number) => read(request, upTo(cap), () => undefined)

function post(body: Uint8Array | ReadableStream, length?: string): Request {
  const headers = length === undefined ? {} : { 'content-length': length }
  return new Request('http://node/', { method: 'POST', body, headers, duplex: 'half' } as RequestInit)
}

test('reads exactly what was declared', async () => {
  expect(await readBody(post(Uint8Array.of(1, 2, 3), '3'), 3)).toEqual(Uint8Array.of(1, 2, 3))
  expect(await readBody(post(new Uint8Array(0), '0'), 3)).toEqual(new Uint8Array(0))
})

test('a length beyond the cap is refused before the body is touched', async () => {
  let pulled = 0
  const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
  await expect(readBody(post(body, '4'), 3)).rejects.toMatchObject({ code: 'too-large' })
  expect(pulled).toBe(0)
})

test('a length that no message of this kind has is refused before the body is touched', async () => {
  let pulled = 0
  const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 })
  const lengths = { most: 9, isPossible: (length: number) => length === 9 || length === 5 }
  await expect(read(post(body, '6'), lengths, () => undefined)).rejects.toMatchObject({ code: 'malformed' })
  expect(pulled).toBe(0)
})

test('no length, a foreign length, an understated and an overstated one are refused', async () => {
  for (const length of [undefined, '', '-1', '3x', '1e9', '9999999999']) {
    await expect(readBody(post(Uint8Array.of(1), length), 3)).rejects.toMatchObject({ code: 'malformed' })
  }
  await expect(readBody(post(Uint8Array.of(1, 2, 3), '2'), 3)).rejects.toMatchObject({ code: 'too-large' })
  await expect(readBody(post(Uint8Array.of(1), '2'), 3)).rejects.toMatchObject({ code: 'malformed' })
})

test('a budget is asked for what arrives, not for what was declared', async () => {
  const asked: number[] = []
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(Uint8Array.of(1, 2))
      controller.error(new Error('gone'))
    },
  })
  const reserve = (length: number) => void asked.push(length)
  await expect(read(post(body, '900'), upTo(1000), reserve)).rejects.toMatchObject({ code: 'malformed' })
  expect(asked.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(2)
  const refuse = () => {
    throw new Error('no room')
  }
  await expect(read(post(Uint8Array.of(1), '1'), upTo(3), refuse)).rejects.toThrow('no room')
})

test('a sender that goes away in the middle is malformed, not a bug', async () => {
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error('gone'))
    },
  })
  await expect(readBody(post(body, '3'), 3)).rejects.toMatchObject({ code: 'malformed', field: 'body' })
})

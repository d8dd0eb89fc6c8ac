import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, test } from 'vitest'
import { CODES, type Code, isCode } from './codes.js'
import { encodeProblem, parseProblem, problem } from './problem.js'

const codes = Object.keys(CODES) as Code[]
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const valid = { type: 'about:blank', title: 'busy', status: 503, code: 'busy' }

describe('codes', () => {
  test('the table is the agreed one', () => {
    const byStatus: Record<number, string[]> = {}
    for (const code of codes) {
      const { status } = CODES[code]
      byStatus[status] = [...(byStatus[status] ?? []), code]
    }
    expect(byStatus).toEqual({
      400: ['malformed'],
      413: ['too-large'],
      401: ['unauthenticated', 'replayed', 'clock'],
      403: ['denied', 'approval-required', 'delayed'],
      404: ['not-found', 'unknown-session', 'unknown-presignature'],
      409: ['conflict', 'mismatch', 'expired', 'burned', 'locked'],
      422: ['peer-fault'],
      429: ['rate-limited'],
      500: ['bug'],
      503: ['busy', 'storage'],
    })
  })

  test('inherited names are no codes', () => {
    for (const name of ['toString', '__proto__', 'constructor', '']) expect(isCode(name)).toBe(false)
  })
})

describe('problem', () => {
  test.each(codes)('%s comes back', (code) => {
    const value = problem(code, {
      field: 'request.path',
      id: 'a1',
      retryAfterSeconds: 2,
      time: 1_700_000_000,
    })
    expect(parseProblem(encodeProblem(value))).toEqual(value)
    expect(parseProblem(encodeProblem(problem(code)))).toEqual({ code })
  })

  test.each([
    ['an unknown code', { ...valid, code: 'teapot' }],
    ['an inherited name as code', { ...valid, code: 'toString' }],
    ['another status', { ...valid, status: 500 }],
    ['another title', { ...valid, title: 'fine' }],
    ['a foreign member', { ...valid, stack: 'x' }],
    ['a wrong type', { ...valid, time: '1' }],
    ['a negative pause', { ...valid, retryAfterSeconds: -1 }],
    ['a list', [valid]],
    ['too much', { ...valid, field: 'x'.repeat(5000) }],
  ])('refuses %s', (_, value) => {
    expect(() => parseProblem(bytes(value))).toThrow(Malformed)
  })

  test('refuses what is no JSON', () => {
    expect(() => parseProblem(new TextEncoder().encode('<html>'))).toThrow(Malformed)
  })
})

import { Malformed } from '@tercet/protocol/errors'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64url, toBase64url } from './base64url.js'

describe('base64url', () => {
  test("agrees with Node's own encoder and comes back", () => {
    void fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const text = toBase64url(bytes)
        expect(text).toBe(Buffer.from(bytes).toString('base64url'))
        expect(fromBase64url(text, 'x', bytes.length)).toEqual(bytes)
      }),
      { numRuns: 500 },
    )
  })

  test.each([
    ['padding', 'AA=='],
    ['the other alphabet', 'ab+/'],
    ['white space', 'AA A'],
    ['a letter outside ASCII', 'AAé'],
    ['unused bits set', 'AB'],
    ['unused bits set, two bytes', 'AAB'],
    ['an impossible length', 'AAAAA'],
  ])('refuses %s', (_, text) => {
    expect(() => fromBase64url(text, 'some.field')).toThrow(new Malformed('some.field'))
  })

  test('refuses another length', () => {
    expect(() => fromBase64url('AAAA', 'f', 2)).toThrow(Malformed)
    expect(() => fromBase64url('AAAA', 'f', 4)).toThrow(Malformed)
  })
})

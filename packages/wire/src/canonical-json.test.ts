// Vectors: RFC 8785 sections 3.2.2 to 3.2.4 and appendix B.
import { Malformed } from '@tercet/protocol/errors'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalize, type Json, parseCanonical } from './canonical-json.js'

const utf8 = (text: string) => new TextEncoder().encode(text)
const write = (value: Json) => new TextDecoder().decode(canonicalize(value))

function fromBits(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE(0)
}

describe('canonicalize', () => {
  test('RFC 8785 3.2.4: literals, numbers, escapes', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    const expected =
      '7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a' +
      '5b3333333333333333332e333333333333332c31652b33302c342e352c302e3030322c31652d32375d' +
      '2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f227d'
    expect(Buffer.from(canonicalize(JSON.parse(input))).toString('hex')).toBe(expected)
  })

  test('RFC 8785 3.2.3: keys by UTF-16 code units', () => {
    const input = String.raw`{"\u20ac":"Euro Sign","\r":"Carriage Return",
      "\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\ud83d\ude00":"Emoji: Grinning Face",
      "\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis"}`
    const values = [...write(JSON.parse(input)).matchAll(/:"([^"]+)"/g)].map((match) => match[1])
    expect(values).toEqual([
      'Carriage Return',
      'One',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ])
  })

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('RFC 8785 appendix B: %s is %s', (bits, text) => {
    expect(write(fromBits(bits))).toBe(text)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '\ud800', { '\udc00': 1 }, ['\ud83d']])(
    'refuses what JSON cannot hold (%#)',
    (value) => {
      expect(() => canonicalize(value as Json)).toThrow(Malformed)
    },
  )

  test('refuses undefined members and endless nesting', () => {
    expect(() => canonicalize({ a: undefined } as never)).toThrow(Malformed)
    const loop: unknown[] = []
    loop.push(loop)
    expect(() => canonicalize(loop as Json)).toThrow(Malformed)
  })
})

describe('parseCanonical', () => {
  test('reads back what canonicalize writes', () => {
    const value = { a: [1, 'x', null, { b: true }], é: 'ü', z: -5 }
    expect(parseCanonical(canonicalize(value), 'f')).toEqual(value)
  })

  test.each([
    ['white space', '{"a": 1}'],
    ['trailing newline', '{"a":1}\n'],
    ['trailing bytes', '{"a":1}x'],
    ['a byte order mark', '\ufeff{"a":1}'],
    ['key order', '{"b":1,"a":2}'],
    ['duplicate keys', '{"a":1,"a":1}'],
    ['duplicate keys, another value', '{"a":1,"a":2}'],
    ['an escaped letter', '{"\\u0061":1}'],
    ['an escaped slash', '"\\/"'],
    ['an exponent', '1e2'],
    ['a trailing zero', '1.0'],
    ['a fraction', '1.5'],
    ['minus zero', '-0'],
    ['an unsafe integer', '9007199254740992'],
    ['an integer that rounds', '9007199254740993'],
    ['a lone surrogate', '"\\ud800"'],
    ['a prototype key', '{"__proto__":{"a":1}}'],
    ['nothing', ''],
    ['no JSON', 'undefined'],
  ])('refuses %s', (_, text) => {
    expect(() => parseCanonical(utf8(text), 'doc')).toThrow(/^malformed: doc/)
  })

  test('refuses invalid UTF-8, size and depth', () => {
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xff, 0x22), 'doc')).toThrow(Malformed)
    expect(() => parseCanonical(Uint8Array.of(0x22, 0xc0, 0xaf, 0x22), 'doc')).toThrow(Malformed)
    expect(() => parseCanonical(utf8(`"${'a'.repeat(20)}"`), 'doc', 10)).toThrow(Malformed)
    const deep = '['.repeat(100_000)
    expect(() => parseCanonical(utf8(deep), 'doc', 1e6)).toThrow(Malformed)
    const [at, over] = [32, 33].map((n) => utf8('['.repeat(n) + ']'.repeat(n)))
    expect(parseCanonical(at as Uint8Array, 'doc')).toBeDefined()
    expect(() => parseCanonical(over as Uint8Array, 'doc')).toThrow(Malformed)
  })

  test('brackets inside strings do not count as depth', () => {
    const text = JSON.stringify(`${'['.repeat(50)}"\\${'{'.repeat(50)}`)
    expect(parseCanonical(utf8(text), 'doc')).toBe(JSON.parse(text))
  })

  test('names the field and never the value', () => {
    expect(() => parseCanonical(utf8('{"amount":{"eth":1.5}}'), 'doc')).toThrow('malformed: doc.amount.eth')
    expect(() => parseCanonical(utf8('{"s3cret value!":1.5}'), 'doc')).toThrow(/^malformed: doc$/)
  })

  test('every accepted document has one spelling', () => {
    void fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]":,0123e.-\\u a\n') }), (text) => {
        let value: Json
        try {
          value = parseCanonical(utf8(text), 'doc')
        } catch (error) {
          expect(error).toBeInstanceOf(Malformed)
          return
        }
        expect(write(value)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})

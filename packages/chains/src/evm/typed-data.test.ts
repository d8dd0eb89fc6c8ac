// Do we hash typed data as others do, and refuse what is not exactly of its type?

import { Malformed } from '@tercet/protocol/errors'
import { concat, hexlify, id, keccak256, SigningKey, TypedDataEncoder, verifyTypedData } from 'ethers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TypedValue } from '../facts.js'
import { joinSignature } from './signature.js'
import { readTypedData } from './typed-data.js'

// https://github.com/ethereum/EIPs/blob/master/assets/eip-712/Example.js (CC0): the Mail example of EIP-712.
const MAIL = {
  types: {
    EIP712Domain: [
      { name: 'name', type: 'string' },
      { name: 'version', type: 'string' },
      { name: 'chainId', type: 'uint256' },
      { name: 'verifyingContract', type: 'address' },
    ],
    Person: [
      { name: 'name', type: 'string' },
      { name: 'wallet', type: 'address' },
    ],
    Mail: [
      { name: 'from', type: 'Person' },
      { name: 'to', type: 'Person' },
      { name: 'contents', type: 'string' },
    ],
  },
  primaryType: 'Mail',
  domain: {
    name: 'Ether Mail',
    version: '1',
    chainId: 1,
    verifyingContract: '0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC',
  },
  message: {
    from: { name: 'Cow', wallet: '0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826' },
    to: { name: 'Bob', wallet: '0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB' },
    contents: 'Hello, Bob!',
  },
}

function fieldOf(payload: unknown, chainId = 1n): string | undefined {
  try {
    readTypedData(payload, chainId)
  } catch (error) {
    if (error instanceof Malformed) return error.field
    throw error
  }
  return undefined
}

describe('the Mail example of EIP-712', () => {
  const digest = '0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2'

  it('has the published digest, with and without EIP712Domain among the types', () => {
    expect(hexlify(readTypedData(MAIL, 1n).digest)).toBe(digest)
    const { EIP712Domain: _, ...types } = MAIL.types
    expect(hexlify(readTypedData({ ...MAIL, types }, 1n).digest)).toBe(digest)
    const text = { ...MAIL, domain: { ...MAIL.domain, chainId: '1' } }
    expect(hexlify(readTypedData(text, 1n).digest)).toBe(digest)
  })

  it('shows what it says', () => {
    expect(readTypedData(MAIL, 1n).facts).toEqual({
      kind: 'evm-typed-data',
      chainId: '1',
      primaryType: 'Mail',
      domain: { ...MAIL.domain, chainId: '1' },
      message: MAIL.message,
    })
  })

  it('a joined signature is accepted by ethers', () => {
    const key = new SigningKey('0xc85ef7d79691fe79573b1a7064c19c1a9819ebdbd1faaab1a8ec92344438aaf4')
    const { r, s, yParity } = key.sign(readTypedData(MAIL, 1n).digest)
    const joined = joinSignature({ r: BigInt(r), s: BigInt(s), recoveryId: yParity })
    // The signature that EIP-712 publishes for the key keccak256("cow").
    expect(joined).toBe(
      '0x4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c',
    )
    const { EIP712Domain: _, ...types } = MAIL.types
    expect(verifyTypedData(MAIL.domain, types, MAIL.message, joined)).toBe(MAIL.message.from.wallet)
  })
})

/** A random struct of random types, with a value of them. */
interface Sample {
  readonly type: string
  readonly value: unknown
}
const bytesOf = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((b) => hexlify(b))
const atomic: fc.Arbitrary<{ type: string; value: fc.Arbitrary<unknown> }> = fc.oneof(
  fc.integer({ min: 1, max: 32 }).map((n) => ({
    type: `uint${n * 8}`,
    value: fc.bigInt(0n, 2n ** BigInt(n * 8) - 1n).map(String),
  })),
  fc.integer({ min: 1, max: 32 }).map((n) => ({
    type: `int${n * 8}`,
    value: fc.bigInt(-(2n ** BigInt(n * 8 - 1)), 2n ** BigInt(n * 8 - 1) - 1n).map(String),
  })),
  fc.integer({ min: 1, max: 32 }).map((n) => ({ type: `bytes${n}`, value: bytesOf(n) })),
  fc.constant({ type: 'bytes', value: fc.uint8Array({ maxLength: 70 }).map((b) => hexlify(b)) }),
  fc.constant({ type: 'string', value: fc.string({ unit: 'grapheme' }) }),
  fc.constant({ type: 'bool', value: fc.boolean() }),
  fc.constant({ type: 'address', value: bytesOf(20) }),
)
const sample: fc.Arbitrary<Sample> = fc
  .tuple(atomic, fc.array(fc.option(fc.integer({ min: 1, max: 3 })), { maxLength: 2 }))
  .chain(([{ type, value }, suffixes]) => {
    let name = type
    let values = value
    for (const length of suffixes) {
      name += length === null ? '[]' : `[${length}]`
      values = fc.array(values, length === null ? { maxLength: 3 } : { minLength: length, maxLength: length })
    }
    return values.map((v) => ({ type: name, value: v }))
  })
const domains = fc.record(
  {
    name: fc.string(),
    version: fc.string(),
    chainId: fc.constant('5'),
    verifyingContract: bytesOf(20),
    salt: bytesOf(32),
  },
  { requiredKeys: [] },
)

describe('against ethers', () => {
  it('has the same digest for random types, values and domains', () => {
    fc.assert(
      fc.property(
        fc.array(sample, { minLength: 1, maxLength: 5 }),
        fc.array(fc.array(sample, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 1 }),
        domains,
        (outer, inners, domain) => {
          const struct = (samples: readonly Sample[]) =>
            samples.map(({ type }, i) => ({ name: `f${i}`, type }))
          const object = (samples: readonly Sample[]) =>
            Object.fromEntries(samples.map(({ value }, i) => [`f${i}`, value]))
          const inner = inners[0] ?? []
          const types = {
            Outer: [
              ...struct(outer),
              { name: 'inner', type: 'Inner' },
              { name: 'list', type: 'Inner[]' },
              { name: 'pairs', type: 'Inner[1][]' },
            ],
            Inner: struct(inner),
          }
          const item = object(inner)
          const message = { ...object(outer), inner: item, list: [item, item], pairs: [[item]] }
          const { digest, facts } = readTypedData({ types, primaryType: 'Outer', domain, message }, 5n)
          expect(hexlify(digest)).toBe(TypedDataEncoder.hash(domain, types, message))
          // What is shown is, read again, what is signed.
          const again = { types, primaryType: 'Outer', domain: facts.domain, message: facts.message }
          expect(hexlify(readTypedData(again, 5n).digest)).toBe(hexlify(digest))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('knows recursive types, by the definition of hashStruct (ethers refuses them)', () => {
    const types = { Node: [{ name: 'children', type: 'Node[]' }] }
    const leaf = { children: [] }
    const message = { children: [leaf, { children: [leaf] }] }
    const typeHash = id('Node(Node[] children)')
    const hashStruct = (...children: string[]) => keccak256(concat([typeHash, keccak256(concat(children))]))
    const root = hashStruct(hashStruct(), hashStruct(hashStruct()))
    const expected = keccak256(concat(['0x1901', keccak256(id('EIP712Domain()')), root]))
    const { digest } = readTypedData({ types, primaryType: 'Node', domain: {}, message }, 1n)
    expect(hexlify(digest)).toBe(expected)
  })
})

describe('values that are not of their type', () => {
  const of = (type: string, v: unknown) => ({
    types: { T: [{ name: 'v', type }] },
    primaryType: 'T',
    domain: {},
    message: { v },
  })
  const good: [string, unknown][] = [
    ['uint8', 255],
    ['uint8', '0'],
    ['int8', '-128'],
    ['int256', -1],
    ['uint256', (2n ** 256n - 1n).toString()],
    ['bytes3', '0xABcdef'],
    ['address', '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'],
    ['address', '0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed'],
    ['uint8[2]', [1, '2']],
  ]
  const bad: [string, unknown][] = [
    ['uint8', 256],
    ['uint8', '256'],
    ['uint8', -1],
    ['uint8', '01'],
    ['uint8', '+1'],
    ['uint8', '1.0'],
    ['uint8', ' 1'],
    ['uint8', ''],
    ['uint8', '0x1'],
    ['uint8', '1e1'],
    ['uint8', 1.5],
    ['uint8', Number.NaN],
    ['uint8', null],
    ['uint8', true],
    ['uint8', [1]],
    ['uint8', '-0'],
    ['uint256', 2 ** 53],
    ['uint256', (2n ** 256n).toString()],
    ['uint256', '9'.repeat(10_000)],
    ['int8', 128],
    ['int8', '-129'],
    ['bool', 1],
    ['bool', 'true'],
    ['string', 5],
    ['string', '\ud800'],
    ['bytes', '0x1'],
    ['bytes', '1234'],
    ['bytes', '0xzz'],
    ['bytes', null],
    ['bytes3', '0xabcd'],
    ['bytes3', '0xabcdef01'],
    ['bytes3', '0xabcdef\n'],
    ['address', '0x5aaeb6053F3E94C9b9A09f33669435E7Ef1BeAed'],
    ['address', `0x${'AB'.repeat(20)}`],
    ['address', '0x5aaeb6053f3e94c9b9a09f33669435e7ef1bea'],
    ['uint8[2]', [1]],
    ['uint8[2]', [1, 2, 3]],
    ['uint8[]', 'ab'],
    ['uint8[]', { 0: 1, length: 1 }],
  ]
  for (const [type, value] of good)
    it(`takes ${type} ${JSON.stringify(value)}`, () => expect(fieldOf(of(type, value))).toBeUndefined())
  for (const [type, value] of bad) {
    it(`refuses ${type} ${JSON.stringify(value).slice(0, 60)}`, () =>
      expect(fieldOf(of(type, value))).toBe('payload.message.v'))
  }
  it('names an element of an array, and a value inside it', () => {
    expect(fieldOf(of('uint8[]', [1, 256]))).toBe('payload.message.v[1]')
    const inside = { ...MAIL, message: { ...MAIL.message, to: { name: 'Bob', wallet: '0x' } } }
    expect(fieldOf(inside)).toBe('payload.message.to.wallet')
  })
})

describe('structures that are not typed data', () => {
  const change = (part: object) => ({ ...MAIL, ...part })
  const types = (more: object) => change({ types: { ...MAIL.types, ...more } })
  const domain = (more: object) => change({ domain: { ...MAIL.domain, ...more } })
  const { from, ...withoutFrom } = MAIL.message
  const cases: [string, unknown, string][] = [
    ['no object', 'text', 'payload'],
    ['null', null, 'payload'],
    ['a list', [], 'payload'],
    ['a member too many', change({ extra: 1 }), 'payload'],
    ['no message', change({ message: undefined }), 'payload.message'],
    ['a message that is a list', change({ message: [] }), 'payload.message'],
    ['a field too few', change({ message: withoutFrom }), 'payload.message.from'],
    [
      'an inherited field',
      change({ message: Object.create(MAIL.message) as object }),
      'payload.message.from',
    ],
    ['a field too many', change({ message: { ...MAIL.message, extra: from } }), 'payload.message'],
    ['an unknown primary type', change({ primaryType: 'Letter' }), 'payload.primaryType'],
    ['a primary type of every object', change({ primaryType: 'constructor' }), 'payload.primaryType'],
    ['the domain as primary type', change({ primaryType: 'EIP712Domain' }), 'payload.primaryType'],
    ['an array as primary type', change({ primaryType: 'Mail[]' }), 'payload.primaryType'],
    ['types that are a list', change({ types: [] }), 'payload.types'],
    ['a field of no type', types({ X: [{ name: 'a', type: 'Nothing' }] }), 'payload.types.X.a'],
    ...[
      'uint',
      'int',
      'uint7',
      'uint264',
      'bytes33',
      'bytes0',
      'uint08',
      'byte',
      'string[0]',
      'string[01]',
      'string[',
      '[]',
      'toString',
      'uint8 ',
      'EIP712Domain',
    ].map((type): [string, unknown, string] => [
      `the type ${type}`,
      types({ X: [{ name: 'a', type }] }),
      'payload.types.X.a',
    ]),
    ...[
      'uint256',
      'bytes',
      'bytes7',
      'uint',
      'fixed128x18',
      'string',
      'a b',
      'a(',
      '',
      '1a',
      'constructor',
      'Mail[]',
      'é',
    ].map((name): [string, unknown, string] => [
      `a struct named ${name}`,
      types({ [name]: [{ name: 'a', type: 'bool' }] }),
      'payload.types',
    ]),
    [
      '__proto__ as struct',
      change({ types: JSON.parse('{"__proto__":[{"name":"a","type":"bool"}]}') }),
      'payload.types',
    ],
    ['a type too long', types({ X: [{ name: 'a', type: 'bool'.padEnd(300, '[]') }] }), 'payload.types.X'],
    ['a struct without fields', types({ X: [] }), 'payload.types.X'],
    [
      'a field twice',
      types({
        X: [
          { name: 'a', type: 'bool' },
          { name: 'a', type: 'bool' },
        ],
      }),
      'payload.types.X',
    ],
    ['a field with more members', types({ X: [{ name: 'a', type: 'bool', x: 1 }] }), 'payload.types.X'],
    ['a field with a bad name', types({ X: [{ name: 'a,uint8 b', type: 'bool' }] }), 'payload.types.X'],
    ['another chain', domain({ chainId: 2 }), 'payload.domain.chainId'],
    ['a chain in hex', domain({ chainId: '0x1' }), 'payload.domain.chainId'],
    ['a domain that is null', change({ domain: null }), 'payload.domain'],
    ['an unknown domain field', domain({ extra: 1 }), 'payload.domain'],
    [
      'a domain field its type does not state',
      domain({ salt: `0x${'00'.repeat(32)}` }),
      'payload.types.EIP712Domain',
    ],
    [
      'domain fields in another order',
      types({ EIP712Domain: [...MAIL.types.EIP712Domain].reverse() }),
      'payload.types.EIP712Domain',
    ],
    [
      'a domain field of another type',
      types({
        EIP712Domain: MAIL.types.EIP712Domain.map((f) =>
          f.name === 'chainId' ? { ...f, type: 'uint8' } : f,
        ),
      }),
      'payload.types.EIP712Domain',
    ],
    ['a null domain name', domain({ name: null }), 'payload.domain.name'],
  ]
  for (const [name, payload, field] of cases)
    it(name.slice(0, 60), () => expect(fieldOf(payload)).toBe(field))

  it('bounds depth and work', () => {
    const node = { Node: [{ name: 'n', type: 'Node[]' }] }
    let message: TypedValue = { n: [] }
    for (let i = 0; i < 50; i++) message = { n: [message] }
    expect(fieldOf({ types: node, primaryType: 'Node', domain: {}, message })).toMatch(/^payload\.message/)
    const wide = {
      T: [{ name: 'a', type: 'S[]' }],
      S: [{ name: 'x', type: 'bool' }],
      U: Array.from({ length: 1000 }, (_, i) => ({ name: `field${i}`, type: 'bool' })),
    }
    const many = { a: Array.from({ length: 4000 }, () => ({ x: true })) }
    const flags = { types: { T: [{ name: 'a', type: 'bool[]' }] }, primaryType: 'T', domain: {} }
    expect(fieldOf({ ...flags, message: { a: Array.from({ length: 4000 }, () => true) } })).toBeUndefined()
    expect(fieldOf({ ...flags, message: { a: Array.from({ length: 5000 }, () => true) } })).toMatch(
      /^payload\.message/,
    )
    expect(fieldOf({ types: wide, primaryType: 'T', domain: {}, message: many })).toMatch(/^payload\.message/)
  })
})

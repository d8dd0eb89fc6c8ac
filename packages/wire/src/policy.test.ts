import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, test } from 'vitest'
import { DEFAULT_POLICY, decodePolicy, encodePolicy, type PolicyDocument, policyHash } from './policy.js'
import { KINDS } from './request.js'

const rule = { id: 'a', effect: 'allow', when: {} }
const encode = (value: unknown) => encodePolicy(value as PolicyDocument)

describe('policy', () => {
  test('the default comes back, and its hash never changes unnoticed', () => {
    expect(decodePolicy(encodePolicy(DEFAULT_POLICY))).toEqual(DEFAULT_POLICY)
    expect(Buffer.from(policyHash(DEFAULT_POLICY)).toString('hex')).toBe(
      '5ce28f5bd024e0d2c989da648ae38bba627e665d5aa317c234216aae88cca7c5',
    )
  })

  test('the default names every kind once and allows no raw digest', () => {
    const named = DEFAULT_POLICY.rules.flatMap(({ effect, when }) =>
      (when.kind ?? []).map((kind) => [kind, effect]),
    )
    expect(named.map(([kind]) => kind).toSorted()).toEqual([...KINDS].toSorted())
    expect(named.filter(([, effect]) => effect === 'deny')).toEqual([['raw-digest', 'deny']])
  })

  test('a rule without a kind comes back', () => {
    const policy = { version: 1, id: 'p', rules: [rule] }
    expect(decodePolicy(encode(policy))).toEqual(policy)
  })

  test.each([
    ['policy.version', { version: 2, id: 'p', rules: [] }],
    ['policy.id', { version: 1, id: 'P q', rules: [] }],
    ['policy.rules', { version: 1, id: 'p', rules: [rule, rule] }],
    ['policy.rules.0.effect', { version: 1, id: 'p', rules: [{ ...rule, effect: 'permit' }] }],
    ['policy.rules.0.when', { version: 1, id: 'p', rules: [{ ...rule, when: { chain: 'x' } }] }],
    ['policy.rules.0.when.kind', { version: 1, id: 'p', rules: [{ ...rule, when: { kind: [] } }] }],
    ['policy.rules.0.when.kind.0', { version: 1, id: 'p', rules: [{ ...rule, when: { kind: ['evm'] } }] }],
    ['policy.rules.0', { version: 1, id: 'p', rules: [{ ...rule, limits: [] }] }],
    ['policy', { version: 1, id: 'p', rules: [], note: '' }],
  ])('names %s', (field, value) => {
    expect(() => encode(value)).toThrow(new Malformed(field))
  })
})

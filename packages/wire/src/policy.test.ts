import { Malformed } from '@tercet/protocol/errors'
import { describe, expect, test } from 'vitest'
import {
  builtInPolicy,
  builtInPolicyOf,
  DEFAULT_POLICY,
  decodePolicy,
  encodePolicy,
  type PolicyDocument,
  policyHash,
  RECOVERY_DELAYS,
  recoveryDelayOf,
} from './policy.js'
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

  test('the family differs in the delay alone, and each member is found by its hash', () => {
    expect(builtInPolicy(86_400)).toBe(DEFAULT_POLICY)
    for (const delay of RECOVERY_DELAYS) {
      const policy = builtInPolicy(delay)
      expect(decodePolicy(encodePolicy(policy))).toEqual(policy)
      expect(policy.rules).toEqual(DEFAULT_POLICY.rules)
      expect(recoveryDelayOf(policy)).toBe(delay)
      expect(builtInPolicyOf(policyHash(policy))).toEqual(policy)
    }
    const text = new TextDecoder().decode(encodePolicy(builtInPolicy(0)))
    expect(text).toContain('"id":"default-delay-0","recovery":{"delaySeconds":"0"},"rules":')
    expect(new Set(RECOVERY_DELAYS.map((delay) => builtInPolicy(delay).id)).size).toBe(5)
    expect(builtInPolicyOf(new Uint8Array(32))).toBeUndefined()
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
    ['policy.recovery.delaySeconds', { version: 1, id: 'p', rules: [], recovery: { delaySeconds: 60 } }],
    ['policy', { version: 1, id: 'p', rules: [], note: '' }],
  ])('names %s', (field, value) => {
    expect(() => encode(value)).toThrow(new Malformed(field))
  })
})

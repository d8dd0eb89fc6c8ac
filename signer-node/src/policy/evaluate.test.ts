import type { Facts } from '@tercet/chains/facts'
import { DEFAULT_POLICY, type PolicyDocument } from '@tercet/wire/policy'
import { expect, test } from 'vitest'
import { evaluate } from './evaluate.js'

const selfTest: Facts = { kind: 'self-test' }
const raw: Facts = { kind: 'raw-digest' }

test('the default allows the self-test and refuses raw digests', () => {
  expect(evaluate(DEFAULT_POLICY, selfTest)).toMatchObject({ effect: 'allow' })
  expect(evaluate(DEFAULT_POLICY, raw)).toEqual({ effect: 'deny', rule: 'no-raw-digests' })
})

test('no rule is a denial, and the first match wins', () => {
  expect(evaluate({ version: 1, id: 'empty', rules: [] }, selfTest)).toEqual({
    effect: 'deny',
    rule: 'no-rule',
  })
  const policy: PolicyDocument = {
    version: 1,
    id: 'two',
    rules: [
      { id: 'first', effect: 'deny', when: { kind: ['self-test'] } },
      { id: 'second', effect: 'allow', when: {} },
    ],
  }
  expect(evaluate(policy, selfTest)).toEqual({ effect: 'deny', rule: 'first' })
  expect(evaluate(policy, raw)).toEqual({ effect: 'allow', rule: 'second' })
})

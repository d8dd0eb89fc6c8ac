// Does the policy allow a request, and by which rule? First match wins; no match is a denial. (product, Policy)

import type { Facts } from '@tercet/chains/facts'
import type { PolicyDocument } from '@tercet/wire/policy'

export interface Decision {
  readonly effect: 'allow' | 'deny'
  /** The rule that decided, or `no-rule`. */
  readonly rule: string
}

/** Judges the facts of a parsed request. */
export function evaluate(policy: PolicyDocument, facts: Facts): Decision {
  for (const { id, effect, when } of policy.rules) {
    if (when.kind === undefined || when.kind.some((kind) => kind === facts.kind)) return { effect, rule: id }
  }
  return { effect: 'deny', rule: 'no-rule' }
}

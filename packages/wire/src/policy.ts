// Which requests does a wallet's policy allow? The document, its built-in default and its hash. (product, Policy)

import { TH } from '@tercet/protocol/transcript'
import * as z from 'zod/mini'
import { canonicalize, parseCanonical } from './canonical-json.js'
import { KINDS, type Kind } from './request.js'
import { parseWith } from './schema.js'

/** Rules are tried in order; the first whose conditions all hold decides, and no match is a denial. */
export interface PolicyDocument {
  readonly version: 1
  readonly id: string
  readonly rules: readonly PolicyRule[]
}

export interface PolicyRule {
  /** Named in the audit entry of every decision it makes. */
  readonly id: string
  readonly effect: 'allow' | 'deny'
  readonly when: {
    /** The request's kind is one of these; left out, every kind. */
    readonly kind?: readonly Kind[]
  }
}

const name = z.string().check(z.regex(/^[a-z0-9][a-z0-9-]{0,63}$/))

const schema = z.strictObject({
  version: z.literal(1),
  id: name,
  rules: z
    .array(
      z.strictObject({
        id: name,
        effect: z.enum(['allow', 'deny']),
        when: z.strictObject({
          kind: z.exactOptional(z.array(z.enum(KINDS)).check(z.minLength(1), z.maxLength(KINDS.length))),
        }),
      }),
    )
    .check(
      z.maxLength(256),
      z.refine((rules) => new Set(rules.map((rule) => rule.id)).size === rules.length),
    ),
})

/** What holds until a wallet has a policy of its own: every structured kind, never a raw digest. */
export const DEFAULT_POLICY: PolicyDocument = {
  version: 1,
  id: 'default',
  rules: [
    { id: 'no-raw-digests', effect: 'deny', when: { kind: ['raw-digest'] } },
    {
      id: 'structured-requests',
      effect: 'allow',
      when: { kind: ['evm-transaction', 'evm-message', 'evm-typed-data', 'self-test'] },
    },
  ],
}

/** The document's canonical bytes. Throws Malformed if it is not a policy that {@link decodePolicy} accepts. */
export function encodePolicy(policy: PolicyDocument): Uint8Array {
  const rules = policy.rules.map((rule) => ({ ...rule, when: { ...rule.when } }))
  const bytes = canonicalize({ ...policy, rules }, 'policy')
  decodePolicy(bytes)
  return bytes
}

/** Reads a policy from its canonical bytes. Throws Malformed with the field named. */
export function decodePolicy(bytes: Uint8Array): PolicyDocument {
  return parseWith(schema, parseCanonical(bytes, 'policy'), 'policy')
}

/** `TH("policy", canonical bytes)`, 32 bytes. */
export function policyHash(policy: PolicyDocument): Uint8Array {
  return TH('policy', encodePolicy(policy))
}

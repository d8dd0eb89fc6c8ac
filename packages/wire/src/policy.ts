// Which requests does a wallet's policy allow? The document, the built-in ones and its hash. (product, Policy)

import { equalBytes } from '@tercet/protocol/bytes'
import { TH } from '@tercet/protocol/transcript'
import * as z from 'zod/mini'
import { canonicalize, parseCanonical } from './canonical-json.js'
import type { ClaimKind } from './claim.js'
import { KINDS, type Kind } from './request.js'
import { decimal, parseWith } from './schema.js'

/** Rules are tried in order; the first whose conditions all hold decides, and no match is a denial. */
export interface PolicyDocument {
  readonly version: 1
  readonly id: string
  readonly rules: readonly PolicyRule[]
  /** Left out: the delay is {@link DEFAULT_RECOVERY_DELAY_SECONDS}. */
  readonly recovery?: {
    /** How long a claim is announced before it is obeyed. (SPEC 5.4) */
    readonly delaySeconds: number
  }
}

/** The delays that a wallet can be made with: none, an hour, a day, three days, a week. */
export const RECOVERY_DELAYS = [0, 3600, 86_400, 259_200, 604_800] as const
export type RecoveryDelay = (typeof RECOVERY_DELAYS)[number]
export const DEFAULT_RECOVERY_DELAY_SECONDS = 86_400

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
  recovery: z.exactOptional(
    z.strictObject({ delaySeconds: decimal().check(z.refine((seconds) => isRecoveryDelay(seconds))) }),
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

/** The built-in document with this delay; with the default one it is {@link DEFAULT_POLICY}. */
export function builtInPolicy(delaySeconds: RecoveryDelay): PolicyDocument {
  if (delaySeconds === DEFAULT_RECOVERY_DELAY_SECONDS) return DEFAULT_POLICY
  return { ...DEFAULT_POLICY, id: `default-delay-${delaySeconds}`, recovery: { delaySeconds } }
}

let family: readonly { readonly hash: Uint8Array; readonly policy: PolicyDocument }[] | undefined

/** The built-in document with this hash, if there is one. */
export function builtInPolicyOf(hash: Uint8Array): PolicyDocument | undefined {
  family ??= RECOVERY_DELAYS.map(builtInPolicy).map((policy) => ({ hash: policyHash(policy), policy }))
  return family.find((member) => equalBytes(member.hash, hash))?.policy
}

/** How long a claim on a wallet of this policy waits, in seconds. */
export function recoveryDelayOf({ recovery }: PolicyDocument): number {
  return recovery?.delaySeconds ?? DEFAULT_RECOVERY_DELAY_SECONDS
}

/**
 * How long a claim waits that waits at all. For another recovery key at least a day, whatever the wallet's delay: a stolen live
 * device would otherwise have a second share as soon as it asks for it. (SPEC 5.4)
 */
export function claimDelayOf(policy: PolicyDocument, kind: ClaimKind): number {
  const delay = recoveryDelayOf(policy)
  return kind === 'recovery-key' ? Math.max(delay, DEFAULT_RECOVERY_DELAY_SECONDS) : delay
}

/** Whether a wallet can be made with this delay. */
export function isRecoveryDelay(seconds: number): seconds is RecoveryDelay {
  return RECOVERY_DELAYS.some((known) => known === seconds)
}

/** The document's canonical bytes. Throws Malformed if it is not a policy that {@link decodePolicy} accepts. */
export function encodePolicy(policy: PolicyDocument): Uint8Array {
  const { recovery, ...rest } = policy
  const rules = policy.rules.map((rule) => ({ ...rule, when: { ...rule.when } }))
  const delay = recovery && { recovery: { delaySeconds: String(recovery.delaySeconds) } }
  const bytes = canonicalize({ ...rest, rules, ...delay }, 'policy')
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

// Is a request allowed, and is the decision durable before anyone hears of it? (SPEC 4.4 steps 2 and 3; invariants I2, I12, I15)

import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { builtInPolicyOf, type PolicyDocument } from '@tercet/wire/policy'
import { append } from './audit/log.js'
import type { Judged } from './engine/signing-steps.js'
import type { Node } from './node.js'
import { type Decision, evaluate } from './policy/evaluate.js'
import { Refusal } from './refusal.js'
import type { Incoming } from './steps.js'
import { recordNonce } from './store/nonces.js'
import { assertServed, reserve, type Wallet } from './store/wallets.js'

export type Mode = 'fresh' | 'pool'

/**
 * Judges the parsed request. A denial is in the log before it is told.
 * @throws Refusal `expired`, `denied`, `rate-limited`
 */
export async function decide(
  node: Node,
  incoming: Incoming,
  wallet: Wallet,
  judged: Judged,
  mode: Mode,
  countDenial: (wallet: string) => void,
): Promise<Decision> {
  const time = node.clock.now()
  const decision = judgeBy(policyOf(wallet), judged, mode, time)
  if (decision.effect === 'allow') return decision
  // A denial is a durable entry for ever. Beyond the limit nothing is told of the decision, so nothing is logged.
  countDenial(toBase64url(wallet.keyId))
  await node.store.write(async (tx) => {
    await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
    await append(tx, {
      event: 'denied',
      time,
      keyId: wallet.keyId,
      requestHash: judged.requestHash,
      decision: 'deny',
      rule: decision.rule,
      policyHash: policyHashOf(wallet),
    })
  })
  node.metrics.decisions.inc({ decision: 'denied' })
  throw decision.rule === EXPIRED ? new Refusal('expired') : new Refusal('denied', { field: decision.rule })
}

/** Where the document of a hash is not known, nothing is allowed. */
function policyOf(wallet: Wallet): PolicyDocument {
  return builtInPolicyOf(policyHashOf(wallet)) ?? { version: 1, id: 'unknown', rules: [] }
}

function policyHashOf({ state }: Wallet): Uint8Array {
  return fromBase64url(state.policyHash, 'policyHash', 32)
}

/** Rules that no policy can change. */
const EXPIRED = 'expired'
const RAW_DIGEST_NEEDS_FRESH = 'raw-digest-needs-fresh'

/** A raw digest that names a presignature is refused whatever the policy says. (SPEC 4.6) */
function judgeBy(policy: PolicyDocument, { facts, expiresAt }: Judged, mode: Mode, time: number): Decision {
  if (expiresAt <= time) return { effect: 'deny', rule: EXPIRED }
  if (mode === 'pool' && facts.kind === 'raw-digest') return { effect: 'deny', rule: RAW_DIGEST_NEEDS_FRESH }
  return evaluate(policy, facts)
}

/** What a signature comes from, and what it is called when that is not served any more. */
export interface Held {
  readonly wallet: Wallet
  readonly otSetupA: Uint8Array
  readonly gone: 'unknown-session' | 'unknown-presignature'
}

/**
 * The one durable transaction before a presignature is taken: what it belongs to still stands, the spend is reserved,
 * the one entry of the signature is written: `approved`, or `self-test` for the signature that proves a new key, which
 * no user asked for. Committed and on disk when the promise resolves.
 * @throws Refusal `unknown-session`, `unknown-presignature`, `locked`, `replayed`, `storage`
 */
export async function approve(
  node: Node,
  incoming: Incoming,
  { wallet, otSetupA, gone }: Held,
  judged: Judged,
  decision: Decision,
): Promise<void> {
  const time = node.clock.now()
  const { requestHash } = judged
  await node.store.write(async (tx) => {
    await assertServed(node.store, tx, wallet, otSetupA, gone)
    await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
    await reserve(tx, wallet.keyId, requestHash, time)
    await append(tx, {
      event: judged.facts.kind === 'self-test' ? 'self-test' : 'approved',
      time,
      keyId: wallet.keyId,
      requestHash,
      decision: 'allow',
      rule: decision.rule,
      policyHash: policyHashOf(wallet),
    })
  })
  node.metrics.decisions.inc({ decision: 'approved' })
}

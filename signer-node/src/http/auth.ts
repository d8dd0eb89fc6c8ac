// Who sent this, to us, now, and for the first time? (product, Authentication; SPEC 0.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { toBase64url } from '@tercet/wire/base64url'
import type { Endpoint } from '@tercet/wire/endpoints'
import {
  type Authenticated,
  type HeaderBag,
  type RequestParts,
  verifyRequest,
} from '@tercet/wire/http-signature'
import { LIMITS } from '../config.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'

/** Checks the sender of every request; remembers nonces for as long as their `created` could be accepted. */
export function createGate(node: Pick<Node, 'clock' | 'identity' | 'started'>) {
  const seen = new Map<string, number>()

  /** Map keeps the order of insertion and every entry lives equally long, so the oldest come first. */
  function forgetOld(now: number): void {
    for (const [nonce, until] of seen) {
      if (until > now) return
      seen.delete(nonce)
    }
  }

  /**
   * @throws SignatureInvalid; Refusal `unauthenticated`, `clock`, `replayed`, `mismatch`, `busy`
   */
  return async function authenticate(
    request: RequestParts & { readonly headers: HeaderBag },
    endpoint: Endpoint,
  ): Promise<Authenticated> {
    const message = await verifyRequest(request)
    if (!equalBytes(message.context.idTo, node.identity.publicIdentity)) throw new Refusal('unauthenticated')
    const time = node.clock.now()
    if (Math.abs(message.created - time) > LIMITS.clockSkewSeconds || message.created < node.started) {
      throw new Refusal('clock', { time })
    }
    const now = node.clock.monotonic()
    forgetOld(now)
    const name = `${toBase64url(message.identity)}.${toBase64url(message.nonce)}`
    if (seen.has(name)) throw new Refusal('replayed')
    if (seen.size >= LIMITS.nonces) throw new Refusal('busy', { retryAfterSeconds: 30 })
    // A request from the future stays acceptable for twice the skew.
    seen.set(name, now + (2 * LIMITS.clockSkewSeconds + 5) * 1000)
    if (message.context.opType !== endpoint.opType)
      throw new Refusal('mismatch', { field: 'context.op-type' })
    if (message.context.step !== endpoint.step) throw new Refusal('mismatch', { field: 'context.step' })
    return message
  }
}

export type Authenticate = ReturnType<typeof createGate>

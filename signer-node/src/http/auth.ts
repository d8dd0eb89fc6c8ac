// Who sent this, to us, now, and for the first time? (product, Authentication; SPEC 0.4)

import { equalBytes } from '@tercet/protocol/bytes'
import { toBase64url } from '@tercet/wire/base64url'
import type { Endpoint } from '@tercet/wire/endpoints'
import {
  type Authenticated,
  type AuthenticatedHead,
  complete,
  type HeaderBag,
  type RequestHead,
  verifyRequestHead,
} from '@tercet/wire/http-signature'
import { LIMITS } from '../config.js'
import { createLimiter } from '../limiter.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'

/** Whether an identity belongs to a wallet of this node. */
export type IsRegistered = (identity: Uint8Array) => Promise<boolean>

/** Nonces until they may be forgotten, the oldest first: a map keeps the order and every entry lives equally long. */
class Nonces {
  readonly #until = new Map<string, number>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  has(name: string): boolean {
    return this.#until.has(name)
  }

  /** Whether there is room for one more, once the old ones are gone. */
  hasRoom(now: number): boolean {
    for (const [name, until] of this.#until) {
      if (until > now) break
      this.#until.delete(name)
    }
    return this.#until.size < this.#limit
  }

  dropOldest(): void {
    for (const name of this.#until.keys()) {
      this.#until.delete(name)
      return
    }
  }

  add(name: string, until: number): void {
    this.#until.set(name, until)
  }
}

/**
 * Checks the sender of every request; remembers nonces for as long as their `created` could be accepted.
 * Identities cost nothing, so those without a wallet share a small table in which the oldest nonce gives way: what they
 * may send is repeated by its session or changes nothing. Nobody fills the table that wallets need.
 */
export function createGate(node: Pick<Node, 'clock' | 'identity' | 'started'>, isRegistered: IsRegistered) {
  const { clockSkewSeconds, clockAheadSeconds } = LIMITS
  const registered = new Nonces(LIMITS.nonces)
  const strangers = new Nonces(LIMITS.strangerNonces)
  const limit = createLimiter(LIMITS.requestsPerMinute, 60, node.clock.monotonic)
  let latest = node.started

  /**
   * Nonces are forgotten by the monotonic clock, so a wall clock that was set back must not make old requests new again.
   * @throws Refusal `clock`
   */
  function assertFresh(created: number): void {
    const time = node.clock.now()
    latest = Math.max(latest, time)
    const stale = created < node.started || created < latest - clockSkewSeconds
    if (stale || created > time + clockAheadSeconds) throw new Refusal('clock', { time })
  }

  return {
    /** Who sends, by the headers alone: the body is bound by its digest. @throws SignatureInvalid */
    recognise(request: RequestHead & { readonly headers: HeaderBag }): Promise<AuthenticatedHead> {
      return verifyRequestHead(request)
    },

    /**
     * What the headers alone decide, before the body is read.
     * @throws Refusal `unauthenticated`, `clock`, `replayed`, `mismatch`
     */
    examine({ context, created, ...sender }: AuthenticatedHead, endpoint: Endpoint): void {
      if (!equalBytes(context.idTo, node.identity.publicIdentity)) throw new Refusal('unauthenticated')
      assertFresh(created)
      assertUnseen(nameOf(sender))
      if (context.opType !== endpoint.opType) throw new Refusal('mismatch', { field: 'context.op-type' })
      if (context.step !== endpoint.step) throw new Refusal('mismatch', { field: 'context.step' })
    },

    /**
     * The message is whole, and new: its nonce is used up.
     * @throws SignatureInvalid for another body; Refusal `clock`, `replayed`, `busy`, `rate-limited`
     */
    async admit(head: AuthenticatedHead, body: Uint8Array): Promise<Authenticated> {
      const message = await complete(head, body)
      const known = await isRegistered(message.identity)
      // A body may arrive late. From here to the entry nothing is awaited: of two equal requests one comes first.
      assertFresh(message.created)
      const now = node.clock.monotonic()
      const name = nameOf(message)
      assertUnseen(name)
      const table = known ? registered : strangers
      if (known) limit(toBase64url(message.identity))
      if (!table.hasRoom(now)) {
        if (known) throw new Refusal('busy', { retryAfterSeconds: 30 })
        table.dropOldest()
      }
      // A request from the future stays acceptable for longer.
      table.add(name, now + (clockSkewSeconds + clockAheadSeconds + 5) * 1000)
      return message
    },
  }

  function assertUnseen(name: string): void {
    if (registered.has(name) || strangers.has(name)) throw new Refusal('replayed')
  }
}

function nameOf({ identity, nonce }: Pick<Authenticated, 'identity' | 'nonce'>): string {
  return `${toBase64url(identity)}.${toBase64url(nonce)}`
}

export type Gate = ReturnType<typeof createGate>

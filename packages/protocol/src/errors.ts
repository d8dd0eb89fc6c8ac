// What can go wrong in the mathematics, whose fault is it, and what follows? (security.md abort classes; SPEC 3.5)

/** The row of the abort table that an event belongs to. */
export type AbortClass =
  | 'auth'
  | 'context'
  | 'malformed'
  | 'setup'
  | 'cheat'
  | 'bad-signature'
  | 'lost'
  | 'storage'
  | 'denied'

/**
 * Bytes that are not an encoding of what they should be. Names the field, never its value.
 * Raised by every decoder before anything secret is touched. Deviation: `malformed` is a class of the channel in the
 * text; it lives here because the decoders do, and the packages above use it as well.
 */
export class Malformed extends Error {
  override readonly name = 'Malformed'
  readonly code = 'malformed'
  readonly field: string
  constructor(field: string) {
    super(`malformed: ${field}`)
    this.field = field
  }
}

/** Every check of the protocol that a peer can fail, and the abort class that the failure belongs to. */
export const consequence = {
  /** The peer speaks of another key, epoch, attempt, setup, mode or session. Nothing secret was touched. */
  context: 'context',
  /** The two sides derived different digests, tweaks or child keys; nothing is consumed. */
  view: 'context',
  /** The peer's nonce is all zero, or equals ours: out of range, and no setup is in doubt. */
  nonce: 'malformed',
  /** The newcomer of a reshare is not the one that this side expects, or cannot come with these dealers. */
  newcomer: 'context',
  /** A dealer's commitment, in keygen or reshare, that does not open. */
  'keygen-opening': 'setup',
  /** A proof of knowledge that does not verify. */
  'keygen-proof': 'setup',
  /** A dealer of a reshare shares another value than its old share. */
  'dealer-binding': 'setup',
  /** A sub-share that does not lie on the dealer's committed polynomial. */
  'sub-share': 'setup',
  /** The verifiable encryption of the recovery sub-share does not verify. */
  'verifiable-encryption': 'setup',
  /** A sum of public points is the identity. */
  'keygen-identity': 'setup',
  /** The other side's transcript, or its signature on it, is not ours. */
  transcript: 'setup',
  /** A sealed value does not open under the session's key. */
  seal: 'setup',
  /** A base-OT message leads to the identity, or the confirmation differs. */
  'base-ot': 'setup',
  /** The presign commitment does not open. */
  'presign-opening': 'malformed',
  /** The joint nonce point is the identity. */
  'nonce-identity': 'malformed',
  /** The request of the second message is not the one that the first message committed to. */
  'request-changed': 'malformed',
  /** OTE_CHEAT: the consistency check of the OT extension. */
  'ot-extension': 'cheat',
  /** RV_CHEAT: the multiplication check. */
  multiplication: 'cheat',
  /** The inputs of the multiplication are not the nonce and the key share. */
  gamma: 'cheat',
  /** The final signature does not verify although both sides had the same view. */
  'bad-signature': 'bad-signature',
} as const satisfies Record<string, AbortClass>

export type AbortReason = keyof typeof consequence

/** A peer failed a check. `consequence` says what becomes of the state and of the OT setup. */
export class ProtocolAbort extends Error {
  override readonly name = 'ProtocolAbort'
  readonly code = 'peer-fault'
  readonly reason: AbortReason
  readonly consequence: AbortClass
  constructor(reason: AbortReason) {
    super(`protocol abort: ${reason}`)
    this.reason = reason
    this.consequence = consequence[reason]
  }
}

/** The caller broke the contract of a function: a spent or foreign state, an impossible argument. A bug, never a peer. */
export class Misuse extends Error {
  override readonly name = 'Misuse'
  readonly code = 'bug'
}

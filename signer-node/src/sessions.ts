// Which sessions are open, what was answered in them, and when do they end? (SPEC 0.5; invariants I22, I23)

import type { Code } from '@tercet/wire/codes'
import { Refusal } from './refusal.js'

/** An answer as it leaves: the bytes that a retry gets again. */
export interface Reply {
  readonly status: number
  readonly contentType: string
  readonly body: Uint8Array
}

/** The answer to one step, and which body it answers. */
export interface Kept {
  readonly requestHash: string
  /** Absent once it is no longer kept: a repeat then meets `unknown-session`. */
  reply: Promise<Reply> | undefined
  /** Size of the answer, once there is one. */
  bytes: number
}

export interface Session<Data = unknown> {
  readonly id: string
  readonly opType: string
  /** base64url of the initiator's identity */
  readonly device: string
  /** base64url of keyId, or empty for keygen */
  readonly wallet: string
  readonly data: Data
  /** Both in milliseconds of the monotonic clock. */
  readonly begun: number
  readonly deadline: number
  /** The step that the session waits for; 0 when it waits for none. */
  next: number
  /** Whether the session still holds state: unfinished, not dead. */
  open: boolean
  /** Why a message to a session without state is refused. */
  ended: Code
  /** SHA-256 of the last answer's body. */
  previous: Uint8Array
  readonly kept: Map<number, Kept>
}

export interface SessionLimits {
  /** Every session, those included that only keep an answer. */
  readonly kept: number
  /** Those that hold state or a large answer, in total and for one wallet (for keygen: for one device). */
  readonly open: number
  readonly openPerOwner: number
  /**
   * Where anyone may open sessions: how long one is safe from giving way to a newer one when all places are taken, in
   * seconds. Left out, a full table refuses.
   */
  readonly safeSeconds?: number
  /** The same for one that never came to its second message. */
  readonly safeUnstartedSeconds?: number
}

/** The step of an initiator's second message. */
const SECOND_STEP = 3

/** Sessions of one kind. `onEnd` is told of every session whose state must be dropped. */
export class Sessions<Data> {
  readonly #sessions = new Map<string, Session<Data>>()
  readonly #limits: SessionLimits
  readonly #clock: () => number
  readonly #onEnd: (session: Session<Data>) => void

  constructor(limits: SessionLimits, clock: () => number, onEnd: (session: Session<Data>) => void) {
    this.#limits = limits
    this.#clock = clock
    this.#onEnd = onEnd
  }

  /** The live session of that name and owner. */
  find(id: string, device: string): Session<Data> | undefined {
    const session = this.#sessions.get(id)
    if (session === undefined || session.device !== device) return undefined
    if (session.deadline > this.#clock()) return session
    this.remove(session)
    return undefined
  }

  /** Opens a session. @throws Refusal `busy` when too many are open */
  create(
    about: Pick<Session<Data>, 'id' | 'opType' | 'device' | 'wallet' | 'data'>,
    seconds: number,
  ): Session<Data> {
    this.sweep()
    if (this.#sessions.size >= this.#limits.kept) throw new Refusal('busy', { retryAfterSeconds: 5 })
    let open = 0
    let own = 0
    const owner = ownerOf(about)
    for (const session of this.#sessions.values()) {
      if (!isHeavy(session)) continue
      open++
      if (ownerOf(session) === owner) own++
    }
    if (own >= this.#limits.openPerOwner) throw new Refusal('busy', { retryAfterSeconds: 2 })
    if (open >= this.#limits.open && !this.#evict()) throw new Refusal('busy', { retryAfterSeconds: 5 })
    const session: Session<Data> = {
      ...about,
      begun: this.#clock(),
      deadline: this.#clock() + seconds * 1000,
      next: 1,
      open: true,
      ended: 'unknown-session',
      previous: new Uint8Array(32),
      kept: new Map(),
    }
    this.#sessions.set(about.id, session)
    return session
  }

  /**
   * Ends the oldest session that is no longer safe, so that sessions that nobody goes on with never fill the table.
   * Those that never came to a second message go first: one message costs its sender next to nothing.
   */
  #evict(): boolean {
    const { safeSeconds, safeUnstartedSeconds = safeSeconds } = this.#limits
    if (safeSeconds === undefined || safeUnstartedSeconds === undefined) return false
    const now = this.#clock()
    // A map keeps the order of insertion: the first is the oldest.
    const heavy = [...this.#sessions.values()].filter(isHeavy)
    const isPast = ({ begun }: Session<Data>, seconds: number): boolean => begun <= now - seconds * 1000
    const victim =
      heavy.find((session) => !session.kept.has(SECOND_STEP) && isPast(session, safeUnstartedSeconds)) ??
      heavy.find((session) => isPast(session, safeSeconds))
    if (victim !== undefined) this.remove(victim)
    return victim !== undefined
  }

  /** Ends the session's state; answers that were given stay. */
  end(session: Session<Data>, ended: Code = 'unknown-session'): void {
    if (!session.open) return
    session.open = false
    session.ended = ended
    session.next = 0
    this.#onEnd(session)
  }

  /** Drops what a step made for a session that had ended before the step came back. */
  dropLate(session: Session<Data>): void {
    if (!session.open) this.#onEnd(session)
  }

  /** Forgets the session altogether. */
  remove(session: Session<Data>): void {
    this.end(session)
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id)
  }

  /** Ends every open session that the test names. */
  endWhere(test: (session: Session<Data>) => boolean, ended: Code): void {
    for (const session of this.#sessions.values()) {
      if (session.open && test(session)) this.end(session, ended)
    }
  }

  sweep(): void {
    const now = this.#clock()
    for (const session of this.#sessions.values()) if (session.deadline <= now) this.remove(session)
  }

  get counts(): { readonly open: number; readonly kept: number } {
    let open = 0
    for (const session of this.#sessions.values()) if (session.open) open++
    return { open, kept: this.#sessions.size }
  }
}

/** An answer above this counts like open state: a killed session must not make room for the next large answer. */
const LARGE_ANSWER_BYTES = 32_768

function isHeavy({ open, kept }: Session): boolean {
  if (open) return true
  for (const { reply, bytes } of kept.values()) {
    if (reply !== undefined && bytes > LARGE_ANSWER_BYTES) return true
  }
  return false
}

function ownerOf({ wallet, device }: { readonly wallet: string; readonly device: string }): string {
  return wallet === '' ? device : wallet
}

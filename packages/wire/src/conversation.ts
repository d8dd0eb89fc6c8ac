// How do two machines talk over a link so that nothing is accepted twice, out of order or from another session?

import { equalBytes } from '@tercet/protocol/bytes'
import { Malformed } from '@tercet/protocol/errors'
import type { Identity } from './identity.js'
import {
  decodeFrame,
  decodeStop,
  encodeFrame,
  encodeStop,
  type Frame,
  type FrameType,
  hashOfFrame,
  SESSION_BYTES,
  type StopReason,
  verifyFrame,
} from './link.js'

/** Carries frames between two machines, and knows nothing of what is in them. */
export interface Link {
  /** Hands a frame over. */
  send(frame: Uint8Array, signal?: AbortSignal): Promise<void>
  /** The next frame that arrives, whatever it is worth. */
  receive(signal?: AbortSignal): Promise<Uint8Array>
  close(): Promise<void>
}

/**
 * `timeout`: nothing acceptable came in time. `stopped`: the other side ended the session, see `reason`. `unexpected`: the
 * other side is at another place of the exchange. `closed`: the link is gone. `carrier`: the link cannot be used.
 */
export type LinkCode = 'timeout' | 'aborted' | 'stopped' | 'unexpected' | 'closed' | 'carrier'

/** The session over the link is over. */
export class LinkError extends Error {
  override readonly name = 'LinkError'
  readonly code: LinkCode
  readonly reason: StopReason | undefined
  constructor(code: LinkCode, message: string, reason?: StopReason) {
    super(message)
    this.code = code
    this.reason = reason
  }
}

export interface ConversationOptions {
  readonly link: Link
  readonly identity: Identity
  /** The other side's identity, known from elsewhere: 34 bytes. Frames of anybody else are dropped. */
  readonly peer: Uint8Array
  /** 16 fresh bytes on the side that speaks first; left out on the other side, which takes them from the first frame. */
  readonly session?: Uint8Array
  /** For one frame of the other side, which may wait for a person. */
  readonly timeoutMilliseconds: number
  readonly signal?: AbortSignal
}

/** What came of the other side. */
export interface Heard<T extends FrameType = FrameType> {
  readonly type: T
  readonly body: Uint8Array
}

/** One session over a link. Frames that are damaged, foreign, old or out of place are dropped and change nothing. */
export class Conversation {
  readonly #options: ConversationOptions
  #session: Uint8Array | undefined
  /** Of the last frame in either direction. */
  #step = 0
  #last: Uint8Array = new Uint8Array(32)
  /** Of the last frame that the other side sent: what a stop may be chained to that crossed ours. */
  #heard = { step: 0, hash: new Uint8Array(32) as Uint8Array }
  #dropped = new Map<string, number>()
  #over = false

  constructor(options: ConversationOptions) {
    if (options.session !== undefined && options.session.length !== SESSION_BYTES)
      throw new Malformed('session')
    this.#options = options
    this.#session = options.session
  }

  /** The session's name: known from the first frame on. */
  get session(): Uint8Array | undefined {
    return this.#session?.slice()
  }

  /** Sends the next frame. @throws LinkError */
  async send(type: Exclude<FrameType, 'stopped'>, body: Uint8Array): Promise<void> {
    await this.#put(type, body)
  }

  /** The next frame of the other side, of one of these types. @throws LinkError */
  async receive<T extends FrameType>(...types: readonly T[]): Promise<Heard<T>> {
    const frame = await this.#within((signal) => this.#accept(signal))
    if (frame.type === 'stopped') {
      this.#over = true
      const reason = decodeStop(frame.body) ?? 'fault'
      throw new LinkError('stopped', `the other side ended the session: ${reason}`, reason)
    }
    const type = types.find((expected) => expected === frame.type)
    if (type === undefined) {
      await this.stop('unexpected')
      throw new LinkError('unexpected', `the other side sent ${frame.type} instead of ${types.join(' or ')}`)
    }
    return { type, body: frame.body }
  }

  /** Sends a frame and gives the answer. @throws LinkError */
  async ask(
    type: Exclude<FrameType, 'stopped'>,
    body: Uint8Array,
    answer: Exclude<FrameType, 'stopped'>,
  ): Promise<Uint8Array> {
    await this.send(type, body)
    return (await this.receive(answer)).body
  }

  /** Ends the session and tells the other side why, as far as the link still carries it. */
  async stop(reason: StopReason): Promise<void> {
    if (this.#over || this.#session === undefined) return
    await this.#put('stopped', encodeStop(reason)).catch(() => undefined)
    this.#over = true
  }

  async #put(type: FrameType, body: Uint8Array): Promise<void> {
    if (this.#over) throw new LinkError('closed', 'the session is over')
    const { identity, peer, link, session: own } = this.#options
    const session = this.#session ?? own
    if (session === undefined) throw new LinkError('unexpected', 'the other side speaks first')
    const step = this.#step + 1
    const fields = { session, to: peer, step, type, previous: this.#last, body }
    const bytes = await encodeFrame(identity, fields)
    // From here on this step is taken: whether or not the frame arrives, no other is sent in its place.
    this.#step = step
    this.#last = await hashOfFrame(bytes)
    await this.#within((signal) => link.send(bytes, signal))
  }

  /** Takes frames from the link until one is the next of this session. */
  async #accept(signal: AbortSignal): Promise<Frame> {
    if (this.#over) throw new LinkError('closed', 'the session is over')
    for (;;) {
      const bytes = await this.#options.link.receive(signal)
      const frame = await this.#examine(bytes)
      if (typeof frame !== 'string') {
        const hash = await hashOfFrame(bytes)
        this.#session ??= frame.session
        this.#step = frame.step
        this.#last = hash
        this.#heard = { step: frame.step, hash }
        return frame
      }
      this.#dropped.set(frame, (this.#dropped.get(frame) ?? 0) + 1)
    }
  }

  /** The frame, or why it is dropped. */
  async #examine(bytes: Uint8Array): Promise<Frame | string> {
    const { identity, peer } = this.#options
    const frame = read(bytes)
    if (frame === undefined) return 'no frame'
    if (!equalBytes(frame.from, peer)) return 'of somebody else'
    if (!equalBytes(frame.to, identity.publicIdentity)) return 'for somebody else'
    if (!(await verifyFrame(frame))) return 'not signed by its sender'
    if (this.#session !== undefined && !equalBytes(frame.session, this.#session)) return 'of another session'
    const next = frame.step === this.#step + 1 && equalBytes(frame.previous, this.#last)
    return next || this.#crossed(frame) ? frame : 'repeated or out of order'
  }

  /** A stop that was sent before our last frame arrived. */
  #crossed(frame: Frame): boolean {
    if (frame.type !== 'stopped' || this.#heard.step === 0) return false
    return frame.step === this.#heard.step + 1 && equalBytes(frame.previous, this.#heard.hash)
  }

  async #within<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMilliseconds, signal } = this.#options
    const timeout = AbortSignal.timeout(timeoutMilliseconds)
    const either = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    try {
      return await stoppable(either, work(either))
    } catch (error) {
      if (error instanceof LinkError) throw error
      if (signal?.aborted) throw new LinkError('aborted', 'the caller stopped the session')
      if (timeout.aborted)
        throw new LinkError('timeout', `nothing came from the other side in time${this.#said()}`)
      throw error
    }
  }

  #said(): string {
    if (this.#dropped.size === 0) return ''
    const counts = [...this.#dropped].map(([why, count]) => `${count} ${why}`)
    return ` (dropped: ${counts.join(', ')})`
  }
}

function read(bytes: Uint8Array): Frame | undefined {
  try {
    return decodeFrame(bytes)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** Ends the wait with the signal, also where the work does not look at it. */
function stoppable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

// How does a notice leave the node for certain? From durable rows, signed, retried until it is taken. (SPEC 5.4)

import { sessionId } from '@tercet/protocol/session'
import { DOCUMENT_CONTENT_TYPE } from '@tercet/wire/endpoints'
import { signRequest } from '@tercet/wire/http-signature'
import type { Node } from '../node.js'
import type { Tx } from '../store/open.js'

const FIRST_PAUSE_MILLISECONDS = 1_000
const LONGEST_PAUSE_MILLISECONDS = 3_600_000
const ANSWER_MILLISECONDS = 10_000
/** A notice that nobody takes for this long is dropped, and logged. */
const KEPT_SECONDS = 7 * 86_400
/** Notices that are looked at together. */
const BATCH = 64

interface Attempt {
  /** Milliseconds of the monotonic clock. */
  due: number
  pause: number
}

export type OutboxNode = Pick<Node, 'store' | 'clock' | 'identity' | 'log' | 'metrics' | 'random'>

/** @param url where notices are posted; without one none is kept */
export function createOutbox(node: OutboxNode, url: string | undefined) {
  const { store, clock, log, metrics } = node
  const attempts = new Map<number, Attempt>()
  let running: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined
  const stop = new AbortController()

  /** In the transaction of what the notice tells. */
  async function put(tx: Tx, keyId: Uint8Array, body: Uint8Array): Promise<void> {
    if (url === undefined) return
    await tx.insertInto('outbox').values({ key_id: keyId, body, created: clock.now() }).execute()
  }

  /** Whether the receiver took it. */
  async function post(target: string, keyId: Uint8Array, body: Uint8Array): Promise<boolean> {
    const { pathname, search } = new URL(target)
    const own = node.identity.publicIdentity
    const nonce = node.random(32)
    const headers = await signRequest(node.identity, {
      method: 'POST',
      path: pathname,
      query: search,
      body,
      created: clock.now(),
      nonce,
      context: {
        version: 1,
        idFrom: own,
        // The receiver has no identity: the notice is addressed to the node itself.
        idTo: own,
        keyId,
        epoch: 0,
        opType: 'control',
        sessionId: sessionId('control', nonce, own, own),
        step: 1,
        prevMsgHash: new Uint8Array(32),
      },
    })
    try {
      const response = await fetch(target, {
        method: 'POST',
        headers: { ...headers, 'content-type': DOCUMENT_CONTENT_TYPE },
        body: new Uint8Array(body),
        redirect: 'error',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(ANSWER_MILLISECONDS)]),
      })
      await response.body?.cancel()
      return response.ok
    } catch {
      return false
    }
  }

  async function forget(id: number): Promise<void> {
    attempts.delete(id)
    await store.write((tx) => tx.deleteFrom('outbox').where('id', '=', id).execute())
  }

  /** Posts what is due; returns when the next one is. */
  async function round(target: string): Promise<number | undefined> {
    const rows = await store.read((db) =>
      db.selectFrom('outbox').selectAll().orderBy('id').limit(BATCH).execute(),
    )
    let next: number | undefined
    for (const { id, key_id, body, created } of rows) {
      if (stop.signal.aborted) return undefined
      const attempt = attempts.get(id) ?? { due: 0, pause: FIRST_PAUSE_MILLISECONDS }
      attempts.set(id, attempt)
      if (attempt.due <= clock.monotonic()) {
        const taken = await post(target, key_id, body)
        metrics.notices.inc({ outcome: taken ? 'delivered' : 'failed' })
        const tooOld = created < clock.now() - KEPT_SECONDS
        if (!taken && tooOld) log.error({ event: 'notice-dropped' })
        if (taken || tooOld) {
          await forget(id)
          continue
        }
        attempt.due = clock.monotonic() + attempt.pause
        attempt.pause = Math.min(2 * attempt.pause, LONGEST_PAUSE_MILLISECONDS)
      }
      next = Math.min(next ?? attempt.due, attempt.due)
    }
    // The next batch is looked at when the first of this one is due, or at once when all of it is gone.
    return next ?? (rows.length === BATCH ? 0 : undefined)
  }

  /** Looks for notices now; call it after the transaction that put one. */
  function wake(): void {
    if (url === undefined || stop.signal.aborted) return
    clearTimeout(timer)
    running = (running ?? Promise.resolve())
      .then(() => round(url))
      .then((next) => {
        if (next === undefined || stop.signal.aborted) return
        clearTimeout(timer)
        timer = setTimeout(wake, Math.max(50, next - clock.monotonic()))
        timer.unref()
      })
      // A storage error stops the node by itself.
      .catch(() => undefined)
  }

  return {
    put,
    wake,
    async stop(): Promise<void> {
      stop.abort()
      clearTimeout(timer)
      await running
    },
  }
}

export type Outbox = ReturnType<typeof createOutbox>

// How does the node take part in a signature, in exactly the order of operations that keeps it safe? (SPEC 4.3, 4.4)

import { ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { toBase64url } from '@tercet/wire/base64url'
import type { Authenticated } from '@tercet/wire/http-signature'
import { LIMITS } from './config.js'
import { problemReply, tell } from './http/problems.js'
import { approve, decide } from './judge.js'
import { createLimiter } from './limiter.js'
import type { Node } from './node.js'
import type { Pairs, Presignature, SigningData } from './pairs.js'
import { Refusal } from './refusal.js'
import type { Reply, Session } from './sessions.js'
import { assertOpen, assertSessionId, firstStep, type Incoming, nextStep, ok, repeatHash } from './steps.js'
import { burnSetups, setupState, strike } from './store/setups.js'
import { assertServed, materialOf, type Wallet } from './store/wallets.js'

type FirstMessage = MessageOf<'presign.req1'> | MessageOf<'fresh.req1'>

export function createSigning(node: Node, pairs: Pairs) {
  const { engine, store } = node
  const { sessions } = pairs
  const { monotonic } = node.clock
  const limit = createLimiter(LIMITS.startsPerMinute, 60, monotonic)
  const limitSignatures = createLimiter(LIMITS.signaturesPerMinute, 60, monotonic)
  const countDenial = createLimiter(LIMITS.denialsPerMinute, 60, monotonic)

  /** Compares what Req1 names with what is served, before any secret-dependent work. */
  async function assertCurrent(wallet: Wallet, message: FirstMessage): Promise<void> {
    if (wallet.state.locked) throw new Refusal('locked')
    if (Buffer.compare(message.keyId, wallet.keyId) !== 0) throw new Refusal('mismatch', { field: 'keyId' })
    if (message.epoch !== wallet.epoch) throw new Refusal('mismatch', { field: 'epoch' })
    if (message.attempt !== wallet.attempt) throw new Refusal('mismatch', { field: 'attempt' })
    const state = await setupState(store, wallet.state, wallet.keyId, message.otSetupA, message.otSetupB)
    if (state === 'BURNED') throw new Refusal('burned')
    if (state === undefined) throw new Refusal('mismatch', { field: 'otSetup' })
  }

  /**
   * Runs work on one pair while nothing else of that pair runs. A proven cheat burns the setup, ends everything of the
   * pair and counts a strike, durably, before anyone is answered. (SPEC 3.5)
   */
  function guarded<T>(wallet: Wallet, otSetupA: Uint8Array, work: () => Promise<T>): Promise<T> {
    return node.exclusively(toBase64url(wallet.keyId), async () => {
      try {
        return await work()
      } catch (error) {
        if (error instanceof ProtocolAbort && error.consequence === 'cheat') {
          await punish(wallet, otSetupA, error.reason)
        }
        throw error
      }
    })
  }

  async function punish(wallet: Wallet, otSetupA: Uint8Array, reason: string): Promise<void> {
    const { keyId } = wallet
    const time = node.clock.now()
    const strikes = await store.write((tx) =>
      store.states.update(tx, keyId, async (before) => {
        const { state: burned } = await burnSetups(tx, before, keyId, wallet)
        const state = await strike(tx, burned, keyId, reason, time, LIMITS)
        const lock = { event: 'lock', time, reason: 'strikes' } as const
        return {
          state,
          entries: [{ event: 'strike', time, reason }, ...(state.locked ? [lock] : [])],
          result: state.strikes.length,
        }
      }),
    )
    pairs.burned(keyId, [otSetupA])
    node.metrics.strikes.inc()
    node.log.warn({ event: 'strike', wallet: toBase64url(keyId), strikes })
  }

  /** 4.4 (3) as an early refusal: opens the handling of Req2. */
  async function assertStillServed(session: Session<SigningData>): Promise<void> {
    assertOpen(session)
    const { wallet, otSetupA } = session.data
    await store.write((tx) => assertServed(store, tx, wallet, otSetupA, 'unknown-session'))
    assertOpen(session)
  }

  function partiesOf({ auth }: Incoming) {
    return { idInitiator: auth.identity, idResponder: node.identity.publicIdentity }
  }

  async function presignStart(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    const message = decodeMessage('presign.req1', incoming.body)
    return begin(incoming, wallet, 'presign', message, async ({ id }, material) => {
      pairs.makeRoom(wallet.keyId, message.batch)
      const input = { handle: id, body: incoming.body, material, ...partiesOf(incoming) }
      return (await engine.run('presign.answer', input)).send
    })
  }

  function presignOpen(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    return nextStep(node, sessions, incoming, toBase64url(wallet.keyId), true, (session) =>
      guarded(wallet, session.data.otSetupA, async () => {
        await assertStillServed(session)
        const { batch } = session.data
        pairs.makeRoom(wallet.keyId, batch)
        const input = { handle: session.id, body: incoming.body, batch }
        const { send, presigIds } = await engine.run('presign.confirm', input)
        if (!session.open) pairs.discardUnheld(presigIds)
        assertOpen(session)
        pairs.add(session.data, presigIds)
        return send
      }),
    )
  }

  /** Batch size of the session that a second message names. @throws Refusal `unknown-session` */
  function batchOf({ context, identity }: Authenticated, wallet: Wallet): number {
    const session = sessions.find(toBase64url(context.sessionId), toBase64url(identity))
    const own = session?.opType === context.opType && session.wallet === toBase64url(wallet.keyId)
    if (session === undefined || !own) throw new Refusal('unknown-session')
    return session.data.batch
  }

  async function freshStart(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    const message = decodeMessage('fresh.req1', incoming.body)
    limitSignatures(toBase64url(wallet.keyId))
    return begin(incoming, wallet, 'fresh', message, async (session, material) => {
      const { id } = session
      const input = { handle: id, body: incoming.body, material }
      // Parsed and judged before any OT work; this reserves nothing.
      const judged = await engine.run('fresh.judge', input)
      await decide(node, incoming, wallet, judged, 'fresh', countDenial)
      assertOpen(session)
      return (await engine.run('fresh.answer', { ...input, ...partiesOf(incoming) })).send
    })
  }

  function freshOpen(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    return nextStep(node, sessions, incoming, toBase64url(wallet.keyId), true, (session) =>
      guarded(wallet, session.data.otSetupA, async () => {
        await assertStillServed(session)
        const { id: handle, data } = session
        const judged = await engine.run('fresh.view', { handle, body: incoming.body })
        const decision = await decide(node, incoming, wallet, judged, 'fresh', countDenial)
        assertOpen(session)
        await engine.run('fresh.confirm', { handle })
        assertOpen(session)
        await approve(node, incoming, { ...data, gone: 'unknown-session' }, judged, decision)
        assertOpen(session)
        return (await engine.run('release', { handle, presignature: handle })).send
      }),
    )
  }

  async function begin(
    incoming: Incoming,
    wallet: Wallet,
    opType: 'presign' | 'fresh',
    message: FirstMessage,
    work: (
      session: Session<SigningData>,
      material: Awaited<ReturnType<typeof materialOf>>,
    ) => Promise<Uint8Array>,
  ): Promise<Reply> {
    const { nonce, batch, otSetupA } = message
    const data = { wallet, otSetupA, batch }
    const name = toBase64url(wallet.keyId)
    const opening = { opType, nonce, wallet: name, data, seconds: LIMITS.sessionSeconds }
    limit(name)
    return firstStep(node, sessions, incoming, opening, (session) =>
      guarded(wallet, otSetupA, async () => {
        await assertCurrent(wallet, message)
        await assertStillServed(session)
        const material = await materialOf(store, wallet)
        assertOpen(session)
        return work(session, material)
      }),
    )
  }

  /** Pool mode: one request, one presignature, one answer. The numbers are those of SPEC 4.4. */
  async function sign(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    const { presigId } = decodeMessage('sign.req1', incoming.body)
    assertSessionId(node, incoming, 'sign', presigId)
    if (wallet.state.locked) throw new Refusal('locked')
    // (0) The box exists, before policy and before any reservation.
    const presignature = pairs.find(wallet, presigId)
    const hash = repeatHash(incoming)
    const { answer } = presignature
    if (answer !== undefined) {
      if (answer.repeatHash !== hash || answer.reply === undefined) throw new Refusal('conflict')
      return answer.reply
    }
    limitSignatures(toBase64url(wallet.keyId))
    const reply = signOnce(incoming, wallet, presignature)
    presignature.answer = { repeatHash: hash, reply }
    try {
      return await reply
    } catch (error) {
      // Refused before it was taken: the presignature stays, free for another request.
      if (!presignature.taken) delete presignature.answer
      const handle = toBase64url(incoming.auth.context.sessionId)
      void engine.run('signing.drop', { handles: [handle] }).catch(() => undefined)
      throw error
    }
  }

  async function signOnce(incoming: Incoming, wallet: Wallet, presignature: Presignature): Promise<Reply> {
    const { handle, otSetupA } = presignature
    const session = toBase64url(incoming.auth.context.sessionId)
    const material = await materialOf(store, wallet)
    // (1) parse, derive, compare the view; (2) policy on what was parsed.
    const judged = await engine.run('sign.view', { handle: session, body: incoming.body, material })
    const decision = await decide(node, incoming, wallet, judged, 'pool', countDenial)
    // (3) one durable transaction; a burn that comes now either stops it or comes too late for this presignature.
    if (presignature.doomed) throw new Refusal('unknown-presignature')
    presignature.taken = true
    try {
      const held = { wallet: presignature.wallet, otSetupA, gone: 'unknown-presignature' } as const
      await approve(node, incoming, held, judged, decision)
    } catch (error) {
      presignature.taken = false
      const stale = error instanceof Refusal && error.code === 'unknown-presignature'
      if (stale || presignature.doomed) pairs.remove(toBase64url(wallet.keyId), presignature)
      throw error
    }
    // A clock jump or a burn that came in between: it stays taken, and never leaves.
    if (presignature.doomed) {
      void engine.run('signing.drop', { handles: [handle] }).catch(() => undefined)
      throw new Refusal('unknown-presignature')
    }
    // (4) to (6): taken for good, whatever follows. A failure is kept like an answer: every repeat gets the same incident.
    const release = engine.run('release', { handle: session, presignature: handle })
    const reply = await release.then(
      ({ send }) => ok(send),
      (error: unknown) => {
        void engine.run('signing.drop', { handles: [session] }).catch(() => undefined)
        return problemReply(tell(node, error))
      },
    )
    const forget = setTimeout(() => {
      if (presignature.answer !== undefined) presignature.answer.reply = undefined
    }, LIMITS.answerSeconds * 1000)
    forget.unref()
    return reply
  }

  return { presignStart, presignOpen, freshStart, freshOpen, sign, batchOf }
}

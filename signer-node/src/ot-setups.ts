// How does a pair get a new OT setup? (SPEC 2.5)

import { sameId } from '@tercet/protocol/epochs'
import { decodeMessage } from '@tercet/protocol/messages'
import { toBase64url } from '@tercet/wire/base64url'
import { LIMITS } from './config.js'
import { createLimiter } from './limiter.js'
import type { Node } from './node.js'
import type { Pairs } from './pairs.js'
import { Refusal } from './refusal.js'
import { type Reply, type Session, Sessions } from './sessions.js'
import { assertOpen, assertSessionId, firstStep, type Incoming, nextStep } from './steps.js'
import { recordNonce } from './store/nonces.js'
import { burnSetups, insertSetup } from './store/setups.js'
import { sealedShare } from './store/shares.js'
import { findWallet, type Wallet } from './store/wallets.js'

/** New OT setups for a pair: after a burn, on rotation, on mismatch. One in flight a wallet. */
export function createOtSetups(node: Node, pairs: Pairs) {
  const sessions = new Sessions<Wallet>(
    { kept: LIMITS.keptSessions, open: LIMITS.openSessions, openPerOwner: 1 },
    node.clock.monotonic,
    ({ id }) => void node.engine.run('setup.drop', { handle: id }).catch(() => undefined),
  )
  const limit = createLimiter(LIMITS.otSetupsPerHour, 3600, node.clock.monotonic)

  async function start(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    const { nonce, reason } = decodeMessage('ot.req1', incoming.body)
    assertSessionId(node, incoming, 'ot', nonce)
    const name = toBase64url(wallet.keyId)
    const session = toBase64url(incoming.auth.context.sessionId)
    if (wallet.state.locked) throw new Refusal('locked')
    const known = sessions.find(session, toBase64url(incoming.auth.identity))
    if (known === undefined) {
      limit(name)
      // Never more than one in flight: a device that starts again has given the other one up.
      sessions.endWhere((other) => other.wallet === name, 'unknown-session')
    }
    const opening = {
      opType: 'ot',
      nonce,
      wallet: name,
      data: wallet,
      seconds: LIMITS.sessionSeconds,
    } as const
    return firstStep(node, sessions, incoming, opening, async (opened) => {
      const { id } = opened
      if (reason === 'peer-fault') await burnForPeer(incoming, wallet)
      const share = await sealedShare(node.store, wallet)
      const input = { handle: id, body: incoming.body, generation: generationOf(wallet), sealedShare: share }
      assertOpen(opened)
      return (await node.engine.run('ot.answer', input)).send
    })
  }

  /** The device saw our half cheat: the setup goes, and the device gets no strike for saying so. (SPEC 3.5) */
  function burnForPeer(incoming: Incoming, wallet: Wallet): Promise<void> {
    return node.exclusively(toBase64url(wallet.keyId), async () => {
      const time = node.clock.now()
      const burned = await node.store.write(async (tx) => {
        await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
        return node.store.states.update(tx, wallet.keyId, async (before) => {
          const { state, burned: result } = await burnSetups(tx, before, wallet.keyId, wallet)
          return { state, result, entries: [{ event: 'burn', time, reason: 'peer-fault' }] }
        })
      })
      pairs.burned(wallet.keyId, burned)
    })
  }

  function finish(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    const name = toBase64url(wallet.keyId)
    return nextStep(node, sessions, incoming, name, true, async (session: Session<Wallet>) => {
      const made = await node.engine.run('ot.confirm', { handle: session.id, body: incoming.body })
      return node.exclusively(name, async () => {
        const time = node.clock.now()
        const { epoch, keyId, device } = session.data
        const now = await findWallet(node.store, keyId, device, epoch)
        if (now.state.locked) throw new Refusal('locked')
        assertOpen(session)
        if (!sameId(now, session.data)) throw new Refusal('mismatch', { field: 'epoch' })
        const burned = await node.store.write(async (tx) => {
          await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
          return node.store.states.update(tx, keyId, async (before) => {
            const { state, burned: result } = await burnSetups(tx, before, keyId, now)
            const after = await insertSetup(tx, state, now, made, time)
            return { state: after, result, entries: [{ event: 'ot-setup', time, otSetup: made.idA }] }
          })
        })
        pairs.burned(keyId, burned)
        return made.send
      })
    })
  }

  return { start, finish, sessions }
}

function generationOf({ keyId, epoch, attempt }: Wallet) {
  return { keyId, epoch, attempt }
}

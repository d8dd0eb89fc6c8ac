// How does this node let go of a key whose operator changes: RELEASE, WITHDRAW, RETIRE? (SPEC 5.3)

import { equalBytes } from '@tercet/protocol/bytes'
import { leaving, type ShareId, sameId } from '@tercet/protocol/epochs'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { u64be } from '@tercet/protocol/transcript'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { signTagged, verifyTagged } from '@tercet/wire/identity'
import type { Node } from '../node.js'
import type { Pairs } from '../pairs.js'
import { Refusal } from '../refusal.js'
import { statusOf } from '../reshare/answers.js'
import type { Reply } from '../sessions.js'
import { type Incoming, ok } from '../steps.js'
import { applyStep } from '../store/apply.js'
import { type Change, isDevice, type KeyState } from '../store/key-state.js'
import { recordNonce } from '../store/nonces.js'
import type { Tx } from '../store/open.js'
import { burnSetups } from '../store/setups.js'
import { complete, entriesOf, recoveryOf } from './changes.js'
import type { Claims } from './claims.js'
import { openingOf } from './handlers.js'
import type { Successors } from './successors.js'

type Work<T> = (tx: Tx, before: KeyState) => Promise<Change<T> | T>

export function createLeaving(
  node: Node,
  pairs: Pairs,
  claims: Claims,
  { isSuccessor }: Pick<Successors, 'isSuccessor'>,
) {
  const { store, identity } = node

  /** One step of the key's state for a device of it, or for who holds kappa. To a device that was replaced: `revoked`. */
  async function step(
    incoming: Incoming,
    keyId: Uint8Array,
    id: ShareId,
    work: Work<Uint8Array>,
  ): Promise<Uint8Array> {
    const { auth } = incoming
    const name = toBase64url(auth.identity)
    return node.exclusively(toBase64url(keyId), () =>
      store.write(async (tx) => {
        const state = await store.states.require(tx, keyId)
        const isKnown = state.devices.some((device) => device.identity === name)
        const isRecovery = equalBytes(recoveryOf(state), auth.identity)
        if (!isKnown && !isRecovery) throw new Refusal('not-found')
        const isRevoked = !isRecovery && !isDevice(state, name)
        if (isRevoked || state.retired !== null) return statusOf(state, id, 'revoked')
        const done = await work(tx, state)
        if (done instanceof Uint8Array) return done
        await recordNonce(tx, auth.identity, auth.nonce, auth.created)
        return store.states.update(tx, keyId, async () => done)
      }),
    )
  }

  /** RELEASE: this node serves the key no more, and says so for the next cosigner to read. */
  async function release(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet, 'reshare')
    const message = decodeMessage('reshare.release', incoming.body)
    const id = { epoch: message.epoch, attempt: message.attempt }
    const transcript = toBase64url(message.transcript)
    const from = toBase64url(incoming.auth.identity)
    const answer = await step(incoming, keyId, id, async (tx, before) => {
      const { state: epochs, answer: said, revoke } = leaving.release(before.epochs, { id, from, transcript })
      if (said.type === 'unknown') return statusOf(before, id, 'unknown')
      if (said.type === 'refused' || epochs.released === null) return statusOf(before, id, 'refused')
      const { released } = epochs
      const successor = fromBase64url(released.successor, 'successor', 34)
      const about = [keyId, u64be(id.epoch), u64be(id.attempt)]
      const Tr = fromBase64url(released.transcript, 'transcript', 32)
      const signature = await signTagged(identity, 'sig/release', ...about, Tr, successor)
      const result = encodeMessage('reshare.released', { ...id, release: signature })
      if (before.epochs.released !== null) return result
      // The next cosigner knows of no strikes: a lock, which may have come since PREP, is not left behind that way.
      if (before.locked) throw new Refusal('locked')
      const time = node.clock.now()
      const { state } = await applyStep(tx, keyId, before, { state: epochs, revoke }, time)
      return { state, entries: [{ event: 'released', time }], result }
    })
    return ok(answer)
  }

  /** WITHDRAW: the next cosigner said that it never will; the key is served here again. */
  async function withdraw(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet, 'reshare')
    const { never, ...id } = decodeMessage('reshare.withdraw', incoming.body)
    const answer = await step(incoming, keyId, id, async (tx, before) => {
      const { pend, released } = before.epochs
      const named = released ?? pend
      const successor = named?.successor
      const about = [keyId, u64be(id.epoch), u64be(id.attempt)]
      const isSaid =
        typeof successor === 'string' &&
        (await verifyTagged(fromBase64url(successor, 'successor', 34), never, 'sig/never', ...about))
      const { state: epochs, answer: said, revoke } = leaving.withdraw(before.epochs, { id, never: isSaid })
      if (said.type === 'refused') return statusOf(before, id, 'refused')
      const result = encodeMessage('reshare.withdrawn', id)
      if (epochs === before.epochs) return result
      const time = node.clock.now()
      const { state } = await applyStep(tx, keyId, before, { state: epochs, revoke }, time)
      return { state, entries: [{ event: 'withdrawn', time }], result }
    })
    return ok(answer)
  }

  /** RETIRE: the next cosigner is active; every share and every OT setup goes, for good. */
  async function retire(incoming: Incoming, wallet: string): Promise<Reply> {
    const keyId = openingOf(node, incoming, wallet, 'reshare')
    const { cosigner: successor, transcript, active, ...id } = decodeMessage('reshare.retire', incoming.body)
    const isActive = await verifyTagged(successor, active, 'sig/active', keyId, transcript)
    let burned: readonly Uint8Array[] | undefined
    const answer = await step(incoming, keyId, id, async (tx, before) => {
      const { released } = before.epochs
      const isReleased =
        released === null || (sameId(released.id, id) && released.transcript === toBase64url(transcript))
      const configured = { isSuccessor: isSuccessor(keyId, successor) }
      const asked = { id, successor: toBase64url(successor) }
      const retired = isActive && isReleased ? leaving.retire(before.epochs, asked, configured) : null
      if (retired === null) return statusOf(before, id, 'refused')
      const time = node.clock.now()
      const gone = await burnSetups(tx, before, keyId)
      burned = gone.burned
      await tx.deleteFrom('shares').where('key_id', '=', keyId).execute()
      const { state, events } = complete({ ...gone.state, retired }, undefined)
      await claims.tell(tx, keyId, events, time)
      const entries = [...entriesOf(events, time), { event: 'retired', time } as const]
      return { state, entries, result: statusOf(state, id, 'revoked') }
    })
    if (burned !== undefined) {
      pairs.burned(keyId, burned)
      await claims.refresh(keyId)
    }
    return ok(answer)
  }

  return { release, withdraw, retire }
}

// When does an epoch begin and end at the cosigner? COMMIT is the one point, FINAL the end of the old one. (SPEC 5.2)

import { isZero } from '@tercet/protocol/bytes'
import { cosigner, type ShareId, sameId } from '@tercet/protocol/epochs'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { DEVICE, partyName, RECOVERY } from '@tercet/protocol/party'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { signTagged, verifyTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import type { AuditEvent } from '../audit/log.js'
import type { Node } from '../node.js'
import type { Pairs } from '../pairs.js'
import { authorisationOf, type ClaimChange, complete, entriesOf, findClaim } from '../recovery/changes.js'
import type { Claims } from '../recovery/claims.js'
import { Refusal } from '../refusal.js'
import type { Reply } from '../sessions.js'
import { type Incoming, ok } from '../steps.js'
import { applyStep } from '../store/apply.js'
import type { KeyState } from '../store/key-state.js'
import { recordNonce } from '../store/nonces.js'
import type { Tx } from '../store/open.js'
import { committedShare, kitOf, sealedShare, setCommitted } from '../store/shares.js'
import { insertDevice } from '../store/wallets.js'
import { hashOf, statusOf } from './answers.js'
import { type Caller, callerOf, recoveryOf } from './callers.js'

type Commit = MessageOf<'reshare.req3'>

/** What COMMIT makes of the pending share, computed before its transaction. */
interface Completed {
  readonly id: ShareId
  readonly holder: string
  readonly transcript: string
  readonly kit: Kit
  readonly answer: Uint8Array
}

export function createCommit(node: Node, pairs: Pairs, claims: Claims) {
  const { store, engine, identity } = node

  function commit(incoming: Incoming, caller: Caller): Promise<Reply> {
    const message = decodeMessage('reshare.req3', incoming.body)
    return node.exclusively(toBase64url(caller.keyId), async () => {
      const now = await store.read((db) => callerOf(store, db, caller.keyId, incoming.auth.identity))
      const known = await answered(now, message)
      if (known !== undefined) return ok(known)
      if (now.isRevoked) return ok(statusOf(now.state, message, 'revoked'))
      const made = await completed(now, message, incoming.body)
      if (made === undefined) return ok(statusOf(now.state, message, 'unknown'))
      return ok(await obey(incoming, now.keyId, made))
    })
  }

  /** The stored answer of a COMMIT that was obeyed. */
  async function answered({ keyId, state, identity: from }: Caller, id: ShareId) {
    const { act } = state.epochs
    if (!sameId(act.id, id) || (act.holder !== from && act.initiator !== from)) return undefined
    return committedShare(store, { keyId, ...act.id })
  }

  /** Undefined where nothing of that kind is pending, or something of the message does not verify. */
  async function completed(
    caller: Caller,
    message: Commit,
    body: Uint8Array,
  ): Promise<Completed | undefined> {
    const { keyId, state, identity: from } = caller
    const { pend } = state.epochs
    if (pend === null || pend.kind === 'operator' || pend.initiator !== from) return undefined
    if (!sameId(pend.id, message) || pend.transcript !== toBase64url(message.transcript)) return undefined
    const generation = { keyId, ...pend.id }
    const prepared = await kitOf(store, generation)
    // Whoever writes to the database must not choose the recovery key, or who dealt.
    if (hashOf(prepared) !== state.pending?.kit) throw new Refusal('storage', { retryAfterSeconds: 60 })
    const draft = decodeKit(prepared)
    if (!(await areSigned(caller, pend.holder, draft, message))) return undefined
    const sealed = await sealedShare(store, generation)
    try {
      await engine.run('reshare.confirm', { generation, sealedShare: sealed, body })
    } catch (error) {
      if (error instanceof ProtocolAbort || error instanceof Malformed) return undefined
      throw error
    }
    const { address } = node
    const active = await signTagged(identity, 'sig/active', keyId, message.transcript)
    const addressSignature = await signTagged(identity, 'sig/node', keyId, address)
    const recovery = draft.signatures.recovery && { recovery: message.dealerSignature }
    const kit: Kit = {
      record: draft.record,
      signatures: { device: message.signature, cosigner: draft.signatures.cosigner, ...recovery },
      node: { address, signature: addressSignature },
    }
    const { epoch, attempt } = pend.id
    const nodeAddress = new TextEncoder().encode(address)
    const answer = encodeMessage('reshare.res3', { epoch, attempt, active, addressSignature, nodeAddress })
    return { id: pend.id, holder: pend.holder, transcript: pend.transcript, kit, answer }
  }

  /** Whether the new device signed Tr', and dealer 3 if there was one. */
  async function areSigned(
    { keyId, state }: Caller,
    holder: string,
    { record }: Kit,
    { transcript, signature, dealerSignature }: Commit,
  ): Promise<boolean> {
    const newDevice = fromBase64url(holder, 'identity', 34)
    const own = await verifyTagged(newDevice, signature, 'sig/tr', partyName(DEVICE), keyId, transcript)
    if (!own) return false
    if (record.dealers[1] !== RECOVERY) return isZero(dealerSignature)
    const dealer = fromBase64url(recoveryOf(state), 'identity', 34)
    return verifyTagged(dealer, dealerSignature, 'sig/tr', partyName(RECOVERY), keyId, transcript)
  }

  /** The transaction that the epoch begins with. */
  async function obey(incoming: Incoming, keyId: Uint8Array, made: Completed): Promise<Uint8Array> {
    const { auth } = incoming
    const done = await store.write(async (tx) => {
      const clocks = await claims.clocksOf(tx)
      const now = await store.states.require(tx, keyId)
      const claim = claimOf(now)
      const delayOver = claim !== undefined && authorisationOf(now, claim, clocks) !== undefined
      const from = toBase64url(auth.identity)
      const step = cosigner.commit(now.epochs, { ...made, from }, { delayOver })
      if (step.answer.type !== 'committed') {
        const status = step.answer.type === 'refused' ? 'refused' : 'unknown'
        return { answer: statusOf(now, made.id, status), burned: undefined }
      }
      await recordNonce(tx, auth.identity, auth.nonce, auth.created)
      const burned = await store.states.update(tx, keyId, async (before) => {
        const applied = await applyStep(tx, keyId, before, step, clocks.wall)
        const served = await serve(tx, keyId, applied.state, made, clocks.wall)
        // An ordinary refresh leaves every party and key as they were, and the claims too.
        const isOrdinary = claim === undefined && made.kit.record.dealers[1] !== RECOVERY
        const change: ClaimChange = isOrdinary ? { state: served, events: [] } : complete(served, claim)
        await claims.tell(tx, keyId, change.events, clocks.wall)
        const { event, reason } = eventOf(before, claim)
        const { setups } = change.state
        const otSetup = setups.find((setup) => sameId(setup, made.id))?.otSetup
        return {
          state: change.state,
          entries: [
            ...entriesOf(change.events, clocks.wall),
            {
              event,
              time: clocks.wall,
              reason,
              ...(claim && { claim }),
              ...(otSetup !== undefined && { otSetup: fromBase64url(otSetup, 'otSetup', 32) }),
            },
          ],
          result: applied.burned,
        }
      })
      return { answer: made.answer, burned }
    })
    if (done.burned !== undefined) {
      pairs.ended(keyId, done.burned)
      node.metrics.reshares.inc()
      await claims.refresh(keyId)
    }
    return done.answer
  }

  /** Kit and answer of the new share, its credential and its recovery key; dealer 3 lifts the lock. */
  async function serve(
    tx: Tx,
    keyId: Uint8Array,
    state: KeyState,
    { id, holder, kit, answer }: Completed,
    time: number,
  ): Promise<KeyState> {
    await setCommitted(tx, { keyId, ...id }, { kit: encodeKit(kit), committed: answer })
    const isNew = !state.devices.some((device) => device.identity === holder)
    if (isNew) await insertDevice(tx, keyId, fromBase64url(holder, 'identity', 34))
    const byRecovery = kit.record.dealers[1] === RECOVERY
    return {
      ...state,
      actSince: time,
      devices: isNew ? [...state.devices, { identity: holder, created: time, revoked: null }] : state.devices,
      recoveryKey: toBase64url(kit.record.sidInputs.recoveryKey),
      locked: state.locked && !byRecovery,
      strikes: byRecovery ? [] : state.strikes,
    }
  }

  /** The device has the new share in its backup: the old one is deleted. */
  function final(incoming: Incoming, caller: Caller): Promise<Reply> {
    const { epoch, attempt } = decodeMessage('reshare.req4', incoming.body)
    const id = { epoch, attempt }
    return node.exclusively(toBase64url(caller.keyId), async () => {
      const { auth } = incoming
      const now = await store.read((db) => callerOf(store, db, caller.keyId, auth.identity))
      if (now.isRevoked) return ok(statusOf(now.state, id, 'revoked'))
      const about = { id, from: now.identity }
      const answer = ok(encodeMessage('reshare.res4', id))
      if (cosigner.final(now.state.epochs, about).effects.length === 0) return answer
      const burned = await store.write(async (tx) => {
        await recordNonce(tx, auth.identity, auth.nonce, auth.created)
        const time = node.clock.now()
        return store.states.update(tx, now.keyId, async (before) => {
          const step = cosigner.final(before.epochs, about)
          const { state, burned: result } = await applyStep(tx, now.keyId, before, step, time)
          return { state, result, entries: [{ event: 'final', time }] }
        })
      })
      pairs.ended(now.keyId, burned)
      return answer
    })
  }

  return { commit, final }
}

function claimOf({ pending }: KeyState): Uint8Array | undefined {
  return pending?.claim == null ? undefined : fromBase64url(pending.claim, 'claim', 32)
}

/** What the log calls the beginning of an epoch. */
function eventOf(before: KeyState, claim: Uint8Array | undefined): { event: AuditEvent; reason: string } {
  const kind = claim === undefined ? undefined : findClaim(before, claim)?.kind
  if (before.epochs.pend?.kind === 'refresh') return { event: 'refresh', reason: kind ?? 'refresh' }
  return { event: kind === 'device-moved' ? 'move' : 'recovery', reason: kind ?? 'replace' }
}

// How is a reshare prepared at the cosigner? Req1 and Req2; the new share is durable before Res2. (SPEC 5.2, 5.3)

import { type CosignerStep, cosigner, leaving } from '@tercet/protocol/epochs'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { encodeMessage } from '@tercet/protocol/messages'
import { COSIGNER, partyName, RECOVERY } from '@tercet/protocol/party'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { signTagged } from '@tercet/wire/identity'
import { encodeKit } from '@tercet/wire/kit'
import { LIMITS } from '../config.js'
import { createLimiter } from '../limiter.js'
import type { Node } from '../node.js'
import type { Claims } from '../recovery/claims.js'
import { Refusal } from '../refusal.js'
import { type Reply, type Session, Sessions } from '../sessions.js'
import { assertOpen, assertSessionId, firstStep, type Incoming, nextStep, ok } from '../steps.js'
import { applyStep } from '../store/apply.js'
import type { KeyState } from '../store/key-state.js'
import { recordNonce } from '../store/nonces.js'
import type { Tx } from '../store/open.js'
import { insertSetup, type NewSetup } from '../store/setups.js'
import { insertShare, kitOf, sealedShare } from '../store/shares.js'
import { hashOf, statusOf } from './answers.js'
import { type Caller, callerOf } from './callers.js'
import { type Asked, type IsSuccessor, isOffered, judge, readRequest, transcriptOfBase } from './requests.js'

/** What the worker made of Req2. */
interface Dealt {
  readonly record: KeyRecord
  /** Absent at a cosigner that leaves. */
  readonly sealedShare: Uint8Array | undefined
  /** Of a refresh. */
  readonly otSetup: NewSetup | undefined
}

const NOT_YET = new Uint8Array(64)

export function createPrepare(node: Node, claims: Claims, isSuccessor: IsSuccessor) {
  const { store, engine, identity } = node
  const sessions = new Sessions<Asked>(
    { kept: LIMITS.keptSessions, open: LIMITS.openReshares, openPerOwner: LIMITS.openResharesPerKey },
    node.clock.monotonic,
    ({ id }) => void engine.run('reshare.drop', { handle: id }).catch(() => undefined),
  )
  const limit = createLimiter(LIMITS.resharesPerHour, 3600, node.clock.monotonic)

  async function start(incoming: Incoming, caller: Caller): Promise<Reply> {
    const asked = readRequest(incoming.body, caller)
    const { keyId, state } = caller
    assertSessionId(node, incoming, 'reshare', asked.message.nonce)
    const wallet = toBase64url(keyId)
    const session = toBase64url(incoming.auth.context.sessionId)
    if (sessions.find(session, caller.identity) === undefined) {
      const judged = judge(caller, asked, await store.read(claims.clocksOf), isSuccessor)
      if (judged.refused !== undefined) return ok(statusOf(state, asked.id, 'refused'))
      // By who asks: a thief with a device must not use up what the owner of the recovery key may do.
      limit(`${wallet}.${caller.identity}`)
      sessions.endWhere((own) => own.wallet === wallet && own.device === caller.identity, 'unknown-session')
    }
    const opening = {
      opType: 'reshare',
      nonce: asked.message.nonce,
      wallet,
      data: asked,
      seconds: LIMITS.reshareSeconds,
    } as const
    return firstStep(node, sessions, incoming, opening, (opened) => answer(opened, caller, incoming.body))
  }

  async function answer(session: Session<Asked>, caller: Caller, body: Uint8Array): Promise<Uint8Array> {
    const asked = session.data
    const { keyId, state } = caller
    const { recoveryKey, initiator } = judge(caller, asked, await store.read(claims.clocksOf), isSuccessor)
    const generation = { keyId, ...asked.base }
    const transcript = transcriptOfBase(state, asked.base)
    if (transcript === undefined) throw new Refusal('mismatch', { field: 'base' })
    if (asked.kind !== 'refresh') {
      const trBase = fromBase64url(transcript, 'transcript', 32)
      const offered = await isOffered(keyId, trBase, asked.id, asked.message)
      if (!offered) throw new ProtocolAbort('newcomer')
    }
    const kit = await kitOf(store, generation)
    const share = await sealedShare(store, generation)
    const input = { handle: session.id, body, generation, sealedShare: share, kit, recoveryKey }
    assertOpen(session)
    if (asked.kind === 'refresh') return (await engine.run('reshare.answerRefresh', input)).send
    const { newcomer } = asked
    return (await engine.run('reshare.answerReplace', { ...input, initiator, newcomer })).send
  }

  function deal(incoming: Incoming, { keyId }: Caller): Promise<Reply> {
    return nextStep(node, sessions, incoming, toBase64url(keyId), true, async (session) => {
      const { data: asked, id: handle } = session
      const input = { handle, body: incoming.body }
      if (asked.kind === 'refresh') {
        const made = await engine.run('reshare.dealRefresh', input)
        const signature = await signed(keyId, made.record)
        const refused = await storePend(incoming, session, keyId, made, signature)
        return refused ?? encodeMessage('refresh.res2', { ...made.fields, signature })
      }
      const made = await engine.run('reshare.dealReplace', input)
      // A cosigner that leaves signs nothing of the new epoch.
      const signature = asked.kind === 'operator' ? NOT_YET : await signed(keyId, made.record)
      const refused = await storePend(incoming, session, keyId, { ...made, otSetup: undefined }, signature)
      return refused ?? encodeMessage('replace.res2', { ...made.fields, signature })
    })
  }

  function signed(keyId: Uint8Array, { transcript }: KeyRecord): Promise<Uint8Array> {
    return signTagged(identity, 'sig/tr', partyName(COSIGNER), keyId, transcript)
  }

  /** PREPARED is durable when this resolves; a status to answer with instead where the guard says no by now. */
  function storePend(
    incoming: Incoming,
    session: Session<Asked>,
    keyId: Uint8Array,
    dealt: Dealt,
    signature: Uint8Array,
  ): Promise<Uint8Array | undefined> {
    const asked = session.data
    return store.write(async (tx) => {
      // Everything is read again: much may have happened since Req1.
      const { auth } = incoming
      const caller = await callerOf(store, tx, keyId, auth.identity)
      assertOpen(session)
      if (caller.isRevoked) return statusOf(caller.state, asked.id, 'revoked')
      const judged = judge(caller, asked, await claims.clocksOf(tx), isSuccessor)
      if (judged.refused !== undefined) return statusOf(caller.state, asked.id, 'refused')
      await recordNonce(tx, auth.identity, auth.nonce, auth.created)
      const time = node.clock.now()
      await store.states.update(tx, keyId, async (before) => {
        const step = pendOf(before, asked, keyId, dealt.record, isSuccessor)
        const { state } = await applyStep(tx, keyId, before, step, time)
        const kit = draftOf(dealt, signature)
        const after = await insertPend(tx, keyId, state, dealt, kit, time)
        const { claim } = asked
        const pending = { claim: claim === undefined ? null : toBase64url(claim), kit: hashOf(kit) }
        return {
          state: { ...after, pending },
          entries: [{ event: 'prepared', time, reason: asked.kind, ...(claim && { claim }) }],
          result: undefined,
        }
      })
      return undefined
    })
  }

  async function insertPend(
    tx: Tx,
    keyId: Uint8Array,
    state: KeyState,
    { record, sealedShare: sealed, otSetup }: Dealt,
    kit: Uint8Array,
    time: number,
  ): Promise<KeyState> {
    if (sealed === undefined) return state
    const generation = { keyId, epoch: record.epoch, attempt: record.attempt }
    await insertShare(tx, generation, { sealedShare: sealed, kit })
    return otSetup === undefined ? state : insertSetup(tx, state, generation, otSetup, time)
  }

  return { start, deal, sessions }
}

/** What the other parties sign comes with COMMIT; the kit is complete then. */
function draftOf({ record }: Dealt, cosignerSignature: Uint8Array): Uint8Array {
  const recovery = record.dealers[1] === RECOVERY ? { recovery: NOT_YET } : {}
  const signatures = { device: NOT_YET, cosigner: cosignerSignature, ...recovery }
  return encodeKit({ record, signatures, node: { address: '', signature: NOT_YET } })
}

/** The step that makes it pending; the guard was asked in the same transaction. */
function pendOf(
  { epochs }: KeyState,
  asked: Asked,
  keyId: Uint8Array,
  record: KeyRecord,
  isSuccessor: IsSuccessor,
): CosignerStep<unknown> {
  const { base, id, from } = asked
  const transcript = toBase64url(record.transcript)
  if (asked.kind === 'operator') {
    const successor = toBase64url(asked.newcomer.identity)
    const configured = { isSuccessor: isSuccessor(keyId, asked.newcomer.identity) }
    return leaving.prepare(epochs, { base, id, from, successor, transcript }, configured)
  }
  const newHolder = asked.kind === 'refresh' ? from : toBase64url(asked.newcomer.identity)
  const { kind } = asked
  return cosigner.prepare(epochs, { kind, base, id, from, newHolder, transcript }, { delayOver: true })
}

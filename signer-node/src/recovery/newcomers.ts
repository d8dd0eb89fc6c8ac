// How does this node take over a key from another: offer, hand-over, COMMIT, and what if it is given up? (SPEC 5.3)

import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '@tercet/protocol/bytes'
import { type JoiningEpochs, joining, type ShareId, sameId } from '@tercet/protocol/epochs'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { decodeMessage, encodeMessage, type MessageOf } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE, partyName, RECOVERY } from '@tercet/protocol/party'
import { u64be } from '@tercet/protocol/transcript'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { recoveryIdentity, signTagged, verifyTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit, type Kit } from '@tercet/wire/kit'
import { signOffer } from '@tercet/wire/offer'
import { LIMITS } from '../config.js'
import { createLimiter } from '../limiter.js'
import type { Node } from '../node.js'
import { Refusal } from '../refusal.js'
import { type Reply, Sessions } from '../sessions.js'
import { assertOpen, assertSessionId, firstStep, type Incoming, nextStep, ok } from '../steps.js'
import type { KeyState } from '../store/key-state.js'
import { recordNonce } from '../store/nonces.js'
import type { Tx } from '../store/open.js'
import { assertBase, consents, dealtByRecovery } from './consent.js'
import { insertJoined } from './joined.js'
import { type HandedOver, type JoinState, type KnownJoin, readJoin, writeJoin } from './joining.js'

const NO_SIGNATURE = new Uint8Array(64)

interface Invited {
  readonly invitation: MessageOf<'newcomer.req1'>
}

export function createNewcomers(node: Node) {
  const { store, engine, identity, clock } = node
  const limitSource = createLimiter(LIMITS.keygenStartsPerMinute, 60, clock.monotonic)
  const sessions = new Sessions<Invited>(
    {
      kept: LIMITS.keptSessions,
      open: LIMITS.openKeygens,
      openPerOwner: LIMITS.openKeygensPerDevice,
      safeSeconds: LIMITS.keygenSafeSeconds,
      safeUnstartedSeconds: LIMITS.keygenUnstartedSeconds,
    },
    clock.monotonic,
    ({ id }) => void engine.run('newcomer.drop', { handle: id }).catch(() => undefined),
  )

  /** The state of a key that this node serves or has handed over. */
  function anyState(keyId: Uint8Array): Promise<KeyState | undefined> {
    return store.read((db) => store.states.read(db, keyId))
  }

  /** An encryption key of this node for the new share, signed. */
  async function offer(incoming: Incoming): Promise<Reply> {
    const invitation = decodeMessage('newcomer.req1', incoming.body)
    const { nonce, keyId, party, transcriptBase, epoch, attempt } = invitation
    assertKey(incoming, keyId)
    if (party !== 'cosigner') throw new Refusal('mismatch', { field: 'party' })
    const { context, identity: device } = incoming.auth
    // Identities cost nothing, so it is the network that is counted; a repeat is no new start.
    if (sessions.find(toBase64url(context.sessionId), toBase64url(device)) === undefined) {
      limitSource(incoming.source)
    }
    const data = { invitation }
    const opening = { opType: 'reshare', nonce, wallet: '', data, seconds: LIMITS.keygenSeconds } as const
    return firstStep<Invited>(node, sessions, incoming, opening, async ({ id }) => {
      const own = identity.publicIdentity
      const input = { handle: id, body: incoming.body, identity: own }
      const { sealKey } = await engine.run('newcomer.offer', input)
      const terms = { keyId, transcriptBase, epoch, attempt, party: COSIGNER, sealKey } as const
      const signature = await signOffer(identity, terms)
      return encodeMessage('newcomer.res1', { identity: own, sealKey, signature })
    })
  }

  /** Every check of a receiver; the share is durable before the answer leaves. */
  function accept(incoming: Incoming): Promise<Reply> {
    return nextStep(node, sessions, incoming, '', true, async (session) => {
      const message = decodeMessage('newcomer.req2', incoming.body)
      const { invitation } = session.data
      const base = decodeKit(message.baseKit)
      await assertBase(base, invitation.keyId, incoming.auth.identity)
      assertOpen(session)
      const made = await engine.run('newcomer.accept', { handle: session.id, body: incoming.body })
      const { record } = made
      const { keyId, transcript } = record
      if (record.dealers[1] === RECOVERY && !(await dealtByRecovery(record, message.dealerSignature))) {
        throw new ProtocolAbort('transcript')
      }
      const signature = await signTagged(identity, 'sig/tr', partyName(COSIGNER), keyId, transcript)
      const kit = encodeKit({
        record,
        signatures: {
          device: NO_SIGNATURE,
          cosigner: signature,
          ...(record.dealers[1] === RECOVERY && { recovery: message.dealerSignature }),
        },
        node: {
          address: node.address,
          signature: await signTagged(identity, 'sig/node', keyId, node.address),
        },
      })
      await receive(incoming, base.record, record, { sealed: made.sealedShare, kit })
      return encodeMessage('newcomer.res2', { ...made.fields, signature })
    })
  }

  async function receive(incoming: Incoming, base: KeyRecord, record: KeyRecord, handed: HandedOver) {
    const { keyId } = record
    const time = clock.now()
    const holder = toBase64url(incoming.auth.identity)
    await store.write(async (tx) => {
      // A key that this node has or had is not taken again. Nobody hears so for the asking: it takes a whole hand-over.
      if ((await store.states.read(tx, keyId)) !== undefined) throw new Refusal('conflict')
      const known = await readJoin(store, tx, keyId, time)
      const epochs = joining.receive(known?.epochs ?? joining.first, {
        base,
        id: { epoch: record.epoch, attempt: record.attempt },
        from: holder,
        transcript: toBase64url(record.transcript),
      })
      if (epochs === null) throw new Refusal('mismatch', { field: 'attempt' })
      await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
      const state: JoinState = {
        epochs,
        holder,
        recovery: toBase64url(recoveryIdentity(record.sidInputs.recoveryKey)),
        since: time,
        kit: toBase64url(sha256(handed.kit)),
      }
      await writeJoin(store, tx, keyId, state, { event: 'handed-over', time }, handed)
    })
  }

  /** COMMIT: from its transaction on this node serves the key. It needs no session, so that it survives a restart. */
  async function commit(incoming: Incoming): Promise<Reply> {
    const message = decodeMessage('newcomer.req3', incoming.body)
    const { keyId } = incoming.auth.context
    const id = { epoch: message.epoch, attempt: message.attempt }
    return node.exclusively(toBase64url(keyId), async () => {
      const served = await anyState(keyId)
      if (served !== undefined) return whenServed(incoming, keyId, served, id)
      const known = await store.read((db) => readJoin(store, db, keyId, clock.now()))
      if (known === undefined || !isKnown(known, incoming)) throw new Refusal('not-found')
      const { consent, kit } = await judge(message, known, incoming)
      const transcript = toBase64url(message.transcript)
      const from = toBase64url(incoming.auth.identity)
      const step = joining.commit(known.epochs, { id, from, transcript, consent })
      if (!step.serves || known.handed === undefined || kit === undefined) {
        if (known.isExpired) await store.write((tx) => forget(tx, keyId, known))
        return ok(await statusOf(keyId, id, step.answer.type === 'never' ? 'never' : 'not-yet'))
      }
      const generation = { keyId, ...id }
      const { sealed } = known.handed
      await engine.run('newcomer.confirm', { generation, sealedShare: sealed, body: incoming.body })
      const active = await signTagged(identity, 'sig/active', keyId, message.transcript)
      const { address, signature: addressSignature } = kit.node
      const nodeAddress = new TextEncoder().encode(address)
      const answer = encodeMessage('newcomer.res3', { ...id, active, addressSignature, nodeAddress })
      const { signatures } = kit
      const whole = encodeKit({ ...kit, signatures: { ...signatures, device: message.signature } })
      await store.write(async (tx) => {
        await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
        await insertJoined(store, tx, step.state, { sealed, kit: whole }, kit.record, answer, clock.now())
      })
      node.metrics.keygens.inc()
      return ok(answer)
    })
  }

  /** Checks the signatures of a COMMIT of what is pending. @throws ProtocolAbort for a device that did not sign */
  async function judge(
    message: MessageOf<'newcomer.req3'>,
    { epochs, handed }: KnownJoin,
    incoming: Incoming,
  ): Promise<{ readonly consent: boolean; readonly kit?: Kit }> {
    const { pend } = epochs
    // Of what is not pending any more, NEVER is said, whoever signed what.
    if (pend === null || handed === undefined || !sameId(pend.id, message)) return { consent: false }
    const kit = decodeKit(handed.kit)
    const { keyId, transcript } = kit.record
    const { signature, dealerSignature } = message
    const signed = ['sig/tr', partyName(DEVICE), keyId, transcript] as const
    if (!(await verifyTagged(incoming.auth.identity, signature, ...signed)))
      throw new ProtocolAbort('transcript')
    return { consent: await consents(kit.record, dealerSignature, identity.publicIdentity), kit }
  }

  /** ABANDON: unless it was committed it never will be. */
  async function abandon(incoming: Incoming): Promise<Reply> {
    const { keyId, ...id } = decodeMessage('newcomer.abandon', incoming.body)
    assertKey(incoming, keyId)
    assertSessionId(node, incoming, 'reshare', incoming.auth.nonce)
    return node.exclusively(toBase64url(keyId), async () => {
      const served = await anyState(keyId)
      if (served !== undefined) return whenServed(incoming, keyId, served, id)
      const time = clock.now()
      const answer = await store.write(async (tx) => {
        const known = await readJoin(store, tx, keyId, time)
        if (known === undefined || !isKnown(known, incoming)) throw new Refusal('not-found')
        const { state: epochs, answer: said } = joining.abandon(known.epochs, id)
        const changes = known.isExpired || isPending(known.epochs) !== isPending(epochs)
        if (changes) await forget(tx, keyId, { ...known, epochs })
        return said
      })
      return ok(await statusOf(keyId, id, answer.type))
    })
  }

  /** What was handed over is erased before anybody is told that it never will be committed. */
  function forget(tx: Tx, keyId: Uint8Array, state: JoinState): Promise<void> {
    return writeJoin(store, tx, keyId, state, { event: 'abandoned', time: clock.now() })
  }

  /** What a node that has the key says of the change that brought it here: the same for ever. */
  async function whenServed(
    incoming: Incoming,
    keyId: Uint8Array,
    state: KeyState,
    id: ShareId,
  ): Promise<Reply> {
    const name = toBase64url(incoming.auth.identity)
    const isDevice = state.devices.some((device) => device.identity === name)
    const isRecovery = name === toBase64url(recoveryIdentity(fromBase64url(state.recoveryKey, 'K', 33)))
    if (!isDevice && !isRecovery) throw new Refusal('not-found')
    const { type } = joining.joined(state.epochs, id)
    if (type !== 'committed') return ok(await statusOf(keyId, id, type))
    const row = await store.read((db) =>
      db
        .selectFrom('keys')
        .select(['confirmation', 'transcript'])
        .where('key_id', '=', keyId)
        .executeTakeFirstOrThrow(),
    )
    if (incoming.auth.context.step !== 1) return ok(row.confirmation)
    const { active } = decodeMessage('newcomer.res3', row.confirmation)
    const status = { ...id, status: 'committed', transcript: row.transcript, signature: active } as const
    return ok(encodeMessage('newcomer.status', status))
  }

  /** `never` is signed for the old node to read; `not-yet` says nothing for good. */
  async function statusOf(keyId: Uint8Array, id: ShareId, status: 'never' | 'not-yet'): Promise<Uint8Array> {
    const signature =
      status === 'never'
        ? await signTagged(identity, 'sig/never', keyId, u64be(id.epoch), u64be(id.attempt))
        : NO_SIGNATURE
    return encodeMessage('newcomer.status', { ...id, status, transcript: new Uint8Array(32), signature })
  }

  return { offer, accept, commit, abandon, sessions }
}

/** @throws Refusal `mismatch` */
function assertKey({ auth }: Incoming, keyId: Uint8Array): void {
  if (!equalBytes(auth.context.keyId, keyId)) throw new Refusal('mismatch', { field: 'context.key-id' })
}

function isKnown({ holder, recovery }: JoinState, { auth }: Incoming): boolean {
  const name = toBase64url(auth.identity)
  return name === holder || name === recovery
}

function isPending({ pend }: JoiningEpochs): boolean {
  return pend !== null
}

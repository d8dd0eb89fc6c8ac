// How does a key come to be? (SPEC 1.2)

import { ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE, partyName } from '@tercet/protocol/party'
import { toBase64url } from '@tercet/wire/base64url'
import { signTagged, verifyTagged } from '@tercet/wire/identity'
import { encodeKit } from '@tercet/wire/kit'
import { builtInPolicyOf } from '@tercet/wire/policy'
import { LIMITS } from './config.js'
import { createLimiter } from './limiter.js'
import type { Node } from './node.js'
import { Refusal } from './refusal.js'
import { type Reply, Sessions } from './sessions.js'
import { assertOpen, firstStep, type Incoming, nextStep, ok } from './steps.js'
import { recordNonce } from './store/nonces.js'
import { confirmationOf, insertWallet } from './store/wallets.js'

interface KeygenData {
  keyId?: Uint8Array
  transcript?: Uint8Array
  /** The node's own signature on Tr; part of the kit. */
  signature?: Uint8Array
}

/** Key generation, three exchanges. Nothing is durable before the third. */
export function createKeygen(node: Node) {
  const sessions = new Sessions<KeygenData>(
    {
      kept: LIMITS.keptSessions,
      open: LIMITS.openKeygens,
      openPerOwner: LIMITS.openKeygensPerDevice,
      safeSeconds: LIMITS.keygenSafeSeconds,
      safeUnstartedSeconds: LIMITS.keygenUnstartedSeconds,
    },
    node.clock.monotonic,
    ({ id }) => void node.engine.run('setup.drop', { handle: id }).catch(() => undefined),
  )
  const { identity, engine } = node
  const limitSource = createLimiter(LIMITS.keygenStartsPerMinute, 60, node.clock.monotonic)

  async function start(incoming: Incoming): Promise<Reply> {
    const { nonce, policyHash } = decodeMessage('keygen.req1', incoming.body)
    if (builtInPolicyOf(policyHash) === undefined) throw new Refusal('mismatch', { field: 'policyHash' })
    const { context, identity: device } = incoming.auth
    // Identities cost nothing, so it is the network that is counted; a repeat is no new start.
    const known = sessions.find(toBase64url(context.sessionId), toBase64url(device))
    if (known === undefined) limitSource(incoming.source)
    const opening = { opType: 'keygen', nonce, wallet: '', data: {}, seconds: LIMITS.keygenSeconds } as const
    return firstStep<KeygenData>(node, sessions, incoming, opening, async ({ id }) => {
      const { send } = await engine.run('keygen.answer', {
        handle: id,
        body: incoming.body,
        idDevice: incoming.auth.identity,
        idCosigner: identity.publicIdentity,
        policyHash,
      })
      return send
    })
  }

  function open(incoming: Incoming): Promise<Reply> {
    return nextStep(node, sessions, incoming, '', false, async ({ id, data }) => {
      const input = { handle: id, body: incoming.body }
      const { fields, keyId, transcript } = await engine.run('keygen.deal', input)
      const signature = await signTagged(identity, 'sig/tr', partyName(COSIGNER), keyId, transcript)
      Object.assign(data, { keyId, transcript, signature })
      return encodeMessage('keygen.res2', { ...fields, signature })
    })
  }

  /** Idempotent for ever by (Tr, idD): a key that is ACTIVE is confirmed again with the same bytes. */
  async function confirm(incoming: Incoming): Promise<Reply> {
    const device = incoming.auth.identity
    const message = decodeMessage('keygen.req3', incoming.body)
    const known = await confirmationOf(node.store, device, message.transcript)
    if (known !== undefined) return ok(known)
    return nextStep(node, sessions, incoming, '', true, async (session) => {
      const { id, data } = session
      const { keyId, transcript, signature } = data
      if (!keyId || !transcript || !signature) throw new Refusal('unknown-session')
      const role = partyName(DEVICE)
      if (!(await verifyTagged(device, message.signature, 'sig/tr', role, keyId, transcript))) {
        throw new ProtocolAbort('transcript')
      }
      assertOpen(session)
      const made = await engine.run('keygen.confirm', { handle: id, body: incoming.body })
      const { address } = node
      const active = await signTagged(identity, 'sig/active', keyId, transcript)
      const addressSignature = await signTagged(identity, 'sig/node', keyId, address)
      const nodeAddress = new TextEncoder().encode(address)
      const confirmation = encodeMessage('keygen.res3', { active, addressSignature, nodeAddress })
      const { record, recoveryKey, sealedShare, otSetup } = made
      const { policyHash } = record.sidInputs
      const kit = encodeKit({
        record,
        signatures: { device: message.signature, cosigner: signature },
        node: { address, signature: addressSignature },
      })
      const created = node.clock.now()
      await node.store.write(async (tx) => {
        await recordNonce(tx, device, incoming.auth.nonce, incoming.auth.created)
        await insertWallet(node.store, tx, {
          keyId,
          device,
          publicKey: record.publicKey,
          chainCode: record.chainCode,
          recoveryKey,
          transcript,
          policyHash,
          sealedShare,
          kit,
          confirmation,
          otSetup,
          created,
        })
      })
      node.metrics.keygens.inc()
      return confirmation
    })
  }

  return { start, open, confirm, sessions }
}

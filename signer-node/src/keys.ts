// How does a key come to be, and how does its pair get a new OT setup? (SPEC 1.2, 2.5)

import { ProtocolAbort } from '@tercet/protocol/errors'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE, partyName } from '@tercet/protocol/party'
import { toBase64url } from '@tercet/wire/base64url'
import { signTagged, verifyTagged } from '@tercet/wire/identity'
import { encodeKit } from '@tercet/wire/kit'
import { append } from './audit/log.js'
import { LIMITS } from './config.js'
import type { Node } from './node.js'
import type { Pairs } from './pairs.js'
import { Refusal } from './refusal.js'
import { type Reply, type Session, Sessions } from './sessions.js'
import { assertSessionId, firstStep, type Incoming, nextStep, ok } from './steps.js'
import {
  burnSetups,
  confirmationOf,
  findWallet,
  insertSetup,
  insertWallet,
  recordNonce,
  sealedShare,
  type Wallet,
} from './store/wallets.js'

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
    },
    node.clock.monotonic,
    ({ id }) => void node.engine.run('setup.drop', { handle: id }).catch(() => undefined),
  )
  const { identity, engine } = node

  async function start(incoming: Incoming): Promise<Reply> {
    const { nonce, policyHash } = decodeMessage('keygen.req1', incoming.body)
    if (Buffer.compare(policyHash, node.policyHash) !== 0)
      throw new Refusal('mismatch', { field: 'policyHash' })
    const opening = { opType: 'keygen', nonce, wallet: '', data: {}, seconds: LIMITS.keygenSeconds } as const
    return firstStep<KeygenData>(node, sessions, incoming, opening, async ({ id }) => {
      const { send } = await engine.run('keygen.answer', {
        handle: id,
        body: incoming.body,
        idDevice: incoming.auth.identity,
        idCosigner: identity.publicIdentity,
        policyHash: node.policyHash,
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
    return nextStep(node, sessions, incoming, '', true, async ({ id, data }) => {
      const { keyId, transcript, signature } = data
      if (!keyId || !transcript || !signature) throw new Refusal('unknown-session')
      const role = partyName(DEVICE)
      if (!(await verifyTagged(device, message.signature, 'sig/tr', role, keyId, transcript))) {
        throw new ProtocolAbort('transcript')
      }
      const made = await engine.run('keygen.confirm', { handle: id, body: incoming.body })
      const { address } = node
      const active = await signTagged(identity, 'sig/active', keyId, transcript)
      const addressSignature = await signTagged(identity, 'sig/node', keyId, address)
      const nodeAddress = new TextEncoder().encode(address)
      const confirmation = encodeMessage('keygen.res3', { active, addressSignature, nodeAddress })
      const { record, recoveryKey, sealedShare, otSetup } = made
      const kit = encodeKit({
        record,
        signatures: { device: message.signature, cosigner: signature },
        node: { address, signature: addressSignature },
      })
      const created = node.clock.now()
      await node.store.write(async (tx) => {
        await recordNonce(tx, device, incoming.auth.nonce, incoming.auth.created)
        await insertWallet(tx, {
          keyId,
          epoch: record.epoch,
          attempt: record.attempt,
          device,
          publicKey: record.publicKey,
          chainCode: record.chainCode,
          recoveryKey,
          transcript,
          policyHash: node.policyHash,
          sealedShare,
          kit,
          confirmation,
          otSetup,
          created,
        })
        await append(tx, { event: 'keygen', time: created, keyId, policyHash: node.policyHash })
      })
      node.metrics.keygens.inc()
      return confirmation
    })
  }

  return { start, open, confirm, sessions }
}

/** New OT setups for a pair: after a burn, on rotation, on mismatch. One in flight a wallet. */
export function createOtSetups(node: Node, pairs: Pairs) {
  const sessions = new Sessions<Wallet>(
    { kept: LIMITS.keptSessions, open: LIMITS.openSessions, openPerOwner: 1 },
    node.clock.monotonic,
    ({ id }) => void node.engine.run('setup.drop', { handle: id }).catch(() => undefined),
  )
  const recent = new Map<string, number[]>()

  /** @throws Refusal `rate-limited` */
  function limit(wallet: string): void {
    const now = node.clock.monotonic()
    const hour = 3_600_000
    for (const [name, times] of recent) if ((times.at(-1) ?? 0) < now - hour) recent.delete(name)
    const times = (recent.get(wallet) ?? []).filter((time) => time > now - hour)
    if (times.length >= LIMITS.otSetupsPerHour) throw new Refusal('rate-limited', { retryAfterSeconds: 600 })
    recent.set(wallet, [...times, now])
  }

  async function start(incoming: Incoming, wallet: Wallet): Promise<Reply> {
    const { nonce, reason } = decodeMessage('ot.req1', incoming.body)
    assertSessionId(node, incoming, 'ot', nonce)
    const name = toBase64url(wallet.keyId)
    const session = toBase64url(incoming.auth.context.sessionId)
    if (wallet.locked) throw new Refusal('locked')
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
    return firstStep(node, sessions, incoming, opening, async ({ id }) => {
      if (reason === 'peer-fault') await burnForPeer(incoming, wallet)
      const share = await sealedShare(node.store, wallet)
      const input = { handle: id, body: incoming.body, generation: generationOf(wallet), sealedShare: share }
      return (await node.engine.run('ot.answer', input)).send
    })
  }

  /** The device saw our half cheat: the setup goes, and the device gets no strike for saying so. (SPEC 3.5) */
  function burnForPeer(incoming: Incoming, wallet: Wallet): Promise<void> {
    return node.exclusively(toBase64url(wallet.keyId), async () => {
      const time = node.clock.now()
      const burned = await node.store.write(async (tx) => {
        await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
        await append(tx, { event: 'burn', time, keyId: wallet.keyId, reason: 'peer-fault' })
        return burnSetups(tx, wallet)
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
        const now = await findWallet(node.store, wallet.keyId, wallet.device)
        if (now.locked) throw new Refusal('locked')
        if (!session.open) throw new Refusal(session.ended)
        if (now.epoch !== session.data.epoch || now.attempt !== session.data.attempt) {
          throw new Refusal('mismatch', { field: 'epoch' })
        }
        const burned = await node.store.write(async (tx) => {
          await recordNonce(tx, incoming.auth.identity, incoming.auth.nonce, incoming.auth.created)
          const before = await burnSetups(tx, wallet)
          await insertSetup(tx, wallet, made, time)
          await append(tx, { event: 'ot-setup', time, keyId: wallet.keyId })
          return before
        })
        pairs.burned(wallet.keyId, burned)
        return made.send
      })
    })
  }

  return { start, finish, sessions }
}

function generationOf({ keyId, epoch, attempt }: Wallet) {
  return { keyId, epoch, attempt }
}

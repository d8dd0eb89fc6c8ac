// How does a device carry a wallet from one node to another, message by message, with the old node or without it? (SPEC 5.3)

import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage, MESSAGES } from '@tercet/protocol/messages'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import * as reshare from '@tercet/protocol/reshare'
import { sessionId } from '@tercet/protocol/session'
import { u32be, u64be } from '@tercet/protocol/transcript'
import { fromBase64url } from '@tercet/wire/base64url'
import type { EndpointName } from '@tercet/wire/endpoints'
import { recoverySigner, signTagged, verifyTagged } from '@tercet/wire/identity'
import type { NodeProcess } from '../support/node-process.js'
import { type Answer, expectOk, RawDevice, type RawWallet, random, sha256 } from './raw-device.js'
import { statusIn } from './raw-reshare.js'

const NO_SIGNATURE = new Uint8Array(64)

/** The same device, as it speaks with another node. */
export function at({ device }: RawWallet, node: NodeProcess): RawDevice {
  return new RawDevice(node.url, fromBase64url(node.identity, 'identity', 34), device.identity)
}

/** A wallet that was handed over and not committed yet. */
export interface HandedOver {
  readonly id: reshare.ShareId
  readonly session: Uint8Array
  readonly previous: Uint8Array
  /** The wallet at its new node, once it is committed. */
  readonly next: RawWallet
  /** Kappa's on Tr' where the recovery share dealt. */
  readonly dealerSignature: Uint8Array | undefined
}

/** A message of a step of its own, named by the nonce of its HTTP signature. */
export function single(
  device: RawDevice,
  wallet: RawWallet,
  name: EndpointName,
  body: Uint8Array,
): Promise<Answer> {
  const nonce = random(32)
  const session = sessionId('reshare', nonce, device.identity.publicIdentity, device.node)
  return device.send(name, { session, wallet }, body, { nonce })
}

/** The new node's offer, for a base that the wallet holds. */
export async function invite(wallet: RawWallet, to: NodeProcess, id: reshare.ShareId) {
  const device = at(wallet, to)
  const { keyId, transcript: transcriptBase } = wallet.record
  const nonce = random(32)
  const session = sessionId('reshare', nonce, device.identity.publicIdentity, device.node)
  const invitation = encodeMessage('newcomer.req1', {
    nonce,
    keyId,
    party: 'cosigner',
    transcriptBase,
    ...id,
  })
  const res1 = expectOk(await device.send('newcomers.offer', { session, wallet }, invitation))
  const { identity, sealKey, signature } = decodeMessage('newcomer.res1', res1)
  const ek = [keyId, transcriptBase, u64be(id.epoch), u64be(id.attempt), u32be(2), sealKey] as const
  if (!(await verifyTagged(device.node, signature, 'sig/ek', ...ek))) throw new Error('not its own key')
  return {
    device,
    session,
    previous: sha256(res1),
    newcomer: { party: 2, identity, sealKey, signature } as const,
  }
}

/** The first message of an operator change at the old node, and what follows it. */
export async function askToLeave(wallet: RawWallet, to: NodeProcess, attempt: number) {
  const id = { epoch: wallet.share.epoch + 1, attempt }
  const invited = await invite(wallet, to, id)
  const { share, record, device } = wallet
  const authorisation = new Uint8Array(32)
  const { newcomer } = invited
  const asked = reshare.startReplace({ share, record, id, responder: 2, newcomer, authorisation }, random)
  const about = { wallet, session: asked.sessionId }
  const answer = await device.send('reshare.start', about, asked.send)
  return { id, invited, asked, about, answer }
}

/** From the first message to the new node's ACK; dealers are the device and the old node. */
export async function handOver(wallet: RawWallet, to: NodeProcess, attempt = 1): Promise<HandedOver> {
  const { id, invited, asked, about, answer } = await askToLeave(wallet, to, attempt)
  const status = statusIn(answer)
  if (status !== undefined) throw new Error(`the old node said ${status.status}`)
  const opened = reshare.openReplace(asked.state, decodeMessage('replace.res1', answer.body), random)
  const dealt = { ...about, previous: sha256(answer.body) }
  const res2 = expectOk(await wallet.device.send('reshare.deal', dealt, opened.send))
  const finished = reshare.finishReplace(opened.state, decodeMessage('replace.res2', res2), random)
  const baseKit = expectOk(await wallet.device.kit(wallet))
  return give(wallet, id, invited, finished, baseKit, undefined)
}

/** The same without the old node: dealers are the device and the recovery share, on one machine here. */
export async function handOverAlone(
  wallet: RawWallet,
  to: NodeProcess,
  baseKit: Uint8Array,
): Promise<HandedOver> {
  const { share, record, kappa } = wallet
  const id = { epoch: share.epoch + 1, attempt: 1 }
  const invited = await invite(wallet, to, id)
  const { newcomer } = invited
  const authorisation = new Uint8Array(32)
  const asked = reshare.startReplace({ share, record, id, responder: 3, newcomer, authorisation }, random)
  const pins = { share: openRecoveryShare(record, kappa), record, initiator: 1, newcomer } as const
  const answered = reshare.answerReplace(pins, decodeMessage('replace.req1', asked.send), random)
  const opened = reshare.openReplace(asked.state, decodeMessage('replace.res1', answered.send), random)
  const dealt = reshare.dealReplace(answered.state, decodeMessage('replace.req2', opened.send), random)
  const Tr = dealt.record.transcript
  const signature = await signTagged(recoverySigner(kappa), 'sig/tr', 'recovery', record.keyId, Tr)
  const res2 = encodeMessage('replace.res2', { ...dealt.send, signature })
  const finished = reshare.finishReplace(opened.state, decodeMessage('replace.res2', res2), random)
  return give(wallet, id, invited, finished, baseKit, signature)
}

async function give(
  wallet: RawWallet,
  id: reshare.ShareId,
  { device, session, previous }: Awaited<ReturnType<typeof invite>>,
  { record, share, handover }: ReturnType<typeof reshare.finishReplace>,
  baseKit: Uint8Array,
  dealerSignature: Uint8Array | undefined,
): Promise<HandedOver> {
  const req2 = encodeMessage('newcomer.req2', {
    ...handover,
    signature: NO_SIGNATURE,
    dealerSignature: dealerSignature ?? NO_SIGNATURE,
    baseKit,
  })
  const ack = expectOk(await device.send('newcomers.accept', { session, previous, wallet }, req2))
  const acknowledged = decodeMessage('newcomer.res2', ack)
  reshare.checkAcknowledgement(record, 2, acknowledged)
  const about = ['sig/tr', 'cosigner', record.keyId, record.transcript] as const
  const [tag, ...parts] = about
  if (!(await verifyTagged(device.node, acknowledged.signature, tag, ...parts)))
    throw new Error('no signature')
  const next = { ...wallet, device, record, share: share as KeyShare }
  return { id, session, previous: sha256(ack), next, dealerSignature }
}

/** RELEASE at the old node; its word for the new one. */
export async function release(wallet: RawWallet, { id, next }: HandedOver): Promise<Answer> {
  const body = encodeMessage('reshare.release', { ...id, transcript: next.record.transcript })
  return single(wallet.device, wallet, 'reshare.release', body)
}

/** COMMIT at the new node, with whatever consent there is. */
export async function commitAt(wallet: RawWallet, handed: HandedOver, consent: Uint8Array): Promise<Answer> {
  const { session, previous, next } = handed
  const { keyId, transcript } = next.record
  const signature = await signTagged(wallet.device.identity, 'sig/tr', 'device', keyId, transcript)
  const fields = { ...reshare.commit(next.share, random), signature, dealerSignature: consent }
  const body = encodeMessage('newcomer.req3', fields)
  return next.device.send('newcomers.commit', { session, previous, wallet }, body)
}

export function abandon(wallet: RawWallet, { id, next }: HandedOver): Promise<Answer> {
  const body = encodeMessage('newcomer.abandon', { keyId: wallet.record.keyId, ...id })
  return single(next.device, wallet, 'newcomers.abandon', body)
}

export function withdraw(wallet: RawWallet, { id }: HandedOver, never: Uint8Array): Promise<Answer> {
  return single(
    wallet.device,
    wallet,
    'reshare.withdraw',
    encodeMessage('reshare.withdraw', { ...id, never }),
  )
}

export function retire(wallet: RawWallet, { id, next }: HandedOver, active: Uint8Array): Promise<Answer> {
  const { transcript } = next.record
  const cosigner = next.device.node
  const body = encodeMessage('reshare.retire', { ...id, cosigner, transcript, active })
  return single(wallet.device, wallet, 'reshare.retire', body)
}

/** What the new node says of an attempt instead of COMMITTED. */
export function joinStatus(answer: Answer): { status: string; signature: Uint8Array } {
  const body = expectOk(answer)
  if (body[1] !== MESSAGES['newcomer.status'].type) return { status: 'answer', signature: NO_SIGNATURE }
  return decodeMessage('newcomer.status', body)
}

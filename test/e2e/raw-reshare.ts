// How does a device, or whoever holds the recovery key, move a wallet to its next epoch, message by message?

import { encodePoint } from '@tercet/protocol/curve'
import type { KeyRecord } from '@tercet/protocol/key-record'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage, MESSAGES, type MessageOf } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { openRecoveryShare } from '@tercet/protocol/recovery-share'
import * as reshare from '@tercet/protocol/reshare'
import { u32be, u64be } from '@tercet/protocol/transcript'
import {
  type Claim,
  type ClaimKind,
  claimHash,
  encodeClaimRequest,
  signAsDevice,
  signClaim,
} from '@tercet/wire/claim'
import { decodeClaimStatus } from '@tercet/wire/claim-status'
import { generateIdentity, recoverySigner, signTagged, verifyTagged } from '@tercet/wire/identity'
import { decodeKit, encodeKit } from '@tercet/wire/kit'
import { type Answer, expectOk, RawDevice, type RawWallet, random, sha256 } from './raw-device.js'

export type Status = MessageOf<'reshare.status'>

const NOTHING = new Uint8Array(64)

/** The status in an answer, or its body if it is none. @throws for a problem */
export function statusIn(answer: Answer): Status | undefined {
  const body = expectOk(answer)
  return body[1] === MESSAGES['reshare.status'].type ? decodeMessage('reshare.status', body) : undefined
}

function expectAnswer(answer: Answer): Uint8Array {
  const status = statusIn(answer)
  if (status !== undefined) throw new Error(`the node said ${status.status}`)
  return answer.body
}

/** A reshare that the node has prepared, and its COMMIT. */
export interface Prepared {
  readonly id: reshare.ShareId
  /** Who runs it. */
  readonly runner: RawDevice
  readonly session: Uint8Array
  readonly previous: Uint8Array
  readonly commit: Uint8Array
  /** The wallet once it is committed. */
  readonly next: RawWallet
  /** The signatures that its kit has. */
  readonly signatures: { device: Uint8Array; cosigner: Uint8Array; recovery?: Uint8Array }
}

export function idAfter({ share }: RawWallet, attempt: number): reshare.ShareId {
  return { epoch: share.epoch + 1, attempt }
}

/** The first message of a refresh. */
export function startRefresh(wallet: RawWallet, attempt = 1, change?: Change) {
  const { share, record, device } = wallet
  const id = idAfter(wallet, attempt)
  const owner = ownerOf(device.identity.publicIdentity)
  const changed = change && {
    recoveryKey: change.recoveryKey,
    recoveryProof: proveRecoveryKey(change.kappa, owner, random),
    authorisation: change.authorisation,
  }
  const started = reshare.startRefresh({ share, record, id, change: changed }, random)
  const about = { wallet, session: started.sessionId }
  return { ...started, id, about, answer: () => device.send('reshare.start', about, started.send) }
}

export interface Change extends ReturnType<typeof newRecoveryKey> {
  readonly authorisation: Uint8Array
}

export function newRecoveryKey() {
  const { kappa, publicKey } = recoveryKeyFromSeed(random(32))
  return { kappa, recoveryKey: publicKey }
}

/** Kind refresh, up to PREPARED. */
export async function prepareRefresh(wallet: RawWallet, attempt = 1, change?: Change): Promise<Prepared> {
  const { device } = wallet
  const started = startRefresh(wallet, attempt, change)
  const res1 = expectAnswer(await started.answer())
  const opened = reshare.openRefresh(started.state, decodeMessage('refresh.res1', res1), random)
  const about = { ...started.about, previous: sha256(res1) }
  const res2 = expectAnswer(await device.send('reshare.deal', about, opened.send))
  const message = decodeMessage('refresh.res2', res2)
  const { share, otSetup, record } = reshare.finishRefresh(opened.state, message).key
  const cosigner = message.signature
  await assertSigned(device.node, cosigner, 'cosigner', record)
  const signature = await signTagged(device.identity, 'sig/tr', 'device', record.keyId, record.transcript)
  const fields = { ...reshare.commit(share, random), signature, dealerSignature: NOTHING }
  return {
    id: started.id,
    runner: device,
    session: started.sessionId,
    previous: sha256(res2),
    commit: encodeMessage('reshare.req3', fields),
    next: { ...wallet, share, otSetup, record, kappa: change?.kappa ?? wallet.kappa },
    signatures: { device: signature, cosigner },
  }
}

/** The recovery machine, as it speaks with the node. */
export function recoveryMachine({ device, kappa }: RawWallet): RawDevice {
  return new RawDevice(device.url, device.node, recoverySigner(kappa))
}

/** A claim, handed in by whoever may. Returns its hash and state. */
export async function claim(
  wallet: RawWallet,
  kind: ClaimKind,
  newDevice: Uint8Array | null,
  by: readonly ('device' | 'recovery')[],
  recoveryKey?: Change['recoveryKey'],
): Promise<{ hash: Uint8Array; state: string }> {
  const machine = recoveryMachine(wallet)
  const asked: Claim = {
    version: 1,
    walletId: wallet.walletId,
    kind,
    newDevice,
    newRecoveryKey: recoveryKey ? encodePoint(recoveryKey) : null,
    nonce: random(32),
    createdAt: Math.floor(Date.now() / 1000),
  }
  const authorities = {
    ...(by.includes('recovery') && { recovery: await signClaim(machine.identity, asked) }),
    ...(by.includes('device') && { device: await signAsDevice(wallet.device.identity, asked) }),
  }
  const sender = by.includes('device') ? wallet.device : machine
  const answer = await sender.control(
    'claims.post',
    wallet,
    encodeClaimRequest({ claim: asked, authorities }),
  )
  return { hash: claimHash(asked), state: decodeClaimStatus(expectOk(answer)).state }
}

/** A replace of the device, run by the old device (moved) or with the recovery key (lost), up to PREPARED and ACK. */
export async function prepareReplace(
  wallet: RawWallet,
  by: 'device' | 'recovery',
  newDevice: RawDevice,
  authorisation: Uint8Array,
  attempt = 1,
): Promise<Prepared> {
  const { started, offered } = await startReplace(wallet, by, newDevice, authorisation, attempt)
  const { runner, about, id } = started
  const res1 = expectAnswer(await started.answer())
  const opened = reshare.openReplace(started.state, decodeMessage('replace.res1', res1), random)
  const dealt = { ...about, previous: sha256(res1) }
  const res2 = expectAnswer(await runner.send('reshare.deal', dealt, opened.send))
  const message = decodeMessage('replace.res2', res2)
  const { record, handover } = reshare.finishReplace(opened.state, message, random)
  await assertSigned(runner.node, message.signature, 'cosigner', record)
  const tr = [record.keyId, record.transcript] as const
  const isRecovery = by === 'recovery'
  const dealerSignature = isRecovery
    ? await signTagged(runner.identity, 'sig/tr', 'recovery', ...tr)
    : NOTHING
  const { signature } = message
  const handed = encodeMessage('newcomer.req2', {
    ...handover,
    signature,
    dealerSignature,
    baseKit: new Uint8Array(0),
  })
  const pins = { record: wallet.record }
  const accepted = reshare.accept(offered.state, pins, decodeMessage('newcomer.req2', handed), random)
  const own = await signTagged(newDevice.identity, 'sig/tr', 'device', ...tr)
  const { transcript, shareProof } = accepted.send
  const fields = { ...id, transcript, shareProof, signature: own, dealerSignature }
  const { share } = accepted.key
  return {
    id,
    runner,
    session: about.session,
    previous: sha256(res2),
    commit: encodeMessage('reshare.req3', fields),
    next: { ...wallet, device: newDevice, share, record },
    signatures: { device: own, cosigner: signature, ...(isRecovery && { recovery: dealerSignature }) },
  }
}

/** The newcomer's offer and the first message of a replace. */
export async function startReplace(
  wallet: RawWallet,
  by: 'device' | 'recovery',
  newDevice: RawDevice,
  authorisation: Uint8Array,
  attempt = 1,
) {
  const { record } = wallet
  const isRecovery = by === 'recovery'
  const runner = isRecovery ? recoveryMachine(wallet) : wallet.device
  const share: KeyShare = isRecovery ? openRecoveryShare(record, wallet.kappa) : wallet.share
  const id = idAfter(wallet, attempt)
  const identity = newDevice.identity.publicIdentity
  const invitation = encodeMessage('newcomer.req1', {
    nonce: random(32),
    keyId: record.keyId,
    party: 'device',
    transcriptBase: record.transcript,
    ...id,
  })
  const offered = reshare.offer(decodeMessage('newcomer.req1', invitation), identity, random)
  const names = [u64be(id.epoch), u64be(id.attempt), u32be(1)] as const
  const ek = [record.keyId, record.transcript, ...names, offered.sealKey] as const
  const signature = await signTagged(newDevice.identity, 'sig/ek', ...ek)
  const newcomer = { party: 1, identity, sealKey: offered.sealKey, signature } as const
  const started = reshare.startReplace({ share, record, id, responder: 2, newcomer, authorisation }, random)
  const about = { wallet, session: started.sessionId }
  const answer = () => runner.send('reshare.start', about, started.send)
  return { offered, started: { ...started, id, runner, about, answer } }
}

/** COMMIT, as often as one likes. */
export function commit(
  { runner, session, previous, commit: body }: Prepared,
  wallet: RawWallet,
): Promise<Answer> {
  return runner.send('reshare.commit', { session, previous, wallet }, body)
}

export function final(wallet: RawWallet, id: reshare.ShareId): Promise<Answer> {
  return wallet.device.send(
    'reshare.final',
    { session: random(32), wallet },
    encodeMessage('reshare.req4', id),
  )
}

/** The OT setup that a replaced wallet begins with. */
export async function firstSetup(wallet: RawWallet): Promise<void> {
  const { device } = wallet
  const started = ot.start(wallet.share, { initiator: 1, responder: 2 }, 'pair', random)
  const session = device.session('ot', started.nonce)
  const res1 = expectOk(await device.send('ot.start', { session, wallet }, started.send))
  const opened = ot.open(started.state, decodeMessage('ot.res1', res1), random)
  const about = { session, wallet, previous: sha256(res1) }
  const res2 = expectOk(await device.send('ot.finish', about, opened.send))
  wallet.otSetup = ot.finish(opened.state, decodeMessage('ot.res2', res2)).otSetup
}

/** A device that has no wallet yet. */
export async function anotherDevice({ device }: RawWallet): Promise<RawDevice> {
  return new RawDevice(device.url, device.node, await generateIdentity())
}

/** The kit that the device has of a committed epoch. */
export function kitOf(prepared: Prepared, committed: Answer): Uint8Array {
  const { nodeAddress, addressSignature } = decodeMessage('reshare.res3', expectOk(committed))
  const address = new TextDecoder().decode(nodeAddress)
  const { next, signatures } = prepared
  const kit = { record: next.record, signatures, node: { address, signature: addressSignature } }
  decodeKit(encodeKit(kit))
  return encodeKit(kit)
}

async function assertSigned(
  identity: Uint8Array,
  signature: Uint8Array,
  role: 'cosigner',
  { keyId, transcript }: KeyRecord,
): Promise<void> {
  if (!(await verifyTagged(identity, signature, 'sig/tr', role, keyId, transcript)))
    throw new Error(`the ${role} did not sign Tr'`)
}

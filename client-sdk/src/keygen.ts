// How does a wallet come into being, and how is a creation that was cut off finished? (SPEC 1.1, 1.2)

import { sha256 } from '@noble/hashes/sha2.js'
import { equalBytes } from '@tercet/protocol/bytes'
import { decodePoint } from '@tercet/protocol/curve'
import { Malformed, ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyRecord } from '@tercet/protocol/key-record'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { COSIGNER, DEVICE, partyName } from '@tercet/protocol/party'
import { ownerOf, verifyRecoveryKey } from '@tercet/protocol/recovery-key'
import { fromBase64url, toBase64url } from '@tercet/wire/base64url'
import { type Identity, signTagged, verifyTagged } from '@tercet/wire/identity'
import type { Kit } from '@tercet/wire/kit'
import { type PolicyDocument, policyHash } from '@tercet/wire/policy'
import { servedKit } from '@tercet/wire/served'
import type { Channel } from './channel.js'
import type { Engine } from './engine/contract.js'
import { codeOf, TercetError } from './errors.js'
import { sendHeld } from './held.js'
import type { Report } from './progress.js'
import {
  forgetConfirmation,
  forgetWallet,
  loadConfirmation,
  storeConfirmed,
  storeNew,
  type WalletMeta,
  type WalletRecords,
} from './records.js'
import { newAge } from './setup-age.js'
import type { DeviceStorage } from './storage/storage.js'

/** The recovery key's public half, and its holder's proof for this device. Bytes, or their base64url. */
export interface RecoveryRegistration {
  /** K, 33 bytes */
  readonly publicKey: string | Uint8Array
  /** 65 bytes, over `TH("owner", idD)` */
  readonly proof: string | Uint8Array
}

/** A registration made beforehand, or asked for once the device's identity is known. */
export type Recovery =
  | RecoveryRegistration
  | ((device: { readonly identity: string }) => Promise<RecoveryRegistration> | RecoveryRegistration)

/** A registration that was checked. */
export interface Registered {
  readonly publicKey: Uint8Array
  readonly proof: Uint8Array
}

/** What a creation works with. */
export interface Creation {
  readonly storage: DeviceStorage
  readonly channel: Channel
  readonly engine: Engine
  readonly report: Report
  readonly signal?: AbortSignal
}

/** Asks for the registration and checks it. @throws TercetError `recovery-key` */
export async function registerRecovery(recovery: Recovery, identity: Identity): Promise<Registered> {
  const device = { identity: toBase64url(identity.publicIdentity) }
  const given = typeof recovery === 'function' ? await recovery(device) : recovery
  try {
    const publicKey = bytesOf(given.publicKey, 'recovery.publicKey', 33)
    const proof = bytesOf(given.proof, 'recovery.proof', 65)
    const K = decodePoint(publicKey, 'recovery.publicKey')
    if (!verifyRecoveryKey(K, ownerOf(identity.publicIdentity), proof)) throw new Malformed('recovery.proof')
    return { publicKey, proof }
  } catch (error) {
    throw new TercetError('recovery-key', {
      cause: error,
      ...(error instanceof Malformed ? { field: error.field } : {}),
    })
  }
}

/** Req1 to Req2 and everything up to the durable store; Req3 is the caller's next step. @throws TercetError */
export async function makeKey(
  creation: Creation,
  recovery: Registered,
  policy: PolicyDocument,
): Promise<{ walletId: string; records: WalletRecords }> {
  const { storage, channel, engine, report, signal } = creation
  const { identity, cosigner, node } = channel.options
  report('start')
  const first = await engine.run('keygenStart', {
    idDevice: identity.publicIdentity,
    idCosigner: cosigner,
    recoveryKey: recovery.publicKey,
    recoveryProof: recovery.proof,
    policyHash: policyHash(policy),
  })
  const session = channel.session({
    opType: 'keygen',
    keyId: new Uint8Array(32),
    epoch: 0,
    sessionId: first.sessionId,
  })
  const response1 = await sendHeld(engine, session, 'keygen.start', first, signal)
  report('open')
  const second = await peerChecked(() =>
    engine.run('keygenOpen', { handle: first.handle, response: response1 }),
  )
  const response2 = await sendHeld(engine, session, 'keygen.open', second, signal)
  report('verify')
  const made = await peerChecked(() =>
    engine.run('keygenFinish', { handle: second.handle, response: response2 }),
  )
  const { keyId, transcript } = made.record
  const theirs = await verifyTagged(
    cosigner,
    made.cosignerSignature,
    'sig/tr',
    partyName(COSIGNER),
    keyId,
    transcript,
  )
  if (!theirs) throw new TercetError('peer-fault', { incident: 'transcript' })

  report('store')
  const ours = await signTagged(identity, 'sig/tr', partyName(DEVICE), keyId, transcript)
  const body = encodeMessage('keygen.req3', { transcript, shareProof: made.shareProof, signature: ours })
  const records: WalletRecords = {
    meta: { stage: 'confirm', node, cosigner, age: newAge(Math.floor(channel.options.clock() / 1000)) },
    share: made.share,
    otSetup: made.otSetup,
    kit: unaddressed(made.record, ours, made.cosignerSignature),
  }
  const walletId = toBase64url(keyId)
  await storeNew(storage, walletId, records, {
    sessionId: first.sessionId,
    previous: sha256(response2),
    body,
  })
  return { walletId, records }
}

/**
 * Sends Req3, the same bytes however often, and stores what the node answers.
 * @throws TercetError; after `unknown-session` the creation is forgotten here too, and a new one begins from nothing
 */
export async function confirmKey(
  creation: Creation,
  walletId: string,
  records: WalletRecords,
): Promise<WalletRecords> {
  const { storage, channel, report, signal } = creation
  report('confirm')
  const { sessionId, previous, body } = await loadConfirmation(storage, walletId)
  const session = channel.session(
    { opType: 'keygen', keyId: new Uint8Array(32), epoch: 0, sessionId },
    previous,
  )
  let response: Uint8Array
  try {
    response = await session.send('keygen.confirm', body, signal)
  } catch (error) {
    if (codeOf(error) === 'unknown-session') await forgetWallet(storage, walletId)
    throw error
  }
  const message = await peerChecked(async () => decodeMessage('keygen.res3', response))
  const kit = await servedKit(records.kit, message)
  if (kit === undefined) throw new TercetError('peer-fault', { incident: 'transcript' })
  const meta: WalletMeta = { ...records.meta, stage: 'test' }
  await storeConfirmed(storage, walletId, meta, kit)
  await forgetConfirmation(storage, walletId)
  return { ...records, meta, kit }
}

/** The identity that a creation insists on. @throws TercetError `untrusted-node` */
export function checkExpected(found: Uint8Array, expected: string | undefined): void {
  if (expected === undefined) return
  if (!equalBytes(found, fromBase64url(expected, 'expectedIdentity'))) throw new TercetError('untrusted-node')
}

/** A kit that lacks the node's address, which comes with Res3. */
function unaddressed(record: KeyRecord, device: Uint8Array, cosigner: Uint8Array): Kit {
  return { record, signatures: { device, cosigner }, node: { address: '', signature: new Uint8Array(64) } }
}

async function peerChecked<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    if (error instanceof Malformed)
      throw new TercetError('peer-fault', { incident: `malformed ${error.field}`, cause: error })
    if (error instanceof ProtocolAbort)
      throw new TercetError('peer-fault', { incident: error.reason, cause: error })
    throw error
  }
}

function bytesOf(value: string | Uint8Array, field: string, length: number): Uint8Array {
  const bytes = typeof value === 'string' ? fromBase64url(value, field) : value.slice()
  if (bytes.length !== length) throw new Malformed(field)
  return bytes
}

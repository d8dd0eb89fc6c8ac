// How does a keygen run between honest programs, with any message exchanged for another?

import { ProtocolAbort } from '@tercet/protocol/errors'
import {
  answer,
  type CosignerAnswered,
  type CosignerDealt,
  confirm,
  type DeviceOpened,
  type DeviceStarted,
  deal,
  finish,
  type KeyMaterial,
  open,
  start,
} from '@tercet/protocol/keygen'
import { decodeMessage, encodeMessage, type FieldsOf } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { ownerOf, proveRecoveryKey, recoveryKeyFromSeed } from '@tercet/protocol/recovery-key'
import { TH } from '@tercet/protocol/transcript'
import { type FixtureWallet, identityVerifies } from './fixture.js'
import { forks } from './signing.js'
import type { Stage } from './stage.js'

/** Where the node says it can be reached. */
const NODE_ADDRESS = new TextEncoder().encode('http://127.0.0.1:1')

/** A keygen between the fixture's identities with a recovery key of its own: a stage for each message. */
export function keygenStages(wallet: FixtureWallet, random: Random): Stage[] {
  const { device, cosigner } = wallet.identities
  const parties = { idDevice: device.id, idCosigner: cosigner.id }
  const policyHash = random(32)
  const { kappa, publicKey: recoveryKey } = recoveryKeyFromSeed(random(32))
  const recoveryProof = proveRecoveryKey(kappa, ownerOf(device.id), random)
  const begun = start({ parties, recoveryKey, recoveryProof, policyHash }, random)
  const started = forks(begun.state)

  const onReq1 = (body: Uint8Array): readonly string[] => {
    const next = answer({ parties, policyHash }, decodeMessage('keygen.req1', body), random)
    return onRes1(started(), next.state, next.send)
  }
  const onRes1 = (d: DeviceStarted, c: CosignerAnswered, body: Uint8Array): readonly string[] => {
    const next = open(d, decodeMessage('keygen.res1', body), random)
    return onReq2(next.state, c, next.send)
  }
  const onReq2 = (d: DeviceOpened, c: CosignerAnswered, body: Uint8Array): readonly string[] => {
    const next = deal(c, decodeMessage('keygen.req2', body), random)
    return onRes2(d, next.state, signedRes2(next.send, next.keyId, next.transcript))
  }
  const signedRes2 = (
    fields: Omit<FieldsOf<'keygen.res2'>, 'signature'>,
    keyId: Uint8Array,
    transcript: Uint8Array,
  ): Uint8Array => {
    const signature = cosigner.sign(TH('sig/tr', 'cosigner', keyId, transcript))
    return encodeMessage('keygen.res2', { ...fields, signature })
  }
  const onRes2 = (d: DeviceOpened, c: CosignerDealt, body: Uint8Array): readonly string[] => {
    const message = decodeMessage('keygen.res2', body)
    const { key, send } = finish(d, message, random)
    const { keyId, transcript } = key.share
    requireSignature(cosigner.id, TH('sig/tr', 'cosigner', keyId, transcript), message.signature)
    return onReq3(key, c, signedReq3(send, keyId, transcript))
  }
  const signedReq3 = (
    fields: Omit<FieldsOf<'keygen.req3'>, 'signature'>,
    keyId: Uint8Array,
    transcript: Uint8Array,
  ): Uint8Array => {
    const signature = device.sign(TH('sig/tr', 'device', keyId, transcript))
    return encodeMessage('keygen.req3', { ...fields, signature })
  }
  const onReq3 = (d: KeyMaterial, c: CosignerDealt, body: Uint8Array): readonly string[] => {
    const message = decodeMessage('keygen.req3', body)
    const key = confirm(c, message)
    const { keyId, transcript } = key.share
    requireSignature(device.id, TH('sig/tr', 'device', keyId, transcript), message.signature)
    return onRes3(d, key, finalBody(key))
  }
  const finalBody = ({ share: { keyId, transcript } }: KeyMaterial): Uint8Array =>
    encodeMessage('keygen.res3', {
      active: cosigner.sign(TH('sig/active', keyId, transcript)),
      addressSignature: cosigner.sign(TH('sig/node', keyId, NODE_ADDRESS)),
      nodeAddress: NODE_ADDRESS,
    })
  const onRes3 = (d: KeyMaterial, c: KeyMaterial, body: Uint8Array): readonly string[] => {
    const message = decodeMessage('keygen.res3', body)
    const { keyId, transcript } = d.share
    requireSignature(cosigner.id, TH('sig/active', keyId, transcript), message.active)
    requireSignature(cosigner.id, TH('sig/node', keyId, message.nodeAddress), message.addressSignature)
    const same =
      d.share.publicKey.equals(c.share.publicKey) &&
      Buffer.from(d.share.transcript).equals(c.share.transcript) &&
      Buffer.from(d.otSetup.idA).equals(c.otSetup.idA)
    return same ? [] : ['the parties hold different keys']
  }

  // The honest run, every state of which can be used again.
  const a1 = answer({ parties, policyHash }, decodeMessage('keygen.req1', begun.send), random)
  const answered = forks(a1.state)
  const o1 = open(started(), decodeMessage('keygen.res1', a1.send), random)
  const opened = forks(o1.state)
  const d1 = deal(answered(), decodeMessage('keygen.req2', o1.send), random)
  const dealt = forks(d1.state)
  const res2 = signedRes2(d1.send, d1.keyId, d1.transcript)
  const f1 = finish(opened(), decodeMessage('keygen.res2', res2), random)
  const req3 = signedReq3(f1.send, d1.keyId, d1.transcript)
  const held = confirm(dealt(), decodeMessage('keygen.req3', req3))
  const stage = (message: Stage['message'], body: Uint8Array, deliver: Stage['deliver']): Stage => ({
    message,
    batch: 1,
    body,
    other: wallet.keygen.get(message) ?? body,
    deliver,
  })
  return [
    stage('keygen.req1', begun.send, onReq1),
    stage('keygen.res1', a1.send, (body) => onRes1(started(), answered(), body)),
    stage('keygen.req2', o1.send, (body) => onReq2(opened(), answered(), body)),
    stage('keygen.res2', res2, (body) => onRes2(opened(), dealt(), body)),
    stage('keygen.req3', req3, (body) => onReq3(f1.key, dealt(), body)),
    stage('keygen.res3', finalBody(held), (body) => onRes3(f1.key, held, body)),
  ]
}

/** What the programs do with a signature on the transcript. @throws ProtocolAbort `transcript` */
function requireSignature(id: Uint8Array, value: Uint8Array, signature: Uint8Array): void {
  if (!identityVerifies(id, value, signature)) throw new ProtocolAbort('transcript')
}

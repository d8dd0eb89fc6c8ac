// What does the cosigner do in a keygen? answer -> deal -> confirm. (SPEC 1.2)

import { equalBytes, isZero } from '../bytes.js'
import { encodePoint, type Point, randomBytes } from '../curve.js'
import { ProtocolAbort } from '../errors.js'
import { type SessionInputs, sidOf } from '../key-record.js'
import { evaluate } from '../math/polynomial.js'
import { encodeMessage, type FieldsOf, type MessageOf } from '../messages/index.js'
import type { BaseOtReceiver } from '../oblivious/base-ot.js'
import { box, type OneTime, take } from '../one-time.js'
import { answerDirection, joinDirections, openDirection, type SetupContext } from '../ot-setup/exchange.js'
import { COSIGNER, DEVICE } from '../party.js'
import type { Random } from '../random.js'
import { ownerOf, verifyRecoveryKey } from '../recovery-key.js'
import { newSealKey, seal, unseal } from '../seal.js'
import { expose } from '../secret.js'
import { keyIdOf, sessionId } from '../session.js'
import {
  assemble,
  checkEncryption,
  checkOpening,
  checkSubShare,
  encryptForRecovery,
  type KeygenParties,
  type KeyMaterial,
  keygenCommitment,
  newPolynomial,
  type Polynomial,
  proveCoefficients,
  proveShare,
  subShare,
  verifyCoefficients,
  verifyShareProof,
} from './dealing.js'

/** What the cosigner has pinned before it answers: the authenticated identities and the policy that it will enforce. */
export interface CosignerKeygen {
  readonly parties: KeygenParties
  /** 32 bytes */
  readonly policyHash: Uint8Array
}

interface Answered extends CosignerKeygen {
  readonly recoveryKey: Point
  readonly sidInputs: SessionInputs
  readonly sid: Uint8Array
  readonly session: Uint8Array
  readonly setup: SetupContext
  readonly sealKey: { secretKey: Uint8Array; publicKey: Uint8Array }
  readonly f: Polynomial
  readonly chainCode: Uint8Array
  readonly opened: BaseOtReceiver
}

export type CosignerAnswered = OneTime<'keygen.CosignerAnswered', Answered>
export type CosignerDealt = OneTime<'keygen.CosignerDealt', KeyMaterial>

/** On Req1: pins K if its proof verifies, and answers in clear, as the device is already committed. @throws ProtocolAbort */
export function answer(
  pins: CosignerKeygen,
  message: MessageOf<'keygen.req1'>,
  random: Random,
): { state: CosignerAnswered; send: Uint8Array; sessionId: Uint8Array } {
  const { idDevice, idCosigner } = pins.parties
  if (isZero(message.nonce)) throw new ProtocolAbort('nonce')
  if (!equalBytes(message.policyHash, pins.policyHash)) throw new ProtocolAbort('context')
  if (!verifyRecoveryKey(message.recoveryKey, ownerOf(idDevice), message.recoveryProof))
    throw new ProtocolAbort('keygen-proof')
  const nonce = randomBytes(random, 32)
  const sealKey = newSealKey(random)
  const f = newPolynomial(random)
  const chainCode = randomBytes(random, 32)
  const sidInputs: SessionInputs = {
    nD: message.nonce,
    nC: nonce,
    idD: idDevice,
    idC: idCosigner,
    ekD: message.sealKey,
    ekC: sealKey.publicKey,
    recoveryKey: encodePoint(message.recoveryKey),
    policyHash: message.policyHash,
    commitment: message.commitment,
  }
  const sid = sidOf(sidInputs)
  const setup: SetupContext = {
    keyId: keyIdOf(sid),
    epoch: 0,
    attempt: 0,
    initiator: DEVICE,
    responder: COSIGNER,
    nonceI: message.nonce,
    nonceJ: nonce,
  }
  const { state: opened, message: baseOtA1 } = openDirection(setup, 'A', random)
  const send = encodeMessage('keygen.res1', {
    nonce,
    sealKey: sealKey.publicKey,
    a0: f.A0,
    a1: f.A1,
    chainCode,
    ...proveCoefficients(sid, COSIGNER, f, random),
    baseOtA1,
  })
  const session = sessionId('keygen', message.nonce, idDevice, idCosigner)
  const content = {
    ...pins,
    recoveryKey: message.recoveryKey,
    sidInputs,
    sid,
    session,
    setup,
    sealKey,
    f,
    chainCode,
    opened,
  }
  return { state: box('keygen.CosignerAnswered', content), send, sessionId: session.slice() }
}

/**
 * On Req2: the opening, the proofs, the sub-share, the device's verifiable encryption; then deals in turn. The program
 * adds its signature on Tr to what is sent.
 * @throws ProtocolAbort at the first check that fails; the session is then dead
 */
export function deal(
  state: CosignerAnswered,
  message: MessageOf<'keygen.req2'>,
  random: Random,
): {
  state: CosignerDealt
  send: Omit<FieldsOf<'keygen.res2'>, 'signature'>
  keyId: Uint8Array
  transcript: Uint8Array
} {
  const s = take(state, 'keygen.CosignerAnswered')
  const { idDevice, idCosigner } = s.parties
  checkOpening(s.sidInputs.commitment, keygenCommitment(s.sidInputs.nD, s.parties, s.recoveryKey, message))
  verifyCoefficients(s.sid, DEVICE, message)
  const link = { sessionId: s.session, field: 'sealedSubShare' } as const
  const plain = unseal(
    { ...link, from: idDevice, to: idCosigner, step: 3, direction: 'req', ...s.sealKey },
    message.sealedSubShare,
  )
  const received = checkSubShare(plain, COSIGNER, message.a0, message.a1)
  checkEncryption(s.sid, DEVICE, s.recoveryKey, message.a0, message.a1, message.encryption)
  const b = answerDirection(s.setup, 'B', message.baseOtB1, random)
  const otSetup = joinDirections(s.setup, 'responder', s.opened, message.baseOtA2, b.receiver)
  const encryption = encryptForRecovery(s.sid, COSIGNER, s.recoveryKey, s.f, random)
  const key = assemble(COSIGNER, evaluate(s.f.a0, s.f.a1, COSIGNER), received, s.recoveryKey, otSetup, {
    epoch: 0,
    attempt: 0,
    sidInputs: s.sidInputs,
    chainCodes: [message.chainCode, s.chainCode],
    commitments: [
      [encodePoint(message.a0), encodePoint(message.a1)],
      [encodePoint(s.f.A0), encodePoint(s.f.A1)],
    ],
    encryptions: [message.encryption, encryption],
    transcriptPrev: new Uint8Array(32),
    otSetupIds: [otSetup.idA, otSetup.idB],
  })
  const sealedSubShare = seal(
    { ...link, from: idCosigner, to: idDevice, step: 4, direction: 'res', peerKey: s.sidInputs.ekD },
    subShare(s.f, DEVICE),
    random,
  )
  const shareProof = proveShare(key.share, expose(key.share.secretShare), random)
  return {
    state: box('keygen.CosignerDealt', key),
    send: { sealedSubShare, encryption, baseOtB2: b.message, shareProof },
    keyId: key.share.keyId.slice(),
    transcript: key.share.transcript.slice(),
  }
}

/**
 * On Req3, whose signature on Tr the program has verified: the device holds the same transcript and knows its share.
 * The program stores the key, ACTIVE, durably before it answers.
 * @throws ProtocolAbort `transcript`, `keygen-proof`
 */
export function confirm(state: CosignerDealt, message: MessageOf<'keygen.req3'>): KeyMaterial {
  const key = take(state, 'keygen.CosignerDealt')
  if (!equalBytes(message.transcript, key.share.transcript)) throw new ProtocolAbort('transcript')
  verifyShareProof(key.share, DEVICE, message.shareProof)
  return key
}

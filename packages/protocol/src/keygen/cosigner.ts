// What does the cosigner do in a keygen? answer -> deal -> confirm. (SPEC 1.2)

import { equalBytes, isZero } from '../bytes.js'
import { randomBytes } from '../curve.js'
import {
  checkEncryption,
  checkOpening,
  checkSubShare,
  encryptForRecovery,
  newPolynomial,
  type Polynomial,
  proveShare,
  publicDealing,
  subShare,
  verifyDealing,
  verifyShareProof,
} from '../dealing.js'
import { ProtocolAbort } from '../errors.js'
import { encodeMessage, type FieldsOf, type MessageOf } from '../messages/index.js'
import type { BaseOtReceiver } from '../oblivious/base-ot.js'
import { box, type OneTime, take } from '../one-time.js'
import { answerDirection, joinDirections, openDirection } from '../ot-setup/exchange.js'
import { COSIGNER, DEVICE } from '../party.js'
import type { Random } from '../random.js'
import { ownerOf, verifyRecoveryKey } from '../recovery-key.js'
import { newSealKey, seal, unseal } from '../seal.js'
import { assertOnlineIdentity, sessionId } from '../session.js'
import {
  assemble,
  type KeygenParties,
  type KeygenSession,
  type KeyMaterial,
  keygenCommitment,
  keygenSession,
} from './common.js'

/** What the cosigner has pinned before it answers: the authenticated identities and the policy that it will enforce. */
export interface CosignerKeygen {
  readonly parties: KeygenParties
  /** 32 bytes */
  readonly policyHash: Uint8Array
}

interface Answered extends CosignerKeygen {
  readonly keygen: KeygenSession
  readonly session: Uint8Array
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
  assertOnlineIdentity(idDevice)
  if (isZero(message.nonce)) throw new ProtocolAbort('nonce')
  if (!equalBytes(message.policyHash, pins.policyHash)) throw new ProtocolAbort('context')
  if (!verifyRecoveryKey(message.recoveryKey, ownerOf(idDevice), message.recoveryProof))
    throw new ProtocolAbort('keygen-proof')
  const nonce = randomBytes(random, 32)
  const sealKey = newSealKey(random)
  const f = newPolynomial(random)
  const chainCode = randomBytes(random, 32)
  const keygen = keygenSession(pins.parties, message.recoveryKey, message.policyHash, message, {
    nonce,
    sealKey: sealKey.publicKey,
  })
  const { state: opened, message: baseOtA1 } = openDirection(keygen.setup, 'A', random)
  const send = encodeMessage('keygen.res1', {
    nonce,
    sealKey: sealKey.publicKey,
    chainCode,
    ...publicDealing(keygen.sid, COSIGNER, f, random),
    baseOtA1,
  })
  const session = sessionId('keygen', message.nonce, idDevice, idCosigner)
  const content = { ...pins, keygen, session, sealKey, f, chainCode, opened }
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
  const { sidInputs, sid, setup, recoveryKey } = s.keygen
  checkOpening(sidInputs.commitment, keygenCommitment(sidInputs.nD, s.parties, recoveryKey, message))
  verifyDealing(sid, DEVICE, message)
  const link = { sessionId: s.session, field: 'sealedSubShare' } as const
  const plain = unseal(
    { ...link, from: idDevice, to: idCosigner, step: 3, direction: 'req', ...s.sealKey },
    message.sealedSubShare,
  )
  const received = checkSubShare(plain, COSIGNER, message)
  checkEncryption(s.keygen, DEVICE, message, message.encryption)
  const b = answerDirection(setup, 'B', message.baseOtB1, random)
  const otSetup = joinDirections(setup, 'responder', s.opened, message.baseOtA2, b.receiver)
  const encryption = encryptForRecovery(s.keygen, COSIGNER, s.f, random)
  const own = { a0: s.f.A0, a1: s.f.A1, chainCode: s.chainCode, encryption }
  const key = assemble(COSIGNER, s.keygen, { own: s.f, received }, [message, own], otSetup)
  const sealedSubShare = seal(
    { ...link, from: idCosigner, to: idDevice, step: 4, direction: 'res', peerKey: sidInputs.ekD },
    subShare(s.f, DEVICE),
    random,
  )
  const shareProof = proveShare(key.share, random)
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

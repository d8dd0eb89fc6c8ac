// What does the device do in a keygen? start -> open -> finish. (SPEC 1.2)

import { equalBytes, isZero } from '../bytes.js'
import { type Point, randomBytes } from '../curve.js'
import {
  checkEncryption,
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
import { Misuse, ProtocolAbort } from '../errors.js'
import { encodeMessage, type FieldsOf, type MessageOf } from '../messages/index.js'
import type { BaseOtReceiver } from '../oblivious/base-ot.js'
import type { ExtensionReceiver } from '../oblivious/setup.js'
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

/** What the device has pinned before it starts. */
export interface DeviceKeygen {
  readonly parties: KeygenParties
  /** K, authenticated out of band */
  readonly recoveryKey: Point
  /** proof of knowledge of kappa over TH("reg", K, TH("owner", idD)), 65 bytes */
  readonly recoveryProof: Uint8Array
  /** 32 bytes */
  readonly policyHash: Uint8Array
}

interface Started extends DeviceKeygen {
  readonly nonce: Uint8Array
  readonly sealKey: { secretKey: Uint8Array; publicKey: Uint8Array }
  readonly f: Polynomial
  readonly chainCode: Uint8Array
  readonly rho: Uint8Array
  readonly commitment: Uint8Array
  readonly session: Uint8Array
}

interface Opened extends Started {
  readonly answer: MessageOf<'keygen.res1'>
  readonly keygen: KeygenSession
  readonly encryption: Uint8Array
  readonly receiver: ExtensionReceiver
  readonly opened: BaseOtReceiver
}

export type DeviceStarted = OneTime<'keygen.DeviceStarted', Started>
export type DeviceOpened = OneTime<'keygen.DeviceOpened', Opened>

/** First step: commits to the device's polynomial and chain-code contribution. @throws ProtocolAbort `keygen-proof` if K's proof is wrong */
export function start(
  pins: DeviceKeygen,
  random: Random,
): { state: DeviceStarted; send: Uint8Array; sessionId: Uint8Array } {
  const { parties, recoveryKey, recoveryProof, policyHash } = pins
  assertOnlineIdentity(parties.idCosigner)
  if (!verifyRecoveryKey(recoveryKey, ownerOf(parties.idDevice), recoveryProof))
    throw new ProtocolAbort('keygen-proof')
  const nonce = randomBytes(random, 32)
  const sealKey = newSealKey(random)
  const f = newPolynomial(random)
  const chainCode = randomBytes(random, 32)
  const rho = randomBytes(random, 32)
  const commitment = keygenCommitment(nonce, parties, recoveryKey, { a0: f.A0, a1: f.A1, chainCode, rho })
  const session = sessionId('keygen', nonce, parties.idDevice, parties.idCosigner)
  const send = encodeMessage('keygen.req1', {
    nonce,
    sealKey: sealKey.publicKey,
    recoveryKey,
    recoveryProof,
    policyHash,
    commitment,
  })
  const state = box('keygen.DeviceStarted', {
    ...pins,
    nonce,
    sealKey,
    f,
    chainCode,
    rho,
    commitment,
    session,
  })
  return { state, send, sessionId: session.slice() }
}

/** On Res1, before anything is opened: nonce and proofs; then opens the commitment and deals. @throws ProtocolAbort */
export function open(
  state: DeviceStarted,
  message: MessageOf<'keygen.res1'>,
  random: Random,
): { state: DeviceOpened; send: Uint8Array } {
  const s = take(state, 'keygen.DeviceStarted')
  if (isZero(message.nonce) || equalBytes(message.nonce, s.nonce)) throw new ProtocolAbort('nonce')
  const first = { nonce: s.nonce, sealKey: s.sealKey.publicKey, commitment: s.commitment }
  const keygen = keygenSession(s.parties, s.recoveryKey, s.policyHash, first, message)
  const { sid, setup } = keygen
  verifyDealing(sid, COSIGNER, message)
  const a = answerDirection(setup, 'A', message.baseOtA1, random)
  const b = openDirection(setup, 'B', random)
  const encryption = encryptForRecovery(keygen, DEVICE, s.f, random)
  const sealedSubShare = seal(
    {
      from: s.parties.idDevice,
      to: s.parties.idCosigner,
      sessionId: s.session,
      step: 3,
      direction: 'req',
      field: 'sealedSubShare',
      peerKey: message.sealKey,
    },
    subShare(s.f, COSIGNER),
    random,
  )
  const send = encodeMessage('keygen.req2', {
    chainCode: s.chainCode,
    rho: s.rho,
    ...publicDealing(sid, DEVICE, s.f, random),
    sealedSubShare,
    encryption,
    baseOtA2: a.message,
    baseOtB1: b.message,
  })
  const opened = box('keygen.DeviceOpened', {
    ...s,
    answer: message,
    keygen,
    encryption,
    receiver: a.receiver,
    opened: b.state,
  })
  return { state: opened, send }
}

/**
 * On Res2: every check of a receiver, the transcript, and the cosigner's proof of its share. Deviation: `s_1*G == S_1`
 * and the identities come after the encryption and the base OT, and the signature last, since every failure erases the
 * same. The program then verifies the cosigner's signature on Tr, stores everything durably, and only then sends Req3 with
 * its own signature.
 * @throws ProtocolAbort
 */
export function finish(
  state: DeviceOpened,
  message: MessageOf<'keygen.res2'>,
  random: Random,
): { key: KeyMaterial; send: Omit<FieldsOf<'keygen.req3'>, 'signature'> } {
  const s = take(state, 'keygen.DeviceOpened')
  const { answer, keygen } = s
  const plain = unseal(
    {
      from: s.parties.idCosigner,
      to: s.parties.idDevice,
      sessionId: s.session,
      step: 4,
      direction: 'res',
      field: 'sealedSubShare',
      ...s.sealKey,
    },
    message.sealedSubShare,
  )
  const received = checkSubShare(plain, DEVICE, answer)
  checkEncryption(keygen, COSIGNER, answer, message.encryption)
  const otSetup = joinDirections(keygen.setup, 'initiator', s.opened, message.baseOtB2, s.receiver)
  const own = { a0: s.f.A0, a1: s.f.A1, chainCode: s.chainCode, encryption: s.encryption }
  const theirs = { ...answer, encryption: message.encryption }
  const key = assemble(DEVICE, keygen, { own: s.f, received }, [own, theirs], otSetup)
  if (!equalBytes(key.record.keyId, keygen.setup.keyId)) throw new Misuse('keyId differs within one keygen')
  verifyShareProof(key.share, COSIGNER, message.shareProof)
  const shareProof = proveShare(key.share, random)
  return { key, send: { transcript: key.share.transcript.slice(), shareProof } }
}

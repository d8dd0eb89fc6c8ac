// What is in each message of a reshare? (SPEC 5.3; kinds refresh and replace, newcomers, and what ends an epoch)

import { baseOt, bytes, choice, counter, type MessageSpec, point, variable } from './fields.js'

export const MAX_ADDRESS_BYTES = 1024
/** Largest kit that a newcomer is handed. */
export const MAX_KIT_BYTES = 65536

const id = [counter('epoch'), counter('attempt')] as const
/** Which key, from which shares, to which: what both kinds ask first. */
const request1 = [
  bytes('keyId', 32),
  counter('baseEpoch'),
  counter('baseAttempt'),
  ...id,
  bytes('nonce', 32),
  bytes('sealKey', 32),
  point('recoveryKey'),
  // Zero bytes exactly where the recovery key stays.
  bytes('recoveryProof', 65),
] as const
const dealing = [point('a0'), point('a1'), bytes('proof0', 65), bytes('proof1', 65)] as const
const opening = [
  point('a0'),
  point('a1'),
  bytes('rho', 32),
  bytes('proof0', 65),
  bytes('proof1', 65),
] as const
const response1 = [bytes('nonce', 32), bytes('sealKey', 32), ...dealing] as const
const encryption = bytes('encryption', 14480)
/** For a party that does not stay: zero bytes. */
const sealedSubShare = bytes('sealedSubShare', 80)
/**
 * PoS_1, and what the new party 1 and dealer 3 signed. Where 3 did not deal: the old cosigner's release for a new one, else
 * zero bytes.
 */
const commit = [
  ...id,
  bytes('transcript', 32),
  bytes('shareProof', 65),
  bytes('signature', 64),
  bytes('dealerSignature', 64),
] as const
const committed = [
  ...id,
  bytes('active', 64),
  bytes('addressSignature', 64),
  variable('nodeAddress', MAX_ADDRESS_BYTES),
] as const
const party = choice('party', ['device', 'cosigner'])

/** Every message of the operation `reshare`. */
export const RESHARE_MESSAGES = {
  'refresh.req1': {
    type: 0x51,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [...request1, bytes('authorisation', 32), bytes('commitment', 32)],
  },
  'refresh.res1': {
    type: 0x52,
    operation: 'reshare',
    step: 2,
    direction: 'res',
    fields: [...response1, baseOt('baseOtA1')],
  },
  'refresh.req2': {
    type: 0x53,
    operation: 'reshare',
    step: 3,
    direction: 'req',
    fields: [...opening, sealedSubShare, encryption, baseOt('baseOtA2'), baseOt('baseOtB1')],
  },
  'refresh.res2': {
    type: 0x54,
    operation: 'reshare',
    step: 4,
    direction: 'res',
    fields: [sealedSubShare, encryption, baseOt('baseOtB2'), bytes('shareProof', 65), bytes('signature', 64)],
  },
  'replace.req1': {
    type: 0x55,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [
      ...request1,
      choice('newcomer', ['device', 'cosigner']),
      bytes('newcomerIdentity', 34),
      bytes('newcomerSealKey', 32),
      bytes('newcomerSignature', 64),
      bytes('authorisation', 32),
      bytes('commitment', 32),
    ],
  },
  'replace.res1': { type: 0x56, operation: 'reshare', step: 2, direction: 'res', fields: response1 },
  'replace.req2': {
    type: 0x57,
    operation: 'reshare',
    step: 3,
    direction: 'req',
    fields: [...opening, sealedSubShare, encryption],
  },
  'replace.res2': {
    type: 0x58,
    operation: 'reshare',
    step: 4,
    direction: 'res',
    fields: [
      sealedSubShare,
      bytes('sealedForNewcomer', 80),
      encryption,
      // PoS_2 where the responder stays, else zero bytes.
      bytes('shareProof', 65),
      // As the cosigner that stays. Deviation: or as dealer 3. Zero bytes of a cosigner that leaves.
      bytes('signature', 64),
    ],
  },
  'reshare.req3': { type: 0x59, operation: 'reshare', step: 5, direction: 'req', fields: commit },
  'reshare.res3': { type: 0x5a, operation: 'reshare', step: 6, direction: 'res', fields: committed },
  'reshare.req4': { type: 0x5b, operation: 'reshare', step: 7, direction: 'req', fields: id },
  'reshare.res4': { type: 0x5c, operation: 'reshare', step: 8, direction: 'res', fields: id },
  'reshare.retire': {
    type: 0x5d,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [...id, bytes('cosigner', 34), bytes('transcript', 32), bytes('active', 64)],
  },
  // The cosigner that leaves lets go of a key: its word is the next cosigner's leave to begin.
  'reshare.release': {
    type: 0x5f,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [...id, bytes('transcript', 32)],
  },
  'reshare.released': {
    type: 0x60,
    operation: 'reshare',
    step: 2,
    direction: 'res',
    fields: [...id, bytes('release', 64)],
  },
  // And takes it up again where the next one says that it never will.
  'reshare.withdraw': {
    type: 0x67,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [...id, bytes('never', 64)],
  },
  'reshare.withdrawn': { type: 0x68, operation: 'reshare', step: 2, direction: 'res', fields: id },
  // Answers a retirement, and stands in place of any other answer, at its step.
  'reshare.status': {
    type: 0x5e,
    operation: 'reshare',
    step: 2,
    direction: 'res',
    fields: [
      ...id,
      choice('status', ['refused', 'unknown', 'revoked']),
      counter('actEpoch'),
      counter('actAttempt'),
      choice('hasOld', ['no', 'yes']),
      counter('oldEpoch'),
      counter('oldAttempt'),
      counter('att'),
    ],
  },
  'newcomer.req1': {
    type: 0x61,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [bytes('nonce', 32), bytes('keyId', 32), party, bytes('transcriptBase', 32), ...id],
  },
  'newcomer.res1': {
    type: 0x62,
    operation: 'reshare',
    step: 2,
    direction: 'res',
    fields: [bytes('identity', 34), bytes('sealKey', 32), bytes('signature', 64)],
  },
  'newcomer.req2': {
    type: 0x63,
    operation: 'reshare',
    step: 3,
    direction: 'req',
    // Deviation: what follows from the invitation, the newcomer's own keys or the base's kit is not sent.
    fields: [
      choice('dealers', ['device-cosigner', 'device-recovery', 'cosigner-recovery']),
      bytes('nonceI', 32),
      bytes('nonceJ', 32),
      bytes('sealKeyI', 32),
      bytes('sealKeyJ', 32),
      point('recoveryKey'),
      bytes('commitment', 32),
      point('aA0'),
      point('aA1'),
      point('aB0'),
      point('aB1'),
      bytes('proofA0', 65),
      bytes('proofA1', 65),
      bytes('proofB0', 65),
      bytes('proofB1', 65),
      bytes('encryptionA', 14480),
      bytes('encryptionB', 14480),
      bytes('sealedByInitiator', 80),
      bytes('sealedByResponder', 80),
      // PoS_2 and the cosigner's signature for a new device; zero bytes for a new cosigner.
      bytes('shareProof', 65),
      bytes('signature', 64),
      // Zero bytes where 3 did not deal.
      bytes('dealerSignature', 64),
      variable('baseKit', MAX_KIT_BYTES),
    ],
  },
  'newcomer.res2': {
    type: 0x64,
    operation: 'reshare',
    step: 4,
    direction: 'res',
    fields: [bytes('transcript', 32), bytes('shareProof', 65), bytes('signature', 64)],
  },
  'newcomer.req3': { type: 0x65, operation: 'reshare', step: 5, direction: 'req', fields: commit },
  'newcomer.res3': { type: 0x66, operation: 'reshare', step: 6, direction: 'res', fields: committed },
  // Gives an attempt up, or asks what became of it.
  'newcomer.abandon': {
    type: 0x69,
    operation: 'reshare',
    step: 1,
    direction: 'req',
    fields: [bytes('keyId', 32), ...id],
  },
  // Answers that, and stands in place of newcomer.res3 where the commit is not obeyed.
  'newcomer.status': {
    type: 0x6a,
    operation: 'reshare',
    step: 2,
    direction: 'res',
    fields: [
      ...id,
      choice('status', ['committed', 'never', 'not-yet']),
      // Tr' where it is committed.
      bytes('transcript', 32),
      // `active` where it is committed, the new cosigner's word that it never will be, or zero bytes.
      bytes('signature', 64),
    ],
  },
} as const satisfies Record<string, MessageSpec>

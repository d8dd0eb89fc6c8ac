// Which messages exist, and what exactly is in each? Data, from which the encoders and decoders are driven. (SPEC 0.3, 1.2, 2.5, 4.3, 4.4)

import type { Point } from '../curve.js'
import {
  baseOt,
  batchSize,
  bytes,
  bytesEach,
  choice,
  corrections,
  counter,
  extension,
  type MessageSpec,
  point,
  pointEach,
  scalar,
  scalarEach,
  variable,
} from './fields.js'
import { MAX_ADDRESS_BYTES, RESHARE_MESSAGES } from './reshare.js'

export const MAX_REQUEST_BYTES = 65536

const EXTENSION_OPENING = [extension, bytes('xt', 16), bytes('hT', 32)] as const
const MULTIPLICATION_ANSWER = [
  corrections('at'),
  scalarEach('eta'),
  bytesEach('mu', 32),
  pointEach('gu'),
  pointEach('gv'),
  scalarEach('psi'),
] as const

const signingRequest1 = [
  bytes('keyId', 32),
  counter('epoch'),
  counter('attempt'),
  bytes('otSetupA', 32),
  bytes('otSetupB', 32),
] as const
const signingResponse1 = [
  bytes('nonce', 32),
  pointEach('r'),
  ...MULTIPLICATION_ANSWER,
  ...EXTENSION_OPENING,
] as const
const signingRequest2 = [pointEach('r'), bytesEach('rho', 32), ...MULTIPLICATION_ANSWER] as const
// Deviation: 98 bytes where the text counts 96, as every body begins with its version and type.
const signatureShare = [bytes('nonce', 32), scalar('w'), scalar('u')] as const

const OT_REASONS = ['peer-fault', 'burned', 'rotation', 'mismatch', 'pair'] as const
export type OtReason = (typeof OT_REASONS)[number]

/** Every message: type byte, operation, step (Req k is 2k-1, Res k is 2k), direction, and fields in wire order. */
export const MESSAGES = {
  'keygen.req1': {
    type: 0x01,
    operation: 'keygen',
    step: 1,
    direction: 'req',
    fields: [
      bytes('nonce', 32),
      bytes('sealKey', 32),
      point('recoveryKey'),
      bytes('recoveryProof', 65),
      bytes('policyHash', 32),
      bytes('commitment', 32),
    ],
  },
  'keygen.res1': {
    type: 0x02,
    operation: 'keygen',
    step: 2,
    direction: 'res',
    fields: [
      bytes('nonce', 32),
      bytes('sealKey', 32),
      point('a0'),
      point('a1'),
      bytes('chainCode', 32),
      bytes('proof0', 65),
      bytes('proof1', 65),
      baseOt('baseOtA1'),
    ],
  },
  'keygen.req2': {
    type: 0x03,
    operation: 'keygen',
    step: 3,
    direction: 'req',
    fields: [
      point('a0'),
      point('a1'),
      bytes('chainCode', 32),
      bytes('rho', 32),
      bytes('proof0', 65),
      bytes('proof1', 65),
      bytes('sealedSubShare', 80),
      bytes('encryption', 14480),
      baseOt('baseOtA2'),
      baseOt('baseOtB1'),
    ],
  },
  'keygen.res2': {
    type: 0x04,
    operation: 'keygen',
    step: 4,
    direction: 'res',
    fields: [
      bytes('sealedSubShare', 80),
      bytes('encryption', 14480),
      baseOt('baseOtB2'),
      bytes('shareProof', 65),
      bytes('signature', 64),
    ],
  },
  'keygen.req3': {
    type: 0x05,
    operation: 'keygen',
    step: 5,
    direction: 'req',
    fields: [bytes('transcript', 32), bytes('shareProof', 65), bytes('signature', 64)],
  },
  'keygen.res3': {
    type: 0x06,
    operation: 'keygen',
    step: 6,
    direction: 'res',
    fields: [bytes('active', 64), bytes('addressSignature', 64), variable('nodeAddress', MAX_ADDRESS_BYTES)],
  },
  'ot.req1': {
    type: 0x11,
    operation: 'ot',
    step: 1,
    direction: 'req',
    fields: [bytes('nonce', 32), choice('reason', OT_REASONS)],
  },
  'ot.res1': {
    type: 0x12,
    operation: 'ot',
    step: 2,
    direction: 'res',
    fields: [bytes('nonce', 32), baseOt('baseOtA1')],
  },
  'ot.req2': {
    type: 0x13,
    operation: 'ot',
    step: 3,
    direction: 'req',
    fields: [baseOt('baseOtA2'), baseOt('baseOtB1')],
  },
  'ot.res2': {
    type: 0x14,
    operation: 'ot',
    step: 4,
    direction: 'res',
    fields: [baseOt('baseOtB2'), bytes('confirm', 32)],
  },
  'presign.req1': {
    type: 0x21,
    operation: 'presign',
    step: 1,
    direction: 'req',
    fields: [
      ...signingRequest1,
      choice('mode', ['pool']),
      batchSize,
      bytes('nonce', 32),
      bytesEach('commitment', 32),
      ...EXTENSION_OPENING,
    ],
  },
  'presign.res1': { type: 0x22, operation: 'presign', step: 2, direction: 'res', fields: signingResponse1 },
  'presign.req2': { type: 0x23, operation: 'presign', step: 3, direction: 'req', fields: signingRequest2 },
  'presign.res2': {
    type: 0x24,
    operation: 'presign',
    step: 4,
    direction: 'res',
    fields: [bytesEach('presigId', 32)],
  },
  'fresh.req1': {
    type: 0x31,
    operation: 'fresh',
    step: 1,
    direction: 'req',
    fields: [
      ...signingRequest1,
      choice('mode', ['fresh']),
      batchSize,
      bytes('nonce', 32),
      bytesEach('commitment', 32),
      ...EXTENSION_OPENING,
      variable('request', MAX_REQUEST_BYTES),
    ],
  },
  'fresh.res1': { type: 0x32, operation: 'fresh', step: 2, direction: 'res', fields: signingResponse1 },
  'fresh.req2': {
    type: 0x33,
    operation: 'fresh',
    step: 3,
    direction: 'req',
    fields: [...signingRequest2, bytes('view', 32), variable('request', MAX_REQUEST_BYTES)],
  },
  'fresh.res2': { type: 0x34, operation: 'fresh', step: 4, direction: 'res', fields: signatureShare },
  'sign.req1': {
    type: 0x41,
    operation: 'sign',
    step: 1,
    direction: 'req',
    fields: [bytes('presigId', 32), bytes('view', 32), variable('request', MAX_REQUEST_BYTES)],
  },
  'sign.res1': { type: 0x42, operation: 'sign', step: 2, direction: 'res', fields: signatureShare },
  ...RESHARE_MESSAGES,
} as const satisfies Record<string, MessageSpec>

export type MessageName = keyof typeof MESSAGES

/** Points of a base-OT message: their exact bytes, and (when received) the decoded points. */
export interface PointList {
  readonly bytes: Uint8Array
  readonly points: readonly Point[]
}

type One<F, Received> = F extends { type: 'point' }
  ? Point
  : F extends { type: 'scalar' }
    ? bigint
    : F extends { type: 'points' }
      ? Received extends true
        ? PointList
        : Uint8Array
      : F extends { type: 'choice'; values: readonly (infer V)[] }
        ? V
        : F extends { type: 'counter' | 'batch' }
          ? number
          : Uint8Array
type Value<F, Received> = F extends { count: 'batch' } ? readonly One<F, Received>[] : One<F, Received>
type Fields<N extends MessageName, Received> = {
  readonly [F in (typeof MESSAGES)[N]['fields'][number] as F['name']]: Value<F, Received>
}

/** What a sender fills in. */
export type FieldsOf<N extends MessageName> = Fields<N, false>
/** A received message: every field decoded, and the exact bytes of the body. */
export type MessageOf<N extends MessageName> = Fields<N, true> & { readonly bytes: Uint8Array }

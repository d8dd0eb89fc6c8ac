// Which check catches a well-formed but wrong value of each field? The table that the mutations are judged by.

import type { AbortReason } from '@tercet/protocol/errors'
import type { MessageName } from '@tercet/protocol/messages'
import { RESHARE_ORACLE, RESHARE_REPLAYED } from './oracle-reshare.js'
import type { Oracle } from './outcome.js'

// The check that the peer's answer meets first: a value that is hashed into sid, psid or an otSetupId shows where that
// name is next used, at either side.
const firstAnswer = {
  nonce: 'multiplication',
  r: 'gamma',
  at: 'multiplication',
  eta: 'multiplication',
  mu: 'multiplication',
  gu: 'gamma',
  gv: 'gamma',
  // No check is on psi: a wrong one makes a signature that does not verify.
  psi: 'bad-signature',
  u: 'ot-extension',
  xt: 'ot-extension',
  hT: 'ot-extension',
} as const

const opening = {
  r: 'presign-opening',
  rho: 'presign-opening',
  at: 'multiplication',
  eta: 'multiplication',
  mu: 'multiplication',
  gu: 'gamma',
  gv: 'gamma',
  psi: 'bad-signature',
} as const

const names = {
  keyId: 'context',
  epoch: 'context',
  attempt: 'context',
  otSetupA: 'context',
  otSetupB: 'context',
  // The one value that a mode has; another batch size is another length. Neither is ever well formed.
  mode: 'context',
  batch: 'context',
} as const

const extension = {
  nonce: 'ot-extension',
  // Inside psid through TH("m1", Req1): the pads of the answer are others.
  commitment: 'multiplication',
  u: 'ot-extension',
  xt: 'ot-extension',
  hT: 'ot-extension',
} as const

const share = { nonce: 'bad-signature', w: 'bad-signature', u: 'bad-signature' } as const

export const ORACLE: Oracle = {
  'keygen.req1': {
    nonce: 'keygen-proof',
    sealKey: 'keygen-proof',
    recoveryKey: 'keygen-proof',
    recoveryProof: 'keygen-proof',
    policyHash: 'context',
    commitment: 'keygen-proof',
  },
  'keygen.res1': {
    nonce: 'keygen-proof',
    sealKey: 'keygen-proof',
    a0: 'keygen-proof',
    a1: 'keygen-proof',
    // In Tr alone: the cosigner's proof of its share is for another Tr.
    chainCode: 'keygen-proof',
    proof0: 'keygen-proof',
    proof1: 'keygen-proof',
    // In otSetupId, hence in Tr.
    baseOtA1: 'keygen-proof',
  },
  'keygen.req2': {
    a0: 'keygen-opening',
    a1: 'keygen-opening',
    chainCode: 'keygen-opening',
    rho: 'keygen-opening',
    proof0: 'keygen-proof',
    proof1: 'keygen-proof',
    sealedSubShare: 'seal',
    encryption: 'verifiable-encryption',
    baseOtA2: 'keygen-proof',
    baseOtB1: 'keygen-proof',
  },
  'keygen.res2': {
    sealedSubShare: 'seal',
    encryption: 'verifiable-encryption',
    baseOtB2: 'keygen-proof',
    shareProof: 'keygen-proof',
    signature: 'transcript',
  },
  'keygen.req3': { transcript: 'transcript', shareProof: 'keygen-proof', signature: 'transcript' },
  'keygen.res3': { active: 'transcript', addressSignature: 'transcript', nodeAddress: 'transcript' },
  'ot.req1': { nonce: 'base-ot', reason: 'free' },
  'ot.res1': { nonce: 'base-ot', baseOtA1: 'base-ot' },
  'ot.req2': { baseOtA2: 'base-ot', baseOtB1: 'base-ot' },
  'ot.res2': { baseOtB2: 'base-ot', confirm: 'base-ot' },
  'presign.req1': { ...names, ...extension },
  'presign.res1': firstAnswer,
  'presign.req2': opening,
  'presign.res2': { presigId: 'context' },
  // The request is inside psid0, and so inside sidR.
  'fresh.req1': { ...names, ...extension, request: 'ot-extension' },
  'fresh.res1': firstAnswer,
  'fresh.req2': { ...opening, view: 'view', request: 'request-changed' },
  'fresh.res2': share,
  'sign.req1': { presigId: 'context', view: 'view', request: 'view' },
  'sign.res1': share,
  ...RESHARE_ORACLE,
}

/**
 * What catches a whole message of another session. The first of a session is no replay to a protocol without memory: the
 * channel's nonce refuses it, and here its answer does not fit.
 */
export const REPLAYED: Readonly<Record<MessageName, AbortReason>> = {
  'keygen.req1': 'context',
  'keygen.res1': 'keygen-proof',
  'keygen.req2': 'keygen-opening',
  'keygen.res2': 'seal',
  'keygen.req3': 'transcript',
  'keygen.res3': 'transcript',
  'ot.req1': 'base-ot',
  'ot.res1': 'base-ot',
  'ot.req2': 'base-ot',
  'ot.res2': 'base-ot',
  'presign.req1': 'multiplication',
  'presign.res1': 'multiplication',
  'presign.req2': 'presign-opening',
  'presign.res2': 'context',
  'sign.req1': 'context',
  'sign.res1': 'bad-signature',
  'fresh.req1': 'multiplication',
  'fresh.res1': 'multiplication',
  'fresh.req2': 'view',
  'fresh.res2': 'bad-signature',
  ...RESHARE_REPLAYED,
}

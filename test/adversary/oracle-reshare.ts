// Which check catches a well-formed but wrong value of each field of a reshare? (SPEC 5.1, 5.3)

const dealing = {
  a0: 'keygen-proof',
  a1: 'keygen-proof',
  proof0: 'keygen-proof',
  proof1: 'keygen-proof',
} as const

const reshareOpening = {
  a0: 'keygen-opening',
  a1: 'keygen-opening',
  rho: 'keygen-opening',
  proof0: 'keygen-proof',
  proof1: 'keygen-proof',
  sealedSubShare: 'seal',
  encryption: 'verifiable-encryption',
} as const

const reshareRequest = {
  keyId: 'context',
  baseEpoch: 'context',
  baseAttempt: 'context',
  epoch: 'context',
  // Another attempt may be a good one: then it is in sid, and the answer is for another reshare.
  attempt: 'keygen-proof',
  nonce: 'keygen-proof',
  sealKey: 'keygen-proof',
  recoveryKey: 'context',
  recoveryProof: 'keygen-proof',
  // The program compares it with the claim that it judged.
  authorisation: 'context',
  commitment: 'keygen-proof',
} as const

const commit = {
  epoch: 'context',
  attempt: 'context',
  transcript: 'transcript',
  shareProof: 'keygen-proof',
  signature: 'transcript',
  dealerSignature: 'transcript',
} as const

const committed = {
  epoch: 'context',
  attempt: 'context',
  active: 'transcript',
  addressSignature: 'transcript',
  nodeAddress: 'transcript',
} as const

/** Rows of the oracle for the operation `reshare`. */
export const RESHARE_ORACLE = {
  'refresh.req1': reshareRequest,
  'refresh.res1': { nonce: 'keygen-proof', sealKey: 'keygen-proof', ...dealing, baseOtA1: 'keygen-proof' },
  'refresh.req2': { ...reshareOpening, baseOtA2: 'keygen-proof', baseOtB1: 'keygen-proof' },
  'refresh.res2': {
    sealedSubShare: 'seal',
    encryption: 'verifiable-encryption',
    baseOtB2: 'keygen-proof',
    shareProof: 'keygen-proof',
    signature: 'transcript',
  },
  // Of a replace between cosigner and recovery party, with a new device.
  'replace.req1': {
    ...reshareRequest,
    // The newcomer signed the id that it was invited to, and its key.
    attempt: 'newcomer',
    newcomer: 'newcomer',
    newcomerIdentity: 'newcomer',
    newcomerSealKey: 'newcomer',
    newcomerSignature: 'newcomer',
  },
  'replace.res1': { nonce: 'keygen-proof', sealKey: 'keygen-proof', ...dealing },
  'replace.req2': reshareOpening,
  'replace.res2': {
    // The recovery party gets none.
    sealedSubShare: 'context',
    sealedForNewcomer: 'seal',
    encryption: 'verifiable-encryption',
    shareProof: 'keygen-proof',
    signature: 'transcript',
  },
  'reshare.req3': commit,
  'reshare.res3': committed,
  'reshare.req4': { epoch: 'context', attempt: 'context' },
  'reshare.res4': { epoch: 'context', attempt: 'context' },
  'reshare.retire': {
    epoch: 'context',
    attempt: 'context',
    cosigner: 'newcomer',
    transcript: 'transcript',
    active: 'transcript',
  },
  'reshare.status': {
    epoch: 'context',
    attempt: 'context',
    // What the node says of itself, under its signature.
    status: 'free',
    actEpoch: 'free',
    actAttempt: 'free',
    hasOld: 'free',
    oldEpoch: 'free',
    oldAttempt: 'free',
    att: 'free',
  },
  'newcomer.req1': {
    // Names the session of the channel alone.
    nonce: 'free',
    keyId: 'newcomer',
    party: 'newcomer',
    transcriptBase: 'newcomer',
    epoch: 'newcomer',
    attempt: 'newcomer',
  },
  'newcomer.res1': { identity: 'newcomer', sealKey: 'newcomer', signature: 'newcomer' },
  'newcomer.req2': {
    dealers: 'keygen-proof',
    nonceI: 'keygen-proof',
    nonceJ: 'keygen-proof',
    sealKeyI: 'keygen-proof',
    sealKeyJ: 'keygen-proof',
    recoveryKey: 'context',
    commitment: 'keygen-proof',
    aA0: 'keygen-proof',
    aA1: 'keygen-proof',
    aB0: 'keygen-proof',
    aB1: 'keygen-proof',
    proofA0: 'keygen-proof',
    proofA1: 'keygen-proof',
    proofB0: 'keygen-proof',
    proofB1: 'keygen-proof',
    encryptionA: 'verifiable-encryption',
    encryptionB: 'verifiable-encryption',
    sealedByInitiator: 'seal',
    sealedByResponder: 'seal',
    shareProof: 'keygen-proof',
    signature: 'transcript',
    dealerSignature: 'transcript',
    baseKit: 'transcript',
  },
  'reshare.release': { epoch: 'context', attempt: 'context', transcript: 'transcript' },
  'reshare.released': { epoch: 'context', attempt: 'context', release: 'transcript' },
  'reshare.withdraw': { epoch: 'context', attempt: 'context', never: 'transcript' },
  'reshare.withdrawn': { epoch: 'context', attempt: 'context' },
  'newcomer.abandon': { keyId: 'context', epoch: 'context', attempt: 'context' },
  'newcomer.status': {
    epoch: 'context',
    attempt: 'context',
    status: 'transcript',
    transcript: 'transcript',
    signature: 'transcript',
  },
  'newcomer.res2': { transcript: 'transcript', shareProof: 'keygen-proof', signature: 'transcript' },
  'newcomer.req3': commit,
  'newcomer.res3': committed,
} as const

/** What catches a whole message of another session of the same base, with another attempt. */
export const RESHARE_REPLAYED = {
  'refresh.req1': 'keygen-proof',
  'refresh.res1': 'keygen-proof',
  'refresh.req2': 'keygen-opening',
  'refresh.res2': 'seal',
  'replace.req1': 'keygen-proof',
  'replace.res1': 'keygen-proof',
  'replace.req2': 'keygen-opening',
  'replace.res2': 'verifiable-encryption',
  'reshare.req3': 'context',
  'reshare.res3': 'context',
  'reshare.req4': 'context',
  'reshare.res4': 'context',
  'reshare.retire': 'context',
  'reshare.status': 'context',
  'reshare.release': 'context',
  'reshare.released': 'context',
  'reshare.withdraw': 'context',
  'reshare.withdrawn': 'context',
  'newcomer.abandon': 'context',
  'newcomer.status': 'context',
  'newcomer.req1': 'newcomer',
  'newcomer.res1': 'newcomer',
  'newcomer.req2': 'keygen-proof',
  'newcomer.res2': 'transcript',
  'newcomer.req3': 'context',
  'newcomer.res3': 'context',
} as const

// What does a device send to make its new epoch the one that counts, and what does the cosigner check? (SPEC 5.2, 5.3)

import { equalBytes } from '../bytes.js'
import { proveShare, verifyShareProof } from '../dealing.js'
import { Misuse, ProtocolAbort } from '../errors.js'
import type { KeyShare } from '../key-share.js'
import type { FieldsOf, MessageOf } from '../messages/index.js'
import { COSIGNER, DEVICE } from '../party.js'
import type { Random } from '../random.js'

/** The fields of a COMMIT that the pending share of party 1 gives; the program adds what was signed on Tr'. */
export function commit(
  share: KeyShare,
  random: Random,
): Omit<FieldsOf<'reshare.req3'>, 'signature' | 'dealerSignature'> {
  if (share.party !== DEVICE) throw new Misuse('the device commits')
  const { epoch, attempt, transcript } = share
  return { epoch, attempt, transcript: transcript.slice(), shareProof: proveShare(share, random) }
}

/**
 * On COMMIT, at the cosigner of the new epoch, for its pending share: the same share identity and transcript, and the
 * device knows its share. The program has verified the signatures on Tr'; it may ask again after a restart.
 * @throws ProtocolAbort `context`, `transcript`, `keygen-proof`
 */
export function confirm(
  pending: KeyShare,
  message: MessageOf<'reshare.req3'> | MessageOf<'newcomer.req3'>,
): void {
  if (pending.party !== COSIGNER) throw new Misuse('the cosigner confirms')
  if (message.epoch !== pending.epoch || message.attempt !== pending.attempt)
    throw new ProtocolAbort('context')
  if (!equalBytes(message.transcript, pending.transcript)) throw new ProtocolAbort('transcript')
  verifyShareProof(pending, DEVICE, message.shareProof)
}

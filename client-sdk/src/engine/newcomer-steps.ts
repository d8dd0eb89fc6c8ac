// What does each heavy step of a new device do that is handed its share? (SPEC 5.3)

import { decodePoint } from '@tercet/protocol/curve'
import { encodeKeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import type { Random } from '@tercet/protocol/random'
import { verifyRecord } from '@tercet/protocol/recovery-share'
import * as reshare from '@tercet/protocol/reshare'
import type { Steps } from './contract.js'
import type { Handles } from './handles.js'

export function createNewcomerSteps(
  handles: Handles,
  random: Random,
): Pick<Steps, 'newcomerOffer' | 'newcomerAccept'> {
  const offered = handles.of<reshare.NewcomerOffered>()
  return {
    newcomerOffer({ invitation, identity }) {
      const message = decodeMessage('newcomer.req1', invitation)
      const { state, sealKey } = reshare.offer(message, identity, random)
      return { handle: offered.add(state), sealKey }
    },
    newcomerAccept({ handle, response, base, recoveryKey }) {
      const state = offered.take(handle)
      const message = decodeMessage('newcomer.req2', response)
      verifyRecord(base)
      const pins = {
        record: base,
        recoveryKey: recoveryKey && decodePoint(recoveryKey, 'recovery.publicKey'),
      }
      const { key, send } = reshare.accept(state, pins, message, random)
      return {
        share: encodeKeyShare(key.share),
        record: key.record,
        shareProof: send.shareProof,
        cosignerSignature: message.signature,
        dealerSignature: message.dealerSignature,
      }
    },
  }
}

// What does each heavy step of a device do that deals new shares to others? (SPEC 5.1, 5.3: kind replace, I = 1)

import { decodeKeyShare, encodeKeyShare } from '@tercet/protocol/key-share'
import { decodeMessage, encodeMessage } from '@tercet/protocol/messages'
import { RECOVERY } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import * as reshare from '@tercet/protocol/reshare'
import type { Steps } from './contract.js'
import type { Handles } from './handles.js'

const NO_SIGNATURE = new Uint8Array(64)

export function createReplaceSteps(
  handles: Handles,
  random: Random,
): Pick<Steps, 'replaceStart' | 'replaceOpen' | 'replaceFinish' | 'replaceAcknowledged'> {
  const started = handles.of<reshare.ReplaceStarted>()
  const opened = handles.of<reshare.ReplaceOpened>()
  return {
    replaceStart({ share, ...input }) {
      const { state, send, sessionId } = reshare.startReplace(
        { ...input, share: decodeKeyShare(share) },
        random,
      )
      return { handle: started.add(state), send, sessionId }
    },
    replaceOpen({ handle, response }) {
      const before = started.take(handle)
      const { state, send } = reshare.openReplace(before, decodeMessage('replace.res1', response), random)
      return { handle: opened.add(state), send }
    },
    replaceFinish({ handle, response, baseKit }) {
      const before = opened.take(handle)
      const message = decodeMessage('replace.res2', response)
      const { record, share, handover } = reshare.finishReplace(before, message, random)
      const dealt = record.dealers[1] === RECOVERY
      return {
        record,
        responderSignature: message.signature,
        ...(share === undefined
          ? {}
          : { own: { share: encodeKeyShare(share), shareProof: reshare.commit(share, random).shareProof } }),
        handover: encodeMessage('newcomer.req2', {
          ...handover,
          // A cosigner that stays signs for the new device; a new cosigner signs in its own answer.
          signature: share === undefined ? message.signature : NO_SIGNATURE,
          dealerSignature: dealt ? message.signature : NO_SIGNATURE,
          baseKit,
        }),
      }
    },
    replaceAcknowledged({ record, newcomer, response }) {
      const message = decodeMessage('newcomer.res2', response)
      reshare.checkAcknowledgement(record, newcomer, message)
      return { shareProof: message.shareProof, signature: message.signature }
    },
  }
}

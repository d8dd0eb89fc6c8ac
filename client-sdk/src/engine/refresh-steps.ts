// What does each heavy step of a refresh do? (SPEC 5.1, 5.3: kind refresh)

import { decodePoint } from '@tercet/protocol/curve'
import { decodeKeyShare, encodeKeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import { encodeOtSetup } from '@tercet/protocol/ot-setup'
import type { Random } from '@tercet/protocol/random'
import * as reshare from '@tercet/protocol/reshare'
import type { Steps } from './contract.js'
import type { Handles } from './handles.js'

export function createRefreshSteps(
  handles: Handles,
  random: Random,
): Pick<Steps, 'refreshStart' | 'refreshOpen' | 'refreshFinish'> {
  const started = handles.of<reshare.RefreshStarted>()
  const opened = handles.of<reshare.RefreshOpened>()
  return {
    refreshStart({ share, record, id, change }) {
      const { state, send, sessionId } = reshare.startRefresh(
        {
          share: decodeKeyShare(share),
          record,
          id,
          change: change && {
            ...change,
            recoveryKey: decodePoint(change.recoveryKey, 'recovery.publicKey'),
          },
        },
        random,
      )
      return { handle: started.add(state), send, sessionId }
    },
    refreshOpen({ handle, response }) {
      const before = started.take(handle)
      const { state, send } = reshare.openRefresh(before, decodeMessage('refresh.res1', response), random)
      return { handle: opened.add(state), send }
    },
    refreshFinish({ handle, response }) {
      const before = opened.take(handle)
      const message = decodeMessage('refresh.res2', response)
      const { share, otSetup, record } = reshare.finishRefresh(before, message).key
      return {
        share: encodeKeyShare(share),
        otSetup: encodeOtSetup(otSetup),
        record,
        shareProof: reshare.commit(share, random).shareProof,
        cosignerSignature: message.signature,
      }
    },
  }
}

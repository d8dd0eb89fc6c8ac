// What does each heavy step do? Decodes, runs the protocol, encodes; keeps the one-time states by handle.

import { decodePoint } from '@tercet/protocol/curve'
import { type AbortReason, ProtocolAbort } from '@tercet/protocol/errors'
import { decodeKeyShare, encodeKeyShare } from '@tercet/protocol/key-share'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import { COSIGNER, DEVICE, RECOVERY } from '@tercet/protocol/party'
import * as presign from '@tercet/protocol/presign'
import { assertRandom, type Random } from '@tercet/protocol/random'
import * as sign from '@tercet/protocol/sign'
import type { Steps } from './contract.js'
import { Handles } from './handles.js'
import { createNewcomerSteps } from './newcomer-steps.js'
import { createRefreshSteps } from './refresh-steps.js'
import { createReplaceSteps } from './replace-steps.js'

const PAIR = { initiator: DEVICE, responder: COSIGNER } as const
/** The device's pair with the recovery party, for which alone the reason `pair` exists. */
const RECOVERY_PAIR = { initiator: DEVICE, responder: RECOVERY } as const

/** A key under one OT setup. The first proven cheat ends every session that began under it. (SPEC 3.5; I6) */
interface Loaded {
  readonly context: presign.SigningContext
  burned: AbortReason | undefined
}

/** A one-time state, and the key under which its session began. */
interface Under<S> {
  readonly loaded: Loaded
  readonly state: S
}

/** The steps of one engine, over one source of randomness and one set of states. */
export function createSteps(random: Random): Steps {
  assertRandom(random)
  const handles = new Handles()
  const keygenStarted = handles.of<keygen.DeviceStarted>()
  const keygenOpened = handles.of<keygen.DeviceOpened>()
  const otStarted = handles.of<ot.RenewStarted>()
  const otOpened = handles.of<ot.RenewOpened>()
  const keys = handles.of<Loaded>()
  const poolStarted = handles.of<Under<presign.InitiatorStarted>>()
  const poolFinished = handles.of<Under<presign.InitiatorFinished>>()
  const presignatures = handles.of<Under<presign.InitiatorPresignature>>()
  const freshStarted = handles.of<Under<presign.InitiatorFreshStarted>>()
  const requested = handles.of<Under<sign.Requested>>()

  return {
    keygenStart({ idDevice, idCosigner, recoveryKey, recoveryProof, policyHash }) {
      const K = decodePoint(recoveryKey, 'recovery.publicKey')
      const pins = { parties: { idDevice, idCosigner }, recoveryKey: K, recoveryProof, policyHash }
      const { state, send, sessionId } = keygen.start(pins, random)
      return { handle: keygenStarted.add(state), send, sessionId }
    },
    keygenOpen({ handle, response }) {
      const started = keygenStarted.take(handle)
      const { state, send } = keygen.open(started, decodeMessage('keygen.res1', response), random)
      return { handle: keygenOpened.add(state), send }
    },
    keygenFinish({ handle, response }) {
      const opened = keygenOpened.take(handle)
      const message = decodeMessage('keygen.res2', response)
      const { key, send } = keygen.finish(opened, message, random)
      return {
        share: encodeKeyShare(key.share),
        otSetup: ot.encodeOtSetup(key.otSetup),
        record: key.record,
        shareProof: send.shareProof,
        cosignerSignature: message.signature,
      }
    },
    loadKey({ share, otSetup, idDevice, idCosigner }) {
      const context = {
        share: decodeKeyShare(share),
        otSetup: ot.decodeOtSetup(otSetup),
        idInitiator: idDevice,
        idResponder: idCosigner,
      }
      return keys.add({ context, burned: undefined })
    },
    otStart({ share, reason }) {
      const pair = reason === 'pair' ? RECOVERY_PAIR : PAIR
      const { state, send, nonce } = ot.start(decodeKeyShare(share), pair, reason, random)
      return { handle: otStarted.add(state), send, nonce }
    },
    otOpen({ handle, response }) {
      const started = otStarted.take(handle)
      const { state, send } = ot.open(started, decodeMessage('ot.res1', response), random)
      return { handle: otOpened.add(state), send }
    },
    otFinish({ handle, response }) {
      const { otSetup } = ot.finish(otOpened.take(handle), decodeMessage('ot.res2', response))
      return ot.encodeOtSetup(otSetup)
    },
    presignStart({ key, batch }) {
      const loaded = keys.peek(key)
      const { state, send, nonce } = unlessBurned(loaded, () => presign.start(loaded.context, batch, random))
      return { handle: poolStarted.add({ loaded, state }), send, nonce }
    },
    presignFinish({ handle, response, batch }) {
      const { loaded, state: started } = poolStarted.take(handle)
      const { state, send } = unlessBurned(loaded, () =>
        presign.finish(started, decodeMessage('presign.res1', response, batch), random),
      )
      return { handle: poolFinished.add({ loaded, state }), send }
    },
    presignAccept({ handle, response, batch }) {
      const { loaded, state } = poolFinished.take(handle)
      const made = unlessBurned(loaded, () =>
        presign.accept(state, decodeMessage('presign.res2', response, batch)),
      )
      return made.map(({ presigId, presignature }) => ({
        handle: presignatures.add({ loaded, state: presignature }),
        presigId,
      }))
    },
    freshStart({ key, request }) {
      const loaded = keys.peek(key)
      const { state, send, nonce } = unlessBurned(loaded, () =>
        presign.startFresh(loaded.context, request, random),
      )
      return { handle: freshStarted.add({ loaded, state }), send, nonce }
    },
    freshFinish({ handle, response, input }) {
      const { loaded, state: started } = freshStarted.take(handle)
      const { state, send } = unlessBurned(loaded, () =>
        sign.finishFresh(started, decodeMessage('fresh.res1', response), input, random),
      )
      return { handle: requested.add({ loaded, state }), send }
    },
    request({ handle, input }) {
      const { loaded, state: presignature } = presignatures.take(handle)
      const { state, send } = unlessBurned(loaded, () => sign.request(presignature, input))
      return { handle: requested.add({ loaded, state }), send }
    },
    combine({ handle, response }) {
      const { loaded, state } = requested.take(handle)
      return unlessBurned(loaded, () => sign.combine(state, response))
    },
    ...createRefreshSteps(handles, random),
    ...createNewcomerSteps(handles, random),
    ...createReplaceSteps(handles, random),
    drop(list) {
      handles.drop(list)
      return undefined
    },
  }
}

/** Runs a step under a setup. One step at a time runs here, so nothing comes between a cheat and its burn. */
function unlessBurned<T>(loaded: Loaded, step: () => T): T {
  if (loaded.burned !== undefined) throw new ProtocolAbort(loaded.burned)
  try {
    return step()
  } catch (error) {
    if (error instanceof ProtocolAbort) {
      const { consequence, reason } = error
      if (consequence === 'cheat' || consequence === 'bad-signature') loaded.burned = reason
    }
    throw error
  }
}

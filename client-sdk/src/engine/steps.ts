// What does each heavy step do? Decodes, runs the protocol, encodes; keeps the one-time states by handle.

import { decodePoint } from '@tercet/protocol/curve'
import { Misuse } from '@tercet/protocol/errors'
import { decodeKeyShare, encodeKeyShare } from '@tercet/protocol/key-share'
import * as keygen from '@tercet/protocol/keygen'
import { decodeMessage } from '@tercet/protocol/messages'
import * as ot from '@tercet/protocol/ot-setup'
import { COSIGNER, DEVICE } from '@tercet/protocol/party'
import * as presign from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import * as sign from '@tercet/protocol/sign'
import type { Handle, Steps } from './contract.js'

const PAIR = { initiator: DEVICE, responder: COSIGNER } as const

/** The steps of one engine, over one source of randomness and one set of states. */
export function createSteps(random: Random): Steps {
  const handles = new Handles()
  const keygenStarted = handles.of<keygen.DeviceStarted>()
  const keygenOpened = handles.of<keygen.DeviceOpened>()
  const otStarted = handles.of<ot.RenewStarted>()
  const otOpened = handles.of<ot.RenewOpened>()
  const keys = handles.of<presign.SigningContext>()
  const poolStarted = handles.of<presign.InitiatorStarted>()
  const poolFinished = handles.of<presign.InitiatorFinished>()
  const presignatures = handles.of<presign.InitiatorPresignature>()
  const freshStarted = handles.of<presign.InitiatorFreshStarted>()
  const requested = handles.of<sign.Requested>()

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
      return keys.add({
        share: decodeKeyShare(share),
        otSetup: ot.decodeOtSetup(otSetup),
        idInitiator: idDevice,
        idResponder: idCosigner,
      })
    },
    otStart({ share, reason }) {
      const { state, send, nonce } = ot.start(decodeKeyShare(share), PAIR, reason, random)
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
      const { state, send, nonce } = presign.start(keys.peek(key), batch, random)
      return { handle: poolStarted.add(state), send, nonce }
    },
    presignFinish({ handle, response, batch }) {
      const started = poolStarted.take(handle)
      const { state, send } = presign.finish(started, decodeMessage('presign.res1', response, batch), random)
      return { handle: poolFinished.add(state), send }
    },
    presignAccept({ handle, response, batch }) {
      const finished = poolFinished.take(handle)
      return presign
        .accept(finished, decodeMessage('presign.res2', response, batch))
        .map(({ presigId, presignature }) => ({ handle: presignatures.add(presignature), presigId }))
    },
    freshStart({ key, request }) {
      const { state, send, nonce } = presign.startFresh(keys.peek(key), request, random)
      return { handle: freshStarted.add(state), send, nonce }
    },
    freshFinish({ handle, response, input }) {
      const started = freshStarted.take(handle)
      const { state, send } = sign.finishFresh(started, decodeMessage('fresh.res1', response), input, random)
      return { handle: requested.add(state), send }
    },
    request({ handle, input }) {
      const { state, send } = sign.request(presignatures.take(handle), input)
      return { handle: requested.add(state), send }
    },
    combine({ handle, response }) {
      return sign.combine(requested.take(handle), response)
    },
    drop(list) {
      handles.drop(list)
      return undefined
    },
  }
}

/** Numbers for states: one row of numbers, one typed table a state. */
class Handles {
  #next: Handle = 1
  readonly #tables: Map<Handle, unknown>[] = []

  of<T>() {
    const table = new Map<Handle, T>()
    this.#tables.push(table)
    const peek = (handle: Handle): T => {
      const state = table.get(handle)
      if (state === undefined) throw new Misuse('no such state')
      return state
    }
    return {
      add: (state: T): Handle => {
        const handle = this.#next++
        table.set(handle, state)
        return handle
      },
      peek,
      /** The state is gone from the table whatever becomes of it. */
      take: (handle: Handle): T => {
        const state = peek(handle)
        table.delete(handle)
        return state
      },
    }
  }

  drop(list: readonly Handle[]): void {
    for (const table of this.#tables) for (const handle of list) table.delete(handle)
  }
}

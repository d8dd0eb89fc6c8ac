// What does the recovery party compute when it signs with the device? Party 3 of the pair (1,3), in memory only. (SPEC 2.5, 4.3)

import { equalBytes } from '@tercet/protocol/bytes'
import { ProtocolAbort } from '@tercet/protocol/errors'
import type { KeyShare } from '@tercet/protocol/key-share'
import { decodeMessage } from '@tercet/protocol/messages'
import { answer, confirm, type OtSetup, type RenewAnswered } from '@tercet/protocol/ot-setup'
import { DEVICE, RECOVERY } from '@tercet/protocol/party'
import { answerFresh, confirmFresh, type ResponderFreshAnswered } from '@tercet/protocol/presign'
import type { Random } from '@tercet/protocol/random'
import { assertView, release, type SigningInput } from '@tercet/protocol/sign'

const PAIR = { initiator: DEVICE, responder: RECOVERY } as const

export interface ResponderOptions {
  /** Party 3's. */
  readonly share: KeyShare
  /** idD, 34 bytes */
  readonly device: Uint8Array
  /** idV, 34 bytes */
  readonly recovery: Uint8Array
  readonly random: Random
}

interface Fresh {
  readonly state: ResponderFreshAnswered
  readonly presigId: Uint8Array
  readonly input: SigningInput
}

/**
 * One OT setup and the signatures under it. Whatever fails ends it: a responder whose step has thrown is not used again,
 * and another session begins with another setup.
 */
export class Responder {
  readonly #options: ResponderOptions
  #answered: RenewAnswered | undefined
  #otSetup: OtSetup | undefined
  #fresh: Fresh | undefined

  constructor(options: ResponderOptions) {
    this.#options = options
  }

  /** On `ot.req1`. @throws Malformed, ProtocolAbort */
  answerSetup(body: Uint8Array): Uint8Array {
    const { share, random } = this.#options
    const { state, send } = answer(share, PAIR, decodeMessage('ot.req1', body), random)
    this.#answered = state
    return send
  }

  /** On `ot.req2`. @throws Malformed, ProtocolAbort */
  confirmSetup(body: Uint8Array): Uint8Array {
    const state = taken(this.#answered)
    this.#answered = undefined
    const { otSetup, send } = confirm(state, decodeMessage('ot.req2', body), this.#options.random)
    this.#otSetup = otSetup
    return send
  }

  /** The request of `fresh.req1`, for its judge. @throws Malformed */
  requestOf(body: Uint8Array): Uint8Array {
    return decodeMessage('fresh.req1', body).request
  }

  /** On `fresh.req1`, whose request was judged and confirmed. @throws Malformed, ProtocolAbort */
  answerFresh(body: Uint8Array, input: SigningInput): Uint8Array {
    const { share, device: idInitiator, recovery: idResponder, random } = this.#options
    const message = decodeMessage('fresh.req1', body)
    if (!equalBytes(message.request, input.request)) throw new ProtocolAbort('request-changed')
    const context = { share, otSetup: taken(this.#otSetup), idInitiator, idResponder }
    const { state, send, presigId } = answerFresh(context, message, random)
    this.#fresh = { state, presigId, input }
    return send
  }

  /** On `fresh.req2`: the one share of the one signature. @throws Malformed, ProtocolAbort */
  release(body: Uint8Array): Uint8Array {
    const { state, presigId, input } = taken(this.#fresh)
    this.#fresh = undefined
    const message = decodeMessage('fresh.req2', body, 1)
    if (!equalBytes(message.request, input.request)) throw new ProtocolAbort('request-changed')
    assertView(presigId, this.#options.share.publicKey, input, message.view)
    return release(confirmFresh(state, message), input, this.#options.random)
  }
}

function taken<T>(state: T | undefined): T {
  if (state === undefined) throw new ProtocolAbort('context')
  return state
}

// What does the setup worker compute? Keygen and OT setups: heavy, seconds long, never in the way of signing. (SPEC 1.2, 2.5)

import { encodePoint } from '@tercet/protocol/curve'
import { Misuse } from '@tercet/protocol/errors'
import { answer, type CosignerAnswered, type CosignerDealt, confirm, deal } from '@tercet/protocol/keygen'
import { decodeMessage } from '@tercet/protocol/messages'
import { answer as answerOt, confirm as confirmOt, type RenewAnswered } from '@tercet/protocol/ot-setup'
import { COSIGNER, DEVICE } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import type { Sealer } from '../seal.js'
import { type Generation, openShare, sealOtSetup, sealShare } from './material.js'
import { States } from './states.js'

type State = CosignerAnswered | CosignerDealt | RenewAnswered
const PAIR = { initiator: DEVICE, responder: COSIGNER } as const

export interface KeygenStart {
  readonly handle: string
  readonly body: Uint8Array
  readonly idDevice: Uint8Array
  readonly idCosigner: Uint8Array
  readonly policyHash: Uint8Array
}

interface Step {
  readonly handle: string
  readonly body: Uint8Array
}

/** The steps by name; every argument and result can cross between threads. */
export function setupSteps(sealer: Sealer, random: Random, limit: number) {
  const states = new States<State>(limit)
  const take = <N extends State['name']>(handle: string, name: N) => {
    const state = states.take(handle)
    if (state.name !== name) throw new Misuse('another kind of state')
    return state as Extract<State, { name: N }>
  }
  return {
    'keygen.answer': ({ handle, body, idDevice, idCosigner, policyHash }: KeygenStart) => {
      const pins = { parties: { idDevice, idCosigner }, policyHash }
      const { state, send } = answer(pins, decodeMessage('keygen.req1', body), random)
      states.put(handle, state)
      return { send }
    },
    'keygen.deal': ({ handle, body }: Step) => {
      const held = take(handle, 'keygen.CosignerAnswered')
      const { state, send, keyId, transcript } = deal(held, decodeMessage('keygen.req2', body), random)
      states.put(handle, state)
      return { fields: send, keyId, transcript }
    },
    'keygen.confirm': ({ handle, body }: Step) => {
      const held = take(handle, 'keygen.CosignerDealt')
      const { share, otSetup, record } = confirm(held, decodeMessage('keygen.req3', body))
      return {
        record,
        recoveryKey: encodePoint(share.recoveryKey),
        sealedShare: sealShare(sealer, share),
        otSetup: { idA: otSetup.idA, idB: otSetup.idB, sealed: sealOtSetup(sealer, otSetup) },
      }
    },
    'ot.answer': ({ handle, body, generation, sealedShare }: OtStart) => {
      const share = openShare(sealer, generation, sealedShare)
      const { state, send } = answerOt(share, PAIR, decodeMessage('ot.req1', body), random)
      states.put(handle, state)
      return { send }
    },
    'ot.confirm': ({ handle, body }: Step) => {
      const held = take(handle, 'ot.Answered')
      const { otSetup, send } = confirmOt(held, decodeMessage('ot.req2', body), random)
      return { send, idA: otSetup.idA, idB: otSetup.idB, sealed: sealOtSetup(sealer, otSetup) }
    },
    'setup.drop': ({ handle }: { readonly handle: string }) => states.drop(handle),
  }
}

export interface OtStart extends Step {
  readonly generation: Generation
  readonly sealedShare: Uint8Array
}

export type SetupSteps = ReturnType<typeof setupSteps>

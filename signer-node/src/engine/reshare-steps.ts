// What does the setup worker compute in a reshare? The cosigner's half, a second or two of it. (SPEC 5.1, 5.3)

import { decodePoint } from '@tercet/protocol/curve'
import { Misuse } from '@tercet/protocol/errors'
import { decodeMessage } from '@tercet/protocol/messages'
import type { Party } from '@tercet/protocol/party'
import type { Random } from '@tercet/protocol/random'
import {
  answerRefresh,
  answerReplace,
  confirm,
  dealRefresh,
  dealReplace,
  type RefreshAnswered,
  type ReplaceAnswered,
} from '@tercet/protocol/reshare'
import { decodeKit } from '@tercet/wire/kit'
import type { Sealer } from '../seal.js'
import { type Generation, openShare, sealOtSetup, sealShare } from './material.js'
import { States } from './states.js'

interface Step {
  readonly handle: string
  readonly body: Uint8Array
}

/** The base that is dealt from, and the recovery key that the authorisation names, if it names another one. */
export interface ReshareStart extends Step {
  readonly generation: Generation
  readonly sealedShare: Uint8Array
  /** The kit of the base, whose record is public. */
  readonly kit: Uint8Array
  readonly recoveryKey: Uint8Array | undefined
}

export interface ReplaceStart extends ReshareStart {
  readonly initiator: Party
  readonly newcomer: { readonly party: 1 | 2; readonly identity: Uint8Array }
}

export interface Confirmation {
  readonly generation: Generation
  readonly sealedShare: Uint8Array
  readonly body: Uint8Array
}

/** The steps by name; every argument and result can cross between threads. */
export function reshareSteps(sealer: Sealer, random: Random, limit: number) {
  const states = new States<RefreshAnswered | ReplaceAnswered>(limit)
  const take = <N extends (RefreshAnswered | ReplaceAnswered)['name']>(handle: string, name: N) => {
    const state = states.take(handle)
    if (state.name !== name) throw new Misuse('another kind of state')
    return state as Extract<RefreshAnswered | ReplaceAnswered, { name: N }>
  }
  const pinsOf = ({ generation, sealedShare, kit, recoveryKey }: ReshareStart) => ({
    share: openShare(sealer, generation, sealedShare),
    record: decodeKit(kit).record,
    ...(recoveryKey && { recoveryKey: decodePoint(recoveryKey, 'recoveryKey') }),
  })

  return {
    'reshare.answerRefresh': (input: ReshareStart) => {
      const made = answerRefresh(pinsOf(input), decodeMessage('refresh.req1', input.body), random)
      states.put(input.handle, made.state)
      return { send: made.send }
    },
    'reshare.dealRefresh': ({ handle, body }: Step) => {
      const held = take(handle, 'refresh.Answered')
      const { key, send } = dealRefresh(held, decodeMessage('refresh.req2', body), random)
      const { share, otSetup, record } = key
      return {
        fields: send,
        record,
        sealedShare: sealShare(sealer, share),
        otSetup: { idA: otSetup.idA, idB: otSetup.idB, sealed: sealOtSetup(sealer, otSetup) },
      }
    },
    'reshare.answerReplace': ({ initiator, newcomer, ...input }: ReplaceStart) => {
      const pins = { ...pinsOf(input), initiator, newcomer }
      const made = answerReplace(pins, decodeMessage('replace.req1', input.body), random)
      states.put(input.handle, made.state)
      return { send: made.send }
    },
    'reshare.dealReplace': ({ handle, body }: Step) => {
      const held = take(handle, 'replace.Answered')
      const { record, share, send } = dealReplace(held, decodeMessage('replace.req2', body), random)
      return { fields: send, record, sealedShare: share && sealShare(sealer, share) }
    },
    /** COMMIT: the same share identity and transcript, and the device knows its share. */
    'reshare.confirm': ({ generation, sealedShare, body }: Confirmation) => {
      confirm(openShare(sealer, generation, sealedShare), decodeMessage('reshare.req3', body))
    },
    'reshare.drop': ({ handle }: { readonly handle: string }) => states.drop(handle),
  }
}

export type ReshareSteps = ReturnType<typeof reshareSteps>
